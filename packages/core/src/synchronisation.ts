import { originOf, TernError, UnreachableError, type Hint, type Result } from '@tern/protocol';
import type { SyncReport, Trouble } from './client.ts';
import type { StoreView } from './client-store.ts';
import { isRequested } from './conversation-choices.ts';
import { conversationTable, receivedTable } from './conversation.ts';
import { noteReached, noteUnreached } from './reached-relays.ts';
import { hostName, selfOf, type Engine } from './engine.ts';
import { uploadSome } from './file-upload.ts';
import { followedLogTable } from './followed-log.ts';
import { outbox, putOutgoing } from './outbox.ts';
import { mostStalls } from './pauses.ts';
import { pull } from './pull.ts';
import { nothingPushed, push, type Pushed } from './push.ts';
import { rangesGaps } from './ranges.ts';
import { WatchState } from './watch-state.ts';

/** Pieces of a file that leave before what was written meanwhile is looked at. */
const piecesBetween = 4;
/** A request to send again is not repeated sooner; each time that nothing comes the pause doubles, to half a day at most. */
const askAgainMs = 60_000;
const mostDoublings = 9;

/** Whether what is written leaves; `sending.ts` keeps it for one relay. */
export interface SendingState {
  readonly works: boolean;
  failed(error: UnreachableError): void;
  went(): void;
}

/** Every relay that any log lives on or anything waits for. */
export async function hostsOf(engine: Engine): Promise<readonly Hint[]> {
  return engine.store.read(async (view) => {
    const hosts = new Map<string, Hint>();
    for (const [, followed] of await followedLogTable.list(view, ''))
      if (!followed.ended) hosts.set(hostName(followed.host), followed.host);
    for (const [, outgoing] of await outbox(view))
      if (outgoing.sealed !== undefined) hosts.set(hostName(outgoing.sealed.host), outgoing.sealed.host);
    return [...hosts.values()];
  });
}

/**
 * Reads and sends on one relay until nothing moves any more.
 * @param options `files`: sends files too, a few pieces whenever nothing else waits; `sending`: where it was hindered nothing is sent, and
 * what hinders it now is told there instead of thrown
 * @throws {UnreachableError} and what else the path throws
 */
export async function settleHost(
  engine: Engine,
  host: Hint,
  options: {
    readonly signal: AbortSignal;
    readonly watch: WatchState;
    readonly files: boolean;
    readonly sending?: SendingState;
  },
): Promise<readonly Result['kind'][]> {
  const refusals = new Set<Result['kind']>();
  let stalls = 0;
  for (;;) {
    options.signal.throwIfAborted();
    const pulled = await pull(engine, host, { ...options, waitSeconds: 0 });
    if (!pulled.more) await askForMissing(engine, host);
    const pushed = pulled.more ? nothingPushed : await pushWhereItGoes(engine, host, options);
    const uploaded =
      options.files && !pulled.more && !pushed.more
        ? await uploadSome(engine, host, { ...options, pieces: piecesBetween })
        : { more: false, refusals: [] };
    for (const refusal of [...pulled.refusals, ...pushed.refusals, ...uploaded.refusals])
      refusals.add(refusal);
    if (!pulled.more && !pushed.more && !uploaded.more) {
      await noteReached(engine, host, { ...options, sends: options.sending?.works !== false });
      return [...refusals];
    }
    stalls = pulled.moved || pushed.moved || uploaded.more ? 0 : stalls + 1;
    if (stalls === mostStalls) {
      if (options.sending?.works !== false) engine.cutOff.since.delete(hostName(host));
      return [...refusals];
    }
  }
}

async function pushWhereItGoes(
  engine: Engine,
  host: Hint,
  { signal, sending }: { readonly signal: AbortSignal; readonly sending?: SendingState },
): Promise<Pushed> {
  if (sending === undefined) return push(engine, host, { signal });
  if (!sending.works) return nothingPushed;
  try {
    const pushed = await push(engine, host, { signal });
    sending.went();
    return pushed;
  } catch (error) {
    if (signal.aborted || !(error instanceof UnreachableError)) throw error;
    sending.failed(error);
    return nothingPushed;
  }
}

/** After everything was read, what is still missing was lost: its sender is asked, ever more seldom (rule 28). */
export async function askForMissing(engine: Engine, host: Hint): Promise<void> {
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
    if (await isRequested(engine, view, conversation)) continue;
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
            settleHost(engine, host, { signal: options.signal, watch, files: true }),
          );
          for (const code of refusals) troubles.push({ origin: originOf(host), code });
        } catch (error) {
          complete = false;
          const trouble = troubleOf(host, error);
          if (error instanceof UnreachableError || trouble.code === 'stopped')
            noteUnreached(engine, host, trouble.code);
          if (!options.signal.aborted || trouble.code !== 'stopped') troubles.push(trouble);
        }
      }),
    );
  }
  return { complete: complete && troubles.length === 0, troubles };
}

export function troubleOf(host: Hint, error: unknown): Trouble {
  if (error instanceof TernError) return { origin: originOf(host), code: error.code };
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError'))
    return { origin: originOf(host), code: 'stopped' };
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
