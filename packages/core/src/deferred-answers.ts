import { concat, type Result } from '@tern/protocol';
import { openDeferral } from '@tern/reach';
import type { StoreChange } from './client-store.ts';
import {
  countDeferred,
  deferredTable,
  isKept,
  reachedRelayTable,
  type DeferredMessage,
} from './deferred-messages.ts';
import { askNear, handOver, later, lost } from './deferring.ts';
import { hostName, type Engine } from './engine.ts';
import { outgoingAt, type OutboxKey } from './outbox.ts';
import { settle } from './push.ts';
import { hostsOf } from './synchronisation.ts';

/** as many answers as fit one of the size that always comes through */
const askedAtOnce = 4;

/**
 * Leaves elsewhere what waits for relays that are not reached, and asks what became of what was left.
 * @returns how many things are left elsewhere now
 */
export async function tendDeferred(
  engine: Engine,
  options: {
    readonly signal: AbortSignal;
    /** for how long a relay was not reached, before something is left elsewhere */
    readonly afterMs: number;
    readonly collect: boolean;
  },
): Promise<number> {
  const { signal, collect } = options;
  await handOverAll(engine, options);
  const before = await engine.store.read(countDeferred);
  if (!collect || before === 0) return before;
  await ask(engine, { kind: 'collect', signal });
  await ask(engine, { kind: 'forget', signal });
  const after = await engine.store.read(countDeferred);
  if (after === before) return after;
  // what was lost, refused or taken back is left anew
  await handOverAll(engine, options);
  return engine.store.read(countDeferred);
}

async function handOverAll(
  engine: Engine,
  options: { readonly signal: AbortSignal; readonly afterMs: number },
): Promise<void> {
  const { since } = engine.cutOff;
  for (const host of since.size === 0 ? [] : await hostsOf(engine)) {
    const silentMs = engine.world.now() - (since.get(hostName(host)) ?? Infinity);
    if (silentMs >= options.afterMs) await handOver(engine, host, options);
  }
}

type Left = readonly [key: OutboxKey, deferred: DeferredMessage];

/** Collects what may have been answered, or lets go of what nobody waits for. */
async function ask(
  engine: Engine,
  options: { readonly kind: 'collect' | 'forget'; readonly signal: AbortSignal },
): Promise<void> {
  const { kind, signal } = options;
  const left = await engine.store.read(async (view) => {
    const all: Left[] = [];
    for (const one of await deferredTable.list(view, '')) {
      const [key, deferred] = one;
      if (isKept(engine, await outgoingAt(view, key), deferred) === (kind === 'collect')) all.push(one);
    }
    return all;
  });
  const byNear = Map.groupBy(left, ([, { near }]) => hostName(near));
  for (const all of byNear.values()) {
    for (let at = 0; at < all.length; at += askedAtOnce) {
      const some = all.slice(at, at + askedAtOnce);
      const [near] = some.map(([, deferred]) => deferred.near);
      const sent = some.map(([, { ticket }]) => ({ operation: { kind, ticket } }));
      const results = near && (await askNear(engine, near, sent, { signal }));
      if (results === undefined) break; // not reached
      for (const [place, one] of some.entries()) await take(engine, one, results[place] ?? []);
    }
  }
}

async function take(engine: Engine, [key, deferred]: Left, results: readonly Result[]): Promise<void> {
  const last = results.at(-1);
  // cut on its way, or not answered there yet
  if (last === undefined || last.kind === 'kept' || (last.kind === 'forwarded' && last.more)) return;
  const pieces = results.flatMap((one) => (one.kind === 'forwarded' ? [one.bytes] : []));
  const { secret, salt } = deferred;
  const told =
    last.kind === 'forwarded' ? await openDeferral(engine, concat(...pieces), { secret, salt }) : undefined;
  const result = told?.at(-1);
  // only who keeps it can have brought that about: it alone is passed over
  const { near, far } = deferred;
  if (last.kind === 'refused') lost(engine, near, far);
  else if (result === undefined && (last.kind === 'forwarded' || last.kind === 'unreachable'))
    later(engine, near, far);
  await engine.store.change(async (change) => {
    const known = await deferredTable.get(change, '', key);
    if (known?.entry !== deferred.entry) return; // another process was faster
    // who does not know the ticket has nothing to let go of; everything else is let go of next
    if (last.kind === 'forwarded' || last.kind === 'unreachable')
      deferredTable.put(change, '', key, { ...known, ended: true });
    else deferredTable.delete(change, '', key);
    if (result !== undefined) await takeResult(engine, change, [key, known], result);
  });
}

/** The far relay's own word, as if it had been asked itself. */
async function takeResult(
  engine: Engine,
  change: StoreChange,
  [key, { far, entry: id }]: Left,
  result: Result,
): Promise<void> {
  const outgoing = await outgoingAt(change, key);
  const { sealed } = outgoing ?? {};
  if (sealed?.id !== id) return;
  await settle(engine, change, [{ one: { entry: sealed, key }, result }]);
  if (result.kind === 'stored' || result.kind === 'duplicate') return;
  later(engine, far);
  // whatever was so when it was sealed is so no more: nothing is sealed again before the log was read
  const reached = await reachedRelayTable.get(change, '', hostName(far));
  if (reached !== undefined) reachedRelayTable.put(change, '', hostName(far), { ...reached, readAt: 0 });
}
