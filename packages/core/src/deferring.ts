import { limits, TernError, type CardKey, type Hint, type LogId, type Result } from '@tern/protocol';
import { sealDeferral, type Outgoing as Sent } from '@tern/reach';
import type { StoreChange, StoreView } from './client-store.ts';
import { activeLog, conversationTable } from './conversation.ts';
import {
  deferredTable,
  isKept,
  mostDeferred,
  reachedRelayTable,
  type ReachedRelay,
} from './deferred-messages.ts';
import { hostName, selfOf, type Engine } from './engine.ts';
import { followedLogTable } from './followed-log.ts';
import { openSession, saveSession } from './group-session.ts';
import { sealWaiting } from './group-writer.ts';
import { outbox, type Outgoing, type OutboxKey, type SealedEntry } from './outbox.ts';
import { appendOf, waitsFor } from './push.ts';
import { readWithinMs } from './reached-relays.ts';
import { chunkOfEntry } from './sealed-entry.ts';

/*
 * A message whose relay no way leads to is left at another relay of this person's own, which hands it on when it can (rule 30). The
 * outbox goes on trying all the same; whichever is confirmed first counts, and the relay takes an entry once however often it comes.
 */

/**
 * An epoch lasts seven days where anybody is active, and its append key counts for seven more (rules 12 and 26): what is kept for longer
 * would most likely be refused.
 */
const keptSeconds = 14 * 86_400;
/** A relay that fills up keeps things for less long, 21 hours at last; how long it does not say. */
const leastKeptSeconds: number = keptSeconds / 16;
/** A relay that has no room, or hands on nothing, is asked again after so long; so is one for a far relay whose answer said nothing. */
const laterMs = 600_000;

/** Leaves what waits for this relay at others, as far as they take it. */
export async function handOver(
  engine: Engine,
  host: Hint,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  const { relay } = host;
  const nears = mayAsk(engine, host) ? nearsOf(engine, host) : [];
  const known = await engine.store.read((view) => reachedRelayTable.get(view, '', hostName(host)));
  const second = Math.floor(engine.now() / 1000);
  const key = known && lastingKey(known, second);
  if (relay === undefined || nears.length === 0 || known === undefined || key === undefined) return;
  if ((await engine.store.read((view) => toSeal(engine, view, { host, known }))).length > 0)
    await engine.store.change((change) => sealUnread(engine, change, { host, known }), options);
  let seconds = keptSeconds;
  for (const [place, sealed] of await engine.store.read((view) => sealedFor(engine, view, host))) {
    if (sealed.chunk !== undefined && sealed.chunk.length > limits.putBytes) continue;
    const outgoing = [...putOf(sealed), appendOf({ entry: sealed })];
    for (let near = nears[0]; near !== undefined; near = nears[0]) {
      const notAfter = Math.min(second + seconds, key.notAfter);
      const made = sealDeferral(engine, outgoing, { hint: { ...host, relay }, key, notAfter });
      if (made === undefined) break;
      const result = await askNear(engine, near, [{ operation: made.operation }], options);
      const [answer] = result?.[0] ?? [];
      if (answer?.kind === 'kept') {
        const record = { entry: sealed.id, far: host, near, ticket: answer.ticket, ...made.exchange };
        const deferred = { ...record, notAfter, ended: false };
        await engine.store.change(async (change) => deferredTable.put(change, '', place, deferred));
        break;
      }
      if (answer?.kind === 'quota' && seconds > leastKeptSeconds) {
        seconds /= 4;
        continue;
      }
      // it was not reached, has no room or will not: whatever comes next goes to another
      seconds = keptSeconds;
      nears.shift();
      if (answer !== undefined) later(engine, near);
    }
  }
}

/** The key of its card that a relay accepts for longest. */
function lastingKey({ card }: ReachedRelay, second: number): CardKey | undefined {
  return card.keys.filter(({ notAfter }) => notAfter > second).toSorted((a, b) => b.notAfter - a.notAfter)[0];
}

/**
 * Relays of this person's own that may keep something for this one, the one heard of last first; but of those with which nothing came of
 * it before, the one where that is longest ago, after all others.
 */
function nearsOf(engine: Engine, far: Hint): Hint[] {
  const heard = (near: Hint): number => engine.path(near).lastExchange?.at ?? 0;
  const failed = (near: Hint): number => engine.cutOff.notBefore.get(nameOf(near, far)) ?? 0;
  return engine.nearRelays
    .to(far)
    .filter(
      (near) => !engine.cutOff.since.has(hostName(near)) && mayAsk(engine, near) && mayAsk(engine, near, far),
    )
    .toSorted((a, b) => failed(a) - failed(b) || heard(b) - heard(a));
}

function nameOf(...relays: readonly Hint[]): string {
  return relays.map(hostName).join(' ');
}

function mayAsk(engine: Engine, ...relays: readonly Hint[]): boolean {
  return (engine.cutOff.notBefore.get(nameOf(...relays)) ?? 0) <= engine.world.now();
}

/** Nothing is left at it, or for it, for a while. @param relays or two: nothing at the first for the second */
export function later(engine: Engine, ...relays: readonly Hint[]): void {
  engine.cutOff.notBefore.set(nameOf(...relays), engine.world.now() + laterMs);
}

/** What it kept for the far one is gone: it may be asked again, but after others. */
export function lost(engine: Engine, near: Hint, far: Hint): void {
  engine.cutOff.notBefore.set(nameOf(near, far), engine.world.now());
}

/** @returns undefined where it was not reached */
export async function askNear(
  engine: Engine,
  near: Hint,
  sent: readonly Sent[],
  options: { readonly signal: AbortSignal },
): Promise<readonly (readonly Result[])[] | undefined> {
  try {
    return (await engine.nearRelays.path(near).exchange(sent, options)).results;
  } catch (error) {
    if (options.signal.aborted || !(error instanceof TernError)) throw error;
    return undefined;
  }
}

/**
 * Conversations in which something may be sealed though their log cannot be read now (rule 27), and is to be. A home that was put back from
 * a backup in those days uses places of its ratchet again; it sees that as soon as it reads, begins anew and says everything again.
 */
async function toSeal(
  engine: Engine,
  view: StoreView,
  { host, known }: { readonly host: Hint; readonly known: ReachedRelay },
): Promise<readonly (readonly [log: LogId, items: readonly (readonly [OutboxKey, Outgoing])[]])[]> {
  if (engine.now() - known.readAt >= readWithinMs) return [];
  const waiting = await outbox(view);
  let room = mostDeferred - waiting.filter(([, one]) => isSealedFor(one, host)).length;
  const found = [];
  for (const [, conversation] of await conversationTable.list(view, '')) {
    const log = activeLog(conversation);
    const followed = log === undefined ? undefined : await followedLogTable.get(view, '', log);
    if (followed === undefined || followed.ended || followed.toCreate) continue;
    const items = waiting.filter(
      ([, one]) => one.kind === 'message' && one.failed === undefined && waitsFor(one, conversation.id),
    );
    if (items.length === 0 || room <= 0 || hostName(followed.host) !== hostName(host)) continue;
    found.push([followed.log, items.slice(0, room)] as const);
    room -= items.length;
  }
  return found;
}

async function sealUnread(
  engine: Engine,
  change: StoreChange,
  at: { readonly host: Hint; readonly known: ReachedRelay },
): Promise<void> {
  const self = await selfOf(engine, change);
  for (const [log, items] of await toSeal(engine, change, at)) {
    const session = await openSession(engine, change, log);
    // while a commit of ours waits for its answer nobody knows which epoch it is
    if (session === undefined || session.record.staged !== undefined) continue;
    await sealWaiting(engine, change, session, { items, self });
    session.record = { ...session.record, sealedUnread: session.followed.number };
    await saveSession(engine, change, session);
  }
}

function isSealedFor(
  one: Outgoing,
  host: Hint,
): one is Extract<Outgoing, { readonly kind: 'message' }> & { readonly sealed: SealedEntry } {
  if (one.kind !== 'message' || one.failed !== undefined || one.sealed === undefined) return false;
  return hostName(one.sealed.host) === hostName(host);
}

/** Messages that are sealed for this relay and that nobody keeps yet, oldest first, as many as may still be left somewhere. */
async function sealedFor(
  engine: Engine,
  view: StoreView,
  host: Hint,
): Promise<readonly (readonly [OutboxKey, SealedEntry])[]> {
  const deferred = new Map(await deferredTable.list(view, ''));
  const found: (readonly [OutboxKey, SealedEntry])[] = [];
  let kept = 0;
  for (const [key, one] of await outbox(view)) {
    if (!isSealedFor(one, host)) continue;
    if (isKept(engine, one, deferred.get(key))) kept += 1;
    // what is kept no more is let go of first, so that no ticket is forgotten
    else if (!deferred.has(key)) found.push([key, one.sealed]);
  }
  return found.slice(0, Math.max(0, mostDeferred - kept));
}

/** What must be beside the log before the entry, where it fits into the same batch. */
function putOf({ entry, chunk, log, number, seed }: SealedEntry): readonly Sent[] {
  const named = chunkOfEntry(entry);
  if (named === undefined || chunk === undefined) return [];
  const { chunk: id, length } = named;
  return [
    { operation: { kind: 'put', log, number, chunk: id, length, offset: 0, bytes: chunk }, seeds: [seed] },
  ];
}
