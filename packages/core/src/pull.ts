import { MalformedError, type Hint, type LogId, type Result } from '@tern/protocol';
import { answerRoom } from '@tern/reach';
import { arrivedEntries, type Arrived } from './arrived-entries.ts';
import { beginAnew } from './begin-anew.ts';
import type { StoreChange } from './client-store.ts';
import { hostName, selfOf, type Engine } from './engine.ts';
import { followedLogTable, knownRelayTable } from './followed-log.ts';
import { readGroupEntries } from './group-reader.ts';
import { endGroup, openSession, saveSession } from './group-session.ts';
import { readInboxEntries } from './inbox-reader.ts';
import { applyChore, choresOf, isCarriedOut, type Chore } from './log-chores.ts';
import { readMeetingEntries } from './meeting.ts';
import { readyLogs } from './ready-logs.ts';
import { recoverGroup } from './recovery.ts';
import type { WatchState } from './watch-state.ts';

/** an answer of so many bytes has room for any text, and one of so many for any entry, with whatever policy it brings */
const anyTextBytes = 4096;
const anyEntryBytes = 8192;

/** What one look at a relay came to. */
export interface Pulled {
  /** something was new, or there is more: look again */
  readonly more: boolean;
  /** something was learnt: a look that brings nothing forward several times in a row is given up */
  readonly moved: boolean;
  /** results that a person should know of, such as `quota` */
  readonly refusals: readonly Result['kind'][];
}

/**
 * One exchange with one relay: begins there what must be begun, and reads everything new in all logs followed there.
 * @param options.waitSeconds how long the relay may hold the answer back until something is new
 */
export async function pull(
  engine: Engine,
  host: Hint,
  options: {
    readonly signal: AbortSignal;
    readonly watch: WatchState;
    readonly waitSeconds: number;
    /** told when the answer is there, before what it names is fetched */
    readonly onAnswer?: () => void;
  },
): Promise<Pulled> {
  const path = engine.path(host);
  const { ready, right } = await engine.store.read(async (view) => {
    const relays = await knownRelayTable.list(view, '');
    return {
      ready: await readyLogs(view, host),
      right: relays.find(([, relay]) => hostName(relay.hint) === hostName(host))?.[1].right,
    };
  });
  if (ready.length === 0) return { more: false, moved: false, refusals: [] };
  const chores = ready.flatMap((one) => choresOf(engine, one, right));
  const { behind } = options.watch;
  const waits = behind === 'no' && chores.length === 0 && options.waitSeconds > 0;
  const { operation, seeds } = options.watch.next(
    ready.map(({ followed, keys }) => ({
      log: followed.log,
      after: followed.cursor,
      number: followed.number,
      seed: keys.read,
    })),
    waits ? options.waitSeconds : 0,
  );
  const { downBytes, spare } = path.budget;
  // where that little passes, what is waited for is only a sign; then as much is asked for as passes, and what has no room in that after it
  const little = spare !== undefined && downBytes < anyTextBytes;
  const narrow = behind === 'large' || !little ? {} : { room: waits ? 0 : answerRoom(downBytes) };
  const room = behind === 'huge' ? { room: answerRoom(Math.max(downBytes, anyEntryBytes)) } : narrow;
  const { results, whole } = await path.exchange(
    [...chores.map((chore) => chore.sent), { operation, seeds }],
    { signal: options.signal, ...room },
  );
  options.onAnswer?.();
  const watched = results[chores.length] ?? [];
  const seen = options.watch.took(watched, little && waits);
  const chored = chores.map((chore, at) => ({ chore, result: results[at]?.at(-1) }));
  const arrived = new Set<LogId>();
  try {
    let unsaid = chored;
    for await (const some of arrivedEntries(engine, host, { ready, watched, signal: options.signal })) {
      await takeIn(engine, { arrived: some, chored: unsaid, turned: new Map() });
      unsaid = [];
      for (const log of some.keys()) arrived.add(log);
    }
    const turned = new Map(
      ready.flatMap(({ followed }) =>
        seen.turned.has(followed.log) ? [[followed.log, followed.number]] : [],
      ),
    );
    if (turned.size > 0 || unsaid.length > 0)
      await takeIn(engine, { arrived: new Map(), chored: unsaid, turned });
  } catch (error) {
    // the relay believes that we have it: until it has said all of it again, we may not write there (rule 27)
    options.watch.forget();
    for (const { followed } of ready) engine.caughtUp.delete(followed.log);
    throw error;
  }
  if (whole && seen.finished && !seen.more) {
    for (const { followed } of ready)
      if (options.watch.has(followed.log, followed.number)) engine.caughtUp.add(followed.log);
  }
  const done = chored.filter(({ result }) => isCarriedOut(result));
  const refusals = chored.flatMap((one) => (one.result && !done.includes(one) ? [one.result.kind] : []));
  if (arrived.size > 0) options.watch.advanced();
  const moved = arrived.size > 0 || done.length > 0 || options.watch.grew;
  // what came from strangers and contacts may lead to logs that are not watched yet
  const led = ready.some(({ followed }) => followed.kind !== 'group' && arrived.has(followed.log));
  const more = !seen.finished || seen.more || seen.turned.size > 0 || led || chored.length > refusals.length;
  return { more, moved, refusals };
}

interface Arrivals {
  readonly arrived: Arrived;
  readonly chored: readonly { readonly chore: Chore; readonly result: Result | undefined }[];
  /** with the numbers under which they were watched */
  readonly turned: ReadonlyMap<LogId, number>;
}

/**
 * Takes in what came, all at once. Where somebody sent what this home cannot keep, everything is taken in one by one and that one
 * thing is read over: nobody can stop a home by what they write.
 */
async function takeIn(engine: Engine, arrivals: Arrivals): Promise<void> {
  const change = (one: Partial<Arrivals>): Promise<void> =>
    engine.store.change((store) =>
      apply(engine, store, { arrived: new Map(), chored: [], turned: new Map(), ...one }),
    );
  if (await isGood(() => change(arrivals))) return;
  await change({ chored: arrivals.chored });
  for (const [log, entries] of arrivals.arrived) {
    for (const entry of entries) {
      if (!(await isGood(() => change({ arrived: new Map([[log, [entry]]]) }))))
        await engine.store.change((store) => readOver(store, log, entry.seq));
    }
  }
  await change({ turned: arrivals.turned });
}

async function isGood(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof MalformedError) return false;
    throw error;
  }
}

async function readOver(change: StoreChange, log: LogId, seq: number): Promise<void> {
  const followed = await followedLogTable.get(change, '', log);
  if (followed !== undefined && followed.cursor < seq)
    followedLogTable.put(change, '', log, { ...followed, cursor: seq });
}

async function apply(
  engine: Engine,
  change: StoreChange,
  { arrived, chored, turned }: Arrivals,
): Promise<void> {
  for (const { chore, result } of chored) await applyChore(change, chore, result);
  let copied = false;
  for (const [log, entries] of arrived) {
    const self = await selfOf(engine, change);
    const followed = await followedLogTable.get(change, '', log);
    if (followed === undefined || followed.ended) continue;
    if (followed.kind === 'inbox')
      followedLogTable.put(
        change,
        '',
        log,
        await readInboxEntries(engine, change, followed, { entries, self }),
      );
    if (followed.kind === 'meeting')
      followedLogTable.put(
        change,
        '',
        log,
        await readMeetingEntries(engine, change, followed, { entries, self }),
      );
    if (followed.kind !== 'group') continue;
    const session = await openSession(engine, change, log);
    if (session === undefined) continue;
    const reading = await readGroupEntries(engine, change, session, { entries, self });
    await saveSession(engine, change, session);
    if (reading.lost) await recoverGroup(engine, change, session.conversation, self);
    copied ||= reading.copied;
  }
  if (copied) await beginAnew(engine, change, { inDoubt: true });
  for (const [log, number] of turned) await followTurn(engine, change, { log, number });
}

/**
 * The relay says that a log's policy went past the one we proved. An inbox was changed by another device of ours: its keys stay, so
 * the next number reads on. A group turns by commits alone: where none explains it, somebody broke it or we were away too long.
 */
async function followTurn(
  engine: Engine,
  change: StoreChange,
  turned: { readonly log: LogId; readonly number: number },
): Promise<void> {
  const followed = await followedLogTable.get(change, '', turned.log);
  if (followed === undefined || followed.ended || followed.number !== turned.number) return;
  if (followed.kind === 'inbox') {
    followedLogTable.put(change, '', turned.log, { ...followed, number: followed.number + 1 });
    return;
  }
  const session = await openSession(engine, change, turned.log);
  if (session === undefined) return;
  endGroup(session, 'void', { at: engine.now(), kind: 'broken' });
  await saveSession(engine, change, session);
  await recoverGroup(engine, change, session.conversation, await selfOf(engine, change));
}
