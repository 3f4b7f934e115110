import { originOf, TernError, UnreachableError, type Hint } from '@tern/protocol';
import type { Trouble } from './client.ts';
import { tendDeferred } from './deferred-answers.ts';
import { noteUnreached } from './deferring.ts';
import { hostName, type Engine } from './engine.ts';
import { uploadSome } from './file-upload.ts';
import { identityTable } from './identity.ts';
import { aborted, Nudges } from './nudges.ts';
import { pull, readyLogs } from './pull.ts';
import { hostsOf, settleHost, troubleOf, type Watches } from './synchronisation.ts';
import type { ConnectionView } from './views.ts';

const longestPauseMs = 60_000;
const firstPauseMs = 500;
const longPollSeconds = 30;
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
  const show = (view: Pick<ConnectionView, 'state' | 'trouble' | 'nextTryAt'>): void =>
    engine.connections.set(hostName(host), host, { ...view, ...contactWith(engine, host, view.state) });
  show({ state: 'connecting' });
  while (!signal.aborted) {
    const news = options.nudges.next;
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
      pauses.end();
      show({ state: 'online' });
      options.settled.nudge();
      await waitForNews(engine, host, { ...options, news: AbortSignal.any([news, wish]) });
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
  let left = 1; // an earlier process may have left something
  let collectMs = firstCollectMs;
  let collectAt = 0;
  while (!signal.aborted) {
    const collect = left > 0 && world.now() >= collectAt;
    if ((collect || cutOff.since.size > 0) && connections.online) {
      const before = left;
      try {
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

/** Between tries: each longer than the one before, up to a minute, and never two alike. */
class Pauses {
  readonly #engine: Engine;
  #ms = firstPauseMs;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  next(): number {
    const ms = this.#ms;
    this.#ms = Math.min(ms * 2, longestPauseMs);
    return ms + ((this.#engine.world.randomBytes(1)[0] ?? 0) / 256) * ms;
  }

  /** it went well: the next one is short again */
  end(): void {
    this.#ms = firstPauseMs;
  }
}

async function pause(engine: Engine, ms: number, signal: AbortSignal): Promise<void> {
  await engine.world.wait(ms, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
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

/** Holds one answer open at the relay until something is new there, or here. */
async function waitForNews(
  engine: Engine,
  host: Hint,
  options: OnlineAt & { readonly news: AbortSignal },
): Promise<void> {
  const ready = await engine.store.read((view) => readyLogs(view, host));
  const awaited = ready.some(({ followed }) => !engine.caughtUp.has(followed.log));
  const stop = AbortSignal.any([options.signal, options.news]);
  if (ready.length === 0) return aborted(stop);
  try {
    const waitSeconds = awaited ? awaitedPollSeconds : longPollSeconds;
    await options.watches.alone(host, (watch) => pull(engine, host, { signal: stop, watch, waitSeconds }));
  } catch (error) {
    if (options.signal.aborted || !stop.aborted) throw error; // a nudge ended the wait: there may be something to send
  }
}
