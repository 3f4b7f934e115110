import type { LogId, Watch, WireOperation, World } from '@tern/protocol';
import { proves, type JudgeContext } from './judge-context.ts';
import { readHead } from './log-ledger.ts';
import { readOn, type ItemTray, type ReadPlace } from './log-reader.ts';
import type { RelayStore } from './store.ts';
import type { Wakers } from './wakers.ts';
import { changePlaces, type PlaceChange, type WatchSets } from './watch-sets.ts';

/** What following logs needs. */
export interface WatchDesk {
  readonly store: RelayStore;
  readonly sets: WatchSets;
  readonly wakers: Wakers;
  readonly world: World;
}

/** Bytes of the item that ends a watch. */
const lastItemBytes = 40;
/** of a log that is not in the set any more */
const left: PlaceChange = { place: undefined, last: true };

/**
 * Rule 17. Fills or changes the set, delivers what is new, and if nothing is, waits for it.
 * @param asked.mayWait false where the batch asks for several watches @param asked.source who waits
 */
export async function answerWatch(
  desk: WatchDesk,
  context: JudgeContext,
  asked: {
    readonly operation: Watch;
    readonly wire: WireOperation;
    readonly index: number;
    readonly session: string;
    readonly tray: ItemTray;
    readonly mayWait: boolean;
    readonly source: string | undefined;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { operation, index, session, tray } = asked;
  const token = operation.token ?? desk.sets.begin(session);
  using known = desk.sets.find(session, token);
  if (known === undefined) {
    tray.add(index, { kind: 'watch-unknown' });
    return;
  }
  // what is not in the set would have to be remembered with it for nothing, and anybody can name it
  const dropped = operation.drop.filter((log) => known.places.has(log));
  const changes = new Map<LogId, PlaceChange>(dropped.map((log) => [log, left]));
  tray.reserve(lastItemBytes);
  await desk.store.read((view) => {
    for (const [at, slice] of operation.add.entries()) {
      const head = readHead(view, slice.log);
      const kept =
        head === undefined || slice.number > head.current
          ? undefined
          : context.policies.of(view, slice.log, slice.number);
      if (proves(context, asked.wire, { key: kept?.policy.readKey, at })) {
        changes.set(slice.log, { place: { after: slice.after, number: slice.number }, last: true });
      } else {
        changes.delete(slice.log);
        tray.add(index, { kind: 'unreadable', log: slice.log });
      }
    }
  });
  const places = new Map(known.places);
  changePlaces(places, changes);
  if (places.size > context.limits.watchedLogs) {
    tray.add(index, { kind: 'quota' });
    return;
  }

  const waitMs = asked.mayWait ? Math.min(operation.waitSeconds, context.limits.watchSeconds) * 1000 : 0;
  using listening = desk.wakers.listen(waitMs > 0 ? [...places.keys()] : [], known.places);
  const before = tray.items.length;
  let more = await deliver(desk, context, { places, changes, tray, index });
  if (!more && tray.items.length === before && waitMs > 0) {
    const { signal, source } = asked;
    if (await listening.wait(waitMs, { world: desk.world, signal, source }))
      more = await deliver(desk, context, { places, changes, tray, index });
  }
  const next = desk.sets.next(session, token, changes);
  if (next === undefined) tray.add(index, { kind: 'watch-unknown' });
  else tray.add(index, { kind: 'watched', token: next, more });
}

/**
 * One entry of each log in turn, in the order of their places, until nothing is left or the response is full: a log in which much is said keeps
 * none waiting behind it. Those that were delivered go to the end of the changes, and so are the last to be read for the next response.
 * @returns whether there is more than the response has room for
 */
async function deliver(
  desk: WatchDesk,
  context: JudgeContext,
  to: {
    readonly places: Map<LogId, ReadPlace>;
    readonly changes: Map<LogId, PlaceChange>;
    readonly tray: ItemTray;
    readonly index: number;
  },
): Promise<boolean> {
  const { changes, places, tray, index } = to;
  const now = { vault: context.vault, second: Math.floor(desk.world.now() / 1000) };
  return desk.store.read((view) => {
    let inTurn = [...places].map(([log, at]) => {
      return { log, at, reading: readOn(view, now, { log, at, tray, operation: index }) };
    });
    while (inTurn.length > 0) {
      const more: typeof inTurn = [];
      for (const one of inTurn) {
        const { log, at, reading } = one;
        const { done, value } = reading.next();
        if (done !== true) {
          const place = { ...at, after: value };
          places.set(log, place);
          changes.delete(log);
          changes.set(log, { place, last: true });
          more.push(one);
          continue;
        }
        if (value.kind === 'turned') {
          places.delete(log);
          changes.set(log, left);
          continue;
        }
        // what was read over since the last that was delivered
        if (value.after !== places.get(log)?.after) {
          const place = { ...at, after: value.after };
          places.set(log, place);
          changes.set(log, { place, last: changes.get(log)?.last ?? false });
        }
        if (value.kind === 'more') return true;
      }
      inTurn = more;
    }
    return false;
  });
}
