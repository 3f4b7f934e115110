import { originOf, TernError, UnreachableError, type Hint } from '@tern/protocol';
import type { Trouble } from './client.ts';
import { countDeferred } from './deferred-messages.ts';
import { hostName, type Engine } from './engine.ts';
import { uploadSome } from './file-upload.ts';
import { identityTable } from './identity.ts';
import { Looks } from './looks.ts';
import { aborted, Nudges } from './nudges.ts';
import { pause, Pauses } from './pauses.ts';
import { noteUnreached } from './reached-relays.ts';
import { Sending } from './sending.ts';
import { hostsOf, settleHost, troubleOf, type Watches } from './synchronisation.ts';
import type { ConnectionView } from './views.ts';
import { longestRefusedMs, watchOnce, type Holding, type Watched } from './watching.ts';

/** between one watch that was lost and the look for what came meanwhile, where all are lost */
const longestLostMs = 10_000;
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
  const sending: Sending = new Sending(engine, host, { ...options, onChange: () => show(sending.view) });
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
        settleHost(engine, host, { signal, watch, files: false, sending }),
      );
      for (const code of refusals) options.onTrouble?.({ origin: originOf(host), code });
      if (refusals.length === 0) pauses.end();
      const holding: Holding = { ...options, wish, looks: new Looks(), sending };
      let watched: Watched;
      do {
        show(sending.view);
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
      sending.forget();
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
