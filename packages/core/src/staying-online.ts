import { decodePolicy, originOf, TernError, UnreachableError, type Hint } from '@tern/protocol';
import type { Trouble } from './client.ts';
import { countDeferred } from './deferred-messages.ts';
import { hostName, type Engine } from './engine.ts';
import { uploadSome } from './file-upload.ts';
import { echo, patienceMs } from './echo.ts';
import { identityTable } from './identity.ts';
import { Looks, type Looked } from './looks.ts';
import { aborted, Nudges } from './nudges.ts';
import { pull, readyLogs, type ReadyLog } from './pull.ts';
import { anythingFor, push } from './push.ts';
import { mostStalls, pause, Pauses } from './pauses.ts';
import { noteReached, noteUnreached } from './reached-relays.ts';
import { askForMissing, hostsOf, settleHost, troubleOf, type Watches } from './synchronisation.ts';
import type { ConnectionView } from './views.ts';

/** what a relay refuses to begin is asked of it again after so long at the latest, or when something changes here */
const longestRefusedMs = 10_000;
/** between one watch that was lost and the look for what came meanwhile, where all are lost */
const longestLostMs = 10_000;
/** an answer that was to be held back for seconds comes no sooner without a reason, and on a slow line not with the next answer either */
const leastHeldMs = 500;
/** while a log is awaited that the other side has yet to begin */
const awaitedPollSeconds = 3;
/**
 * What waits is left at another relay when its own was not reached for so long: longer than a relay takes to start anew, or a train to
 * leave a tunnel, and several tries; shorter than somebody who just wrote puts the phone away.
 */
const deferAfterMs = 20_000;
const tendEveryMs = 10_000;
const firstCollectMs = 30_000;
/** a relay that keeps something tries ever more seldom as well */
const longestCollectMs = 600_000;

/** Stays online on every relay there is, and on those that appear. Ends by the signal, or throws what is no trouble with a relay. */
export async function stayOnline(
  engine: Engine,
  options: {
    readonly signal: AbortSignal;
    readonly watches: Watches;
    readonly onTrouble?: (trouble: Trouble) => void;
  },
): Promise<void> {
  const broken = new AbortController();
  const signal = AbortSignal.any([options.signal, broken.signal]);
  const nudges = new Nudges();
  const tasks = new Map<string, Promise<void>>();
  const begin = (name: string, work: () => Promise<void>): void => {
    tasks.set(
      name,
      work().catch((error: unknown) => broken.abort(error)),
    );
  };
  begin('changes', async () => {
    for await (const _ of engine.store.changes(signal)) nudges.nudge();
  });
  begin('deferred', () => tendAllAlong(engine, signal));
  while (!signal.aborted) {
    const news = nudges.next;
    try {
      const identity = await engine.store.read((view) => identityTable.get(view, '', 'self'));
      for (const host of identity === undefined ? [] : await hostsOf(engine)) {
        const name = hostName(host);
        if (!tasks.has(name)) begin(name, () => stayOnlineAt(engine, host, { ...options, signal, nudges }));
      }
    } catch (error) {
      broken.abort(error);
    }
    await aborted(AbortSignal.any([signal, news]));
  }
  await Promise.all(tasks.values());
  if (!options.signal.aborted) throw broken.signal.reason;
}

interface OnlineAt {
  readonly signal: AbortSignal;
  readonly watches: Watches;
  readonly nudges: Nudges;
  readonly onTrouble?: (trouble: Trouble) => void;
}

/** One relay: messages by one task, files by another, so that what is written need not wait for a file. */
async function stayOnlineAt(engine: Engine, host: Hint, options: OnlineAt): Promise<void> {
  const settled = new Nudges();
  try {
    await Promise.all([
      exchangeMessages(engine, host, { ...options, settled }),
      sendFiles(engine, host, { ...options, settled }),
    ]);
  } finally {
    engine.connections.end(hostName(host));
  }
}

async function exchangeMessages(
  engine: Engine,
  host: Hint,
  options: OnlineAt & { readonly settled: Nudges },
): Promise<void> {
  const { signal } = options;
  const pauses = new Pauses(engine);
  const losses = new Pauses(engine);
  let lost = false;
  const show = (view: Pick<ConnectionView, 'state' | 'trouble' | 'nextTryAt'>): void =>
    engine.connections.set(hostName(host), host, { ...view, ...contactWith(engine, host, view.state) });
  show({ state: 'connecting' });
  while (!signal.aborted) {
    const { wish } = engine.connections;
    if (!engine.connections.online) {
      show({ state: 'waiting', trouble: 'offline' });
      await aborted(AbortSignal.any([signal, wish]));
      if (engine.connections.online) show({ state: 'connecting' });
      continue;
    }
    try {
      const refusals = await options.watches.alone(host, (watch) =>
        settleHost(engine, host, { signal, watch, files: false }),
      );
      for (const code of refusals) options.onTrouble?.({ origin: originOf(host), code });
      if (refusals.length === 0) pauses.end();
      const holding: Holding = { ...options, wish, looks: new Looks() };
      let watched: Watched;
      do {
        show({ state: 'online' });
        options.settled.nudge();
        const news = options.nudges.next;
        watched = await watchOnce(engine, host, holding);
        // a relay that says nothing sooner than it should, or never what it promises, is asked at once only for what is to be sent
        if (watched === 'idle' || watched === 'stuck') {
          const [longestMs, change] =
            watched === 'idle' ? [Infinity, news] : [longestRefusedMs, options.nudges.next];
          await pause(engine, Math.min(pauses.next(), longestMs), AbortSignal.any([signal, wish, change]));
        } else if (watched === 'next') {
          pauses.end();
          losses.end();
          lost = false;
        }
      } while (watched !== 'anew' && watched !== 'lost' && watched !== 'refused');
      // one is lost now and then; each one after another costs what texts could use
      if (watched === 'lost' && lost)
        await pause(
          engine,
          Math.min(losses.next(), longestLostMs),
          AbortSignal.any([signal, wish, options.nudges.next]),
        );
      lost = watched === 'lost';
      if (watched === 'refused')
        await pause(
          engine,
          Math.min(pauses.next(), longestRefusedMs),
          AbortSignal.any([signal, wish, options.nudges.next]),
        );
    } catch (error) {
      if (signal.aborted) return;
      const trouble = troubleOf(host, error);
      if (error instanceof UnreachableError) noteUnreached(engine, host, trouble.code);
      options.onTrouble?.(trouble);
      const pauseMs = pauses.next();
      show({ state: 'waiting', trouble: trouble.code, nextTryAt: Math.round(engine.world.now() + pauseMs) });
      await pause(engine, pauseMs, AbortSignal.any([signal, wish]));
      show({ state: 'connecting' });
    }
  }
}

/** Leaves at other relays what does not reach its own, and hears what became of it. */
async function tendAllAlong(engine: Engine, signal: AbortSignal): Promise<void> {
  const { connections, cutOff, world } = engine;
  let left = await engine.store.read(countDeferred);
  let collectMs = firstCollectMs;
  let collectAt = 0;
  while (!signal.aborted) {
    const collect = left > 0 && world.now() >= collectAt;
    const isCutOff = cutOff.since.values().some((since) => world.now() - since >= deferAfterMs);
    if ((collect || isCutOff) && connections.online) {
      const before = left;
      try {
        // loaded when there is something to do: most people never need it
        const { tendDeferred } = await import('./deferred-answers.ts');
        left = await tendDeferred(engine, { signal, afterMs: deferAfterMs, collect });
      } catch (error) {
        // what it is about is said where it hinders more than this
        if (!signal.aborted && !(error instanceof TernError)) throw error;
      }
      if (left > before) collectMs = firstCollectMs;
      if (collect || left > before) {
        collectAt = world.now() + collectMs;
        collectMs = Math.min(longestCollectMs, collectMs * 2);
      }
    }
    await pause(engine, tendEveryMs, AbortSignal.any([signal, connections.wish]));
  }
}

/** A few pieces at a time, as long as there are any. */
async function sendFiles(
  engine: Engine,
  host: Hint,
  options: OnlineAt & { readonly settled: Nudges },
): Promise<void> {
  const { signal } = options;
  const pauses = new Pauses(engine);
  while (!signal.aborted) {
    const { wish } = engine.connections;
    const news = AbortSignal.any([signal, options.nudges.next, options.settled.next, wish]);
    try {
      const { more, refusals } = engine.connections.online
        ? await uploadSome(engine, host, { signal })
        : { more: false, refusals: [] };
      for (const code of refusals) options.onTrouble?.({ origin: originOf(host), code });
      if (more) pauses.end();
      else if (refusals.length > 0) await pause(engine, pauses.next(), AbortSignal.any([signal, wish]));
      else await aborted(news);
    } catch (error) {
      if (signal.aborted) return;
      options.onTrouble?.(troubleOf(host, error));
      await pause(engine, pauses.next(), AbortSignal.any([signal, wish]));
    }
  }
}

function contactWith(
  engine: Engine,
  host: Hint,
  state: ConnectionView['state'],
): Pick<ConnectionView, 'lastContactAt' | 'transport' | 'latencyMs'> {
  const last = engine.path(host).lastExchange;
  return {
    ...(state === 'online' ? { lastContactAt: engine.world.now() } : {}),
    ...(last === undefined ? {} : { transport: last.transport }),
    ...(last?.latencyMs === undefined ? {} : { latencyMs: Math.round(last.latencyMs) }),
  };
}

interface Holding extends OnlineAt {
  /** somebody wants everything looked at now */
  readonly wish: AbortSignal;
  readonly looks: Looks;
}

/** `anew`: everything is to be looked at anew. `lost`: the same, because the watch did not come back. `refused`: the same, after a while. */
type Watched = Looked | 'anew' | 'lost' | 'refused';

/**
 * Holds one answer open at the relay until something is new there, and sends beside it what is written meanwhile: to end it for that would
 * cost its connection.
 */
async function watchOnce(engine: Engine, host: Hint, options: Holding): Promise<Watched> {
  const { signal, wish, watches } = options;
  const news = options.nudges.next;
  const ready = await engine.store.read((view) => readyLogs(view, host));
  if (ready.length === 0) {
    await aborted(AbortSignal.any([signal, wish, news]));
    return 'anew';
  }
  const awaited = ready.some(({ followed }) => !engine.caughtUp.has(followed.log));
  const { looks } = options;
  const watched = watchedIn(engine, ready);
  // what is watched for the first time says at once whether it was read to its end: until then nothing may be written there
  const waitSeconds = looks.isSoon(watched)
    ? 0
    : awaited
      ? awaitedPollSeconds
      : engine.path(host).holdSeconds();
  const over = new AbortController();
  const stop = AbortSignal.any([signal, wish, over.signal]);
  const sending = sendBeside(engine, host, { ...options, ready, over, stop });
  const ended = sending.finally(() => over.abort());
  const began = engine.world.now();
  let outcome: Watched = 'anew';
  try {
    const leastMs = Math.min(waitSeconds * 500, patienceMs(engine, host, leastHeldMs));
    const isEarly = (): boolean => engine.world.now() - began < leastMs;
    const { more, moved, refusals } = await watches.alone(host, async (watch) => {
      const pulled = await pull(engine, host, { signal: stop, watch, waitSeconds });
      if (!pulled.more && !isEarly()) watch.advanced();
      return pulled;
    });
    const early = isEarly();
    if (!more) {
      await askForMissing(engine, host);
      await noteReached(engine, host, { signal: stop });
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
    await ended; // throws what kept something from leaving
  }
  return outcome;
}

/** Sends what is there to send until `stop`, or until what is watched is no longer what ought to be. What does not leave is tried again ever more seldom. */
async function sendBeside(
  engine: Engine,
  host: Hint,
  options: Holding & {
    readonly ready: readonly ReadyLog[];
    readonly stop: AbortSignal;
    readonly over: AbortController;
  },
): Promise<void> {
  const { signal, stop, nudges, over, looks } = options;
  const watched = watchedIn(engine, options.ready);
  const pauses = new Pauses(engine);
  while (!stop.aborted) {
    await Promise.race([looks.rest, aborted(stop)]);
    const news = nudges.next;
    const { ready, waits } = await engine.store.read(async (view) => ({
      ready: await readyLogs(view, host),
      waits: await anythingFor(engine, view, host),
    }));
    if (stop.aborted || watchedIn(engine, ready) !== watched) return;
    if (!waits) {
      await aborted(AbortSignal.any([stop, news]));
      continue;
    }
    const { more, moved, logs, refusals } = await push(engine, host, { signal });
    looks.refused = more && !moved ? looks.refused + 1 : 0;
    if (looks.refused > mostStalls) looks.rest = pause(engine, longestRefusedMs, signal);
    for (const code of refusals) options.onTrouble?.({ origin: originOf(host), code });
    if (options.ready.some(({ followed }) => logs.includes(followed.log))) void echo(engine, host, over);
    if (moved && refusals.length === 0) pauses.end();
    else await pause(engine, pauses.next(), AbortSignal.any([stop, nudges.next]));
  }
}

/** What is said to a relay of the logs on it: where that changes, a watch is out of date. */
function watchedIn(engine: Engine, ready: readonly ReadyLog[]): string {
  return ready
    .map(({ followed: { log, number, toCreate, kind, policy, revoked } }) => {
      const amends = kind === 'inbox' && decodePolicy(policy).revoked.length !== revoked.length;
      const behind = !engine.caughtUp.has(log);
      return `${log} ${number} ${toCreate} ${amends} ${behind}`;
    })
    .toSorted()
    .join();
}
