import { TernError, type Hint, type Result } from '@tern/protocol';
import type { SyncReport, Trouble } from './client.ts';
import type { StoreView } from './client-store.ts';
import { conversationTable, receivedTable } from './conversation.ts';
import { hostName, selfOf, type Engine } from './engine.ts';
import { followedLogTable } from './followed-log.ts';
import { identityTable } from './identity.ts';
import { outbox, putOutgoing } from './outbox.ts';
import { pull, readyLogs } from './pull.ts';
import { push } from './push.ts';
import { rangesGaps } from './ranges.ts';
import { WatchState } from './watch-state.ts';

/** So many answers in a row may bring nothing forward before a round gives up and waits. */
const mostStalls = 3;
/** A request to send again is not repeated sooner; each time that nothing comes the pause doubles, to half a day at most. */
const askAgainMs = 60_000;
const mostDoublings = 9;
const longestPauseMs = 60_000;
const firstPauseMs = 500;
const longPollSeconds = 30;
/** while a log is awaited that the other side has yet to begin */
const awaitedPollSeconds = 3;

/** Every relay that any log lives on or anything waits for. */
async function hostsOf(engine: Engine): Promise<readonly Hint[]> {
  return engine.store.read(async (view) => {
    const hosts = new Map<string, Hint>();
    for (const [, followed] of await followedLogTable.list(view, ''))
      if (!followed.ended) hosts.set(hostName(followed.host), followed.host);
    for (const [, outgoing] of await outbox(view))
      if (outgoing.sealed !== undefined) hosts.set(hostName(outgoing.sealed.host), outgoing.sealed.host);
    return [...hosts.values()];
  });
}

/** Reads and sends on one relay until nothing moves any more. @throws {UnreachableError} and what else the path throws */
async function settleHost(
  engine: Engine,
  host: Hint,
  options: { readonly signal: AbortSignal; readonly watch: WatchState },
): Promise<readonly Result['kind'][]> {
  const refusals = new Set<Result['kind']>();
  let stalls = 0;
  for (;;) {
    options.signal.throwIfAborted();
    const pulled = await pull(engine, host, { ...options, waitSeconds: 0 });
    if (!pulled.more) await askForMissing(engine, host);
    const pushed = pulled.more
      ? { more: false, moved: false, refusals: [] }
      : await push(engine, host, options);
    for (const refusal of [...pulled.refusals, ...pushed.refusals]) refusals.add(refusal);
    if (!pulled.more && !pushed.more) return [...refusals];
    stalls = pulled.moved || pushed.moved ? 0 : stalls + 1;
    if (stalls === mostStalls) return [...refusals];
  }
}

/** After everything was read, what is still missing was lost: its sender is asked, ever more seldom (rule 28). */
async function askForMissing(engine: Engine, host: Hint): Promise<void> {
  const due = await engine.store.read((view) => gapsOn(engine, view, host));
  if (due.length === 0) return;
  await engine.store.change(async (change) => {
    const self = await selfOf(engine, change);
    for (const { conversation, device } of await gapsOn(engine, change, host)) {
      const received = await receivedTable.get(change, conversation.id, device);
      if (received === undefined || received.person === self.person) continue;
      receivedTable.put(change, conversation.id, device, {
        ...received,
        askedAt: engine.now(),
        asked: Math.min(received.asked + 1, 1000),
      });
      const numbers = rangesGaps(received.delivered, received.first).slice(0, 256);
      await putOutgoing(change, { kind: 'again', conversation: conversation.id, device, numbers });
    }
  });
}

async function gapsOn(
  engine: Engine,
  view: StoreView,
  host: Hint,
): Promise<
  readonly {
    conversation: Awaited<ReturnType<typeof conversationTable.list>>[number][1];
    device: GapDevice;
  }[]
> {
  const gaps = [];
  for (const [, conversation] of await conversationTable.list(view, '')) {
    const logs = conversation.groups.filter((group) => group.state === 'joined').map((group) => group.log);
    if (logs.length === 0 || !logs.every((log) => engine.caughtUp.has(log))) continue;
    const followed = await followedLogTable.get(view, '', logs[0] ?? '');
    if (followed === undefined || hostName(followed.host) !== hostName(host)) continue;
    for (const [device, received] of await receivedTable.list(view, conversation.id)) {
      const due =
        engine.now() - received.askedAt >= askAgainMs * 2 ** Math.min(received.asked, mostDoublings);
      if (due && rangesGaps(received.delivered, received.first).length > 0)
        gaps.push({ conversation, device: device as GapDevice });
    }
  }
  return gaps;
}
type GapDevice = Extract<Awaited<ReturnType<typeof outbox>>[number][1], { kind: 'again' }>['device'];

/** Everything there is, read and sent, as far as the signal lets it. */
export async function synchronise(
  engine: Engine,
  options: { readonly signal: AbortSignal; readonly watches: Watches },
): Promise<SyncReport> {
  const troubles: Trouble[] = [];
  let complete = true;
  // one relay's entries may lead to another relay: again until no new one appears
  const done = new Set<string>();
  for (;;) {
    const hosts = (await hostsOf(engine)).filter((host) => !done.has(hostName(host)));
    if (hosts.length === 0) break;
    await Promise.all(
      hosts.map(async (host) => {
        done.add(hostName(host));
        try {
          const refusals = await options.watches.alone(host, (watch) =>
            settleHost(engine, host, { signal: options.signal, watch }),
          );
          for (const code of refusals) troubles.push({ origin: originText(host), code });
        } catch (error) {
          complete = false;
          const trouble = troubleOf(host, error);
          if (!options.signal.aborted || trouble.code !== 'stopped') troubles.push(trouble);
        }
      }),
    );
  }
  return { complete: complete && troubles.length === 0, troubles };
}

function originText(host: Hint): string {
  return `${host.tls ? 'https' : 'http'}://${host.address}:${host.port}`;
}

function troubleOf(host: Hint, error: unknown): Trouble {
  if (error instanceof TernError) return { origin: originText(host), code: error.code };
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError'))
    return { origin: originText(host), code: 'stopped' };
  throw error;
}

/** The watch sets of this process, one a relay; each is used by one task at a time. */
export class Watches {
  readonly #states = new Map<string, WatchState>();
  readonly #turns = new Map<string, Promise<unknown>>();

  async alone<T>(host: Hint, work: (watch: WatchState) => Promise<T>): Promise<T> {
    const name = hostName(host);
    const state = this.#states.get(name) ?? new WatchState();
    this.#states.set(name, state);
    const before = this.#turns.get(name) ?? Promise.resolve();
    const turn = before.then(
      () => work(state),
      () => work(state),
    );
    this.#turns.set(
      name,
      turn.catch(() => undefined),
    );
    return turn;
  }
}

/** Stays online on every relay there is, and on those that appear. Ends only by the signal. */
export async function stayOnline(
  engine: Engine,
  options: {
    readonly signal: AbortSignal;
    readonly watches: Watches;
    readonly onTrouble?: (trouble: Trouble) => void;
  },
): Promise<void> {
  const { signal } = options;
  const online = new Map<string, Promise<void>>();
  const nudges = new Nudges();
  const listening = (async () => {
    for await (const _ of engine.store.changes(signal)) nudges.nudge();
  })();
  while (!signal.aborted) {
    const news = nudges.next;
    const identity = await engine.store.read((view) => identityTable.get(view, '', 'self'));
    for (const host of identity === undefined ? [] : await hostsOf(engine)) {
      const name = hostName(host);
      if (!online.has(name)) online.set(name, stayOnlineAt(engine, host, { ...options, nudges }));
    }
    await aborted(AbortSignal.any([signal, news]));
  }
  await Promise.all([listening, ...online.values()]);
}

/** Tells everybody who waits that something changed. */
class Nudges {
  #controller = new AbortController();

  /** aborted at the next nudge; taken before one looks, so that no change slips through between looking and waiting */
  get next(): AbortSignal {
    return this.#controller.signal;
  }

  nudge(): void {
    const controller = this.#controller;
    this.#controller = new AbortController();
    controller.abort();
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

interface OnlineAt {
  readonly signal: AbortSignal;
  readonly watches: Watches;
  readonly nudges: Nudges;
  readonly onTrouble?: (trouble: Trouble) => void;
}

async function stayOnlineAt(engine: Engine, host: Hint, options: OnlineAt): Promise<void> {
  const { signal } = options;
  let pauseMs = firstPauseMs;
  while (!signal.aborted) {
    const news = options.nudges.next;
    try {
      const refusals = await options.watches.alone(host, (watch) =>
        settleHost(engine, host, { signal, watch }),
      );
      for (const code of refusals) options.onTrouble?.({ origin: originText(host), code });
      pauseMs = firstPauseMs;
      await waitForNews(engine, host, { ...options, news });
    } catch (error) {
      if (signal.aborted) return;
      options.onTrouble?.(troubleOf(host, error));
      const jitter = ((engine.world.randomBytes(1)[0] ?? 0) / 256) * pauseMs;
      await engine.world.wait(pauseMs + jitter, { signal }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  }
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
