import { decodePolicy, originOf, UnreachableError, type Hint } from '@tern/protocol';
import type { Trouble } from './client.ts';
import type { StoreView } from './client-store.ts';
import { echo, patienceMs } from './echo.ts';
import type { Engine } from './engine.ts';
import type { FollowedLog } from './followed-log.ts';
import type { Looks, Looked } from './looks.ts';
import { aborted, type Nudges } from './nudges.ts';
import { pull } from './pull.ts';
import { anythingFor, push, type Pushed } from './push.ts';
import { mostStalls, pause, Pauses } from './pauses.ts';
import { noteReached } from './reached-relays.ts';
import { awaitsAnything, logsElsewhere, readyLogs, type ReadyLog } from './ready-logs.ts';
import type { Sending } from './sending.ts';
import { askForMissing, type Watches } from './synchronisation.ts';

/** what a relay refuses to begin is asked of it again after so long at the latest, or when something changes here */
export const longestRefusedMs = 10_000;
/** an answer that was to be held back for seconds comes no sooner without a reason, and on a slow line not with the next answer either */
const leastHeldMs = 500;
/**
 * Where nothing is awaited it is looked after how things are once in so long, or up to twice that: such a look costs a connection of its own, and
 * names to be looked up, 18 kB, and an answer that is held for ten minutes hardly more than one.
 */
const restMs = 7_200_000;
/** a clock may be set meanwhile, and an invitation be open again */
const restPieceMs = 60_000;
/** while a log is awaited that the other side has yet to begin */
const awaitedPollSeconds = 3;

export interface Holding {
  readonly signal: AbortSignal;
  readonly watches: Watches;
  readonly nudges: Nudges;
  readonly onTrouble?: (trouble: Trouble) => void;
  /** somebody wants everything looked at now */
  readonly wish: AbortSignal;
  readonly looks: Looks;
  readonly sending: Sending;
}

/** `anew`: everything is to be looked at anew. `lost`: the same, because the watch did not come back. `refused`: the same, after a while. */
export type Watched = Looked | 'anew' | 'lost' | 'refused';

/**
 * Holds one answer open at the relay until something is new there, and sends beside it what is written meanwhile: to end it for that would
 * cost its connection. Where nothing is awaited, and something is elsewhere, the relay is left alone for
 * hours instead.
 */
export async function watchOnce(engine: Engine, host: Hint, options: Holding): Promise<Watched> {
  const { signal, wish, watches } = options;
  const news = options.nudges.next;
  const at = await engine.store.read((view) => watchedAt(engine, view, host));
  const { ready, watched, idle } = at;
  if (ready.length === 0) {
    await aborted(AbortSignal.any([signal, wish, news]));
    return 'anew';
  }
  const awaited = ready.some(({ followed }) => !engine.caughtUp.has(followed.log));
  const { looks } = options;
  // what is watched for the first time says at once whether it was read to its end: until then nothing may be written there
  const soon = looks.isSoon(watched);
  const rests = !soon && !awaited && idle;
  const waitSeconds = soon || rests ? 0 : awaited ? awaitedPollSeconds : engine.path(host).holdSeconds();
  const over = new AbortController();
  const stop = AbortSignal.any([signal, wish, over.signal]);
  let answered = false;
  const onAnswer = (): void => void (answered = true);
  const isAnswered = (): boolean => answered;
  const ended = sendBeside(engine, host, { ...options, at, over, stop, isAnswered }).finally(() =>
    over.abort(),
  );
  ended.catch(() => undefined); // thrown below, which may be a while from now
  let outcome: Watched = 'anew';
  try {
    if (rests) await rest(engine, host, stop);
    const began = engine.world.now();
    const leastMs = Math.min(waitSeconds * 500, patienceMs(engine, host, leastHeldMs));
    const isEarly = (): boolean => engine.world.now() - began < leastMs;
    const { more, moved, refusals } = await watches.alone(host, async (watch) => {
      const pulled = await pull(engine, host, { signal: stop, watch, waitSeconds, onAnswer });
      if (!pulled.more && !isEarly()) watch.advanced();
      return pulled;
    });
    const early = isEarly();
    if (!more) {
      await askForMissing(engine, host);
      await noteReached(engine, host, { signal: stop, sends: options.sending.works });
    }
    const looked = looks.took({ more, moved, early });
    outcome = refusals.length > 0 ? 'refused' : looked;
  } catch (error) {
    // what came meanwhile is looked for at once, and nobody is told of trouble before that has failed
    const unheld = error instanceof UnreachableError && error.code === 'unheld';
    if (signal.aborted || (!stop.aborted && !unheld)) throw error;
    if (unheld && !stop.aborted) outcome = 'lost';
    else if (!wish.aborted && !unheld) outcome = 'next';
  } finally {
    over.abort();
    // whether the relay is read all the same is looked at without waiting
    if ((await ended) === 'unsent') outcome = 'anew';
  }
  return outcome;
}

/** Sends what is there to send until `stop`, or until what is watched is no longer what ought to be. What does not leave is tried again ever more seldom. */
async function sendBeside(
  engine: Engine,
  host: Hint,
  options: Holding & {
    readonly at: WatchedAt;
    readonly stop: AbortSignal;
    readonly over: AbortController;
    /** the answer to the watch is there, and what it names is being fetched */
    readonly isAnswered: () => boolean;
  },
): Promise<'unsent' | undefined> {
  const { signal, stop, nudges, over, looks, sending, isAnswered } = options;
  const { ready: logsThere, watched } = options.at;
  const pauses = new Pauses(engine);
  while (!stop.aborted) {
    await Promise.race([Promise.all([looks.rest, sending.rest]), aborted(stop)]);
    const news = nudges.next;
    const { now, waits } = await engine.store.read(async (view) => ({
      now: await watchedAt(engine, view, host),
      waits: await anythingFor(engine, view, host),
    }));
    if (stop.aborted || now.watched !== watched) return undefined;
    if (!waits) {
      await aborted(AbortSignal.any([stop, news]));
      continue;
    }
    let pushed: Pushed;
    try {
      pushed = await push(engine, host, { signal });
    } catch (error) {
      if (signal.aborted || !(error instanceof UnreachableError)) throw error;
      sending.failed(error);
      return 'unsent';
    }
    sending.went();
    const { more, moved, logs, refusals } = pushed;
    looks.refused = more && !moved ? looks.refused + 1 : 0;
    if (looks.refused > mostStalls) looks.rest = pause(engine, longestRefusedMs, signal);
    for (const code of refusals) options.onTrouble?.({ origin: originOf(host), code });
    if (logsThere.some(({ followed }) => logs.includes(followed.log)))
      void echo(engine, host, { over, isAnswered });
    if (moved && refusals.length === 0) pauses.end();
    else await pause(engine, pauses.next(), AbortSignal.any([stop, nudges.next]));
  }
  return undefined;
}

/** Until it is time for a look, or for more than that. */
async function rest(engine: Engine, host: Hint, stop: AbortSignal): Promise<void> {
  const { world, store } = engine;
  const ms = restMs * (1 + (world.randomBytes(1)[0] ?? 0) / 256);
  const until = world.now() + ms;
  // a device sleeps, and a clock is set back
  for (let piece = 0; piece < ms / restPieceMs && world.now() < until && !stop.aborted; piece += 1) {
    await pause(engine, restPieceMs, stop);
    const { idle } = await store.read((view) => watchedAt(engine, view, host));
    if (!idle) return;
  }
}

interface WatchedAt {
  readonly ready: readonly ReadyLog[];
  /** nothing that could come there would have an effect, nothing of ours is to be done there, and something is awaited elsewhere */
  readonly idle: boolean;
  /** what is said to a relay of the logs on it, and whether it is idle: where that changes, a watch is out of date */
  readonly watched: string;
}

async function watchedAt(engine: Engine, view: StoreView, host: Hint): Promise<WatchedAt> {
  const ready = await readyLogs(view, host);
  const logs = ready.map(({ followed }) => followed);
  const said = logs.map(
    (one) => `${one.log} ${one.number} ${one.toCreate} ${amends(one)} ${!engine.caughtUp.has(one.log)}`,
  );
  const idle =
    !logs.some((one) => one.toCreate || amends(one)) &&
    !(await awaitsAnything(engine, view, logs)) &&
    (await awaitsAnything(engine, view, await logsElsewhere(view, host)));
  return { ready, idle, watched: [...said.toSorted(), idle].join() };
}

/** The relay has yet to be told that an invitation was revoked. */
function amends({ kind, policy, revoked }: FollowedLog): boolean {
  return kind === 'inbox' && decodePolicy(policy).revoked.length !== revoked.length;
}
