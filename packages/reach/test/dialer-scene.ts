import { UnreachableError, type Hint, type RelayId, type World } from '@tern/protocol';
import { openDialer, type Dialer } from '../src/dialer/dialer.ts';
import { requestFor, SimulatedNetwork, type NetworkRules } from '../src/testing/simulated-network.ts';
import { timedWorld, type TimedWorld } from '@tern/relay/testing';

const relay = 'relay' as RelayId;
export const hint: Hint = { relay, address: 'one.example', port: 443, tls: true, path: 'secret' };

export interface SceneOptions {
  /** of the relay's card */
  readonly endpoints?: readonly string[];
  readonly seed?: number;
  /** as in a browser: only what a URL can say */
  readonly plain?: boolean;
  /** nobody sees how a connection begins; so it is where the scene is `plain`, unless given */
  readonly blind?: boolean;
}

export interface DialerScene {
  readonly world: TimedWorld;
  readonly network: SimulatedNetwork;
  readonly dialer: Dialer;
}

export function dialerScene(rules: NetworkRules, options: SceneOptions = {}): DialerScene {
  const world = timedWorld(options.seed ?? 1);
  const choosesAddress = options.plain !== true;
  const network = new SimulatedNetwork(world, rules, { blind: options.blind ?? !choosesAddress });
  const dialer = openDialer({ world, https: network, choosesAddress, network: () => 'home' });
  const { endpoints } = options;
  if (endpoints !== undefined) dialer.learnCard(relay, { number: 1, endpoints });
  return { world, network, dialer };
}

/** Carries one request once, and judges as a path does: what came of an answer that was cut is worth something. @returns the bytes that came */
export async function carry(
  { dialer }: Pick<DialerScene, 'dialer'>,
  request: Uint8Array,
  options: {
    readonly signal?: AbortSignal;
    readonly heldMs?: number;
    readonly bulk?: boolean;
    /** another relay than {@link hint} */
    readonly to?: Hint;
  } = {},
): Promise<number> {
  const { signal = new AbortController().signal, to = hint, ...rest } = options;
  let judge: (sound: boolean) => void = () => undefined;
  const judged = (call: typeof judge): void => {
    judge = call;
  };
  let bytes = 0;
  try {
    for await (const piece of dialer.carry(to, request, { signal, judged, ...rest })) bytes += piece.length;
  } finally {
    if (bytes > 0) judge(true);
  }
  return bytes;
}

/** As an outbox does: again and again, with growing pauses. @returns how long it took, ms */
export async function deliver(scene: DialerScene, upBytes = 700): Promise<number> {
  const { world } = scene;
  const began = world.now();
  const signal = new AbortController().signal;
  for (let pauseMs = 500; ; pauseMs = Math.min(60_000, pauseMs * 2)) {
    try {
      await carry(scene, requestFor(300, upBytes));
      return world.now() - began;
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      await world.wait(pauseMs, { signal });
    }
  }
}

/** A person who writes now and then while a watch is kept open, which every text ends. @returns how long each text took, ms */
export async function chat(
  scene: DialerScene,
  options: { readonly texts: number; readonly everyMs: number },
): Promise<readonly number[]> {
  const { world } = scene;
  const stop = new AbortController();
  let news = new AbortController();
  const watching = watch(scene, stop.signal, () => news.signal);
  const took: number[] = [];
  for (let text = 0; text < options.texts; text += 1) {
    await world.wait(options.everyMs, { signal: stop.signal });
    news.abort(new UnreachableError('there is something to send'));
    news = new AbortController();
    took.push(await deliver(scene));
  }
  stop.abort(new UnreachableError('enough'));
  await watching;
  return took;
}

async function watch(scene: DialerScene, stop: AbortSignal, news: () => AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const signal = AbortSignal.any([stop, news()]);
    try {
      await carry(scene, requestFor(300, 500), { signal, heldMs: 30_000 });
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      await quietly(scene.world, signal.aborted ? 5 : 1000, stop);
    }
  }
}

async function quietly(world: World, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await world.wait(ms, { signal });
  } catch {
    // the caller looks at the signal itself
  }
}

/** A file, in pieces as large as the dialer says. @returns how long it took, ms */
export async function download(
  scene: DialerScene,
  bytes: number,
  direction: 'up' | 'down' = 'down',
): Promise<number> {
  const { world, dialer } = scene;
  const began = world.now();
  const signal = new AbortController().signal;
  let left = bytes;
  while (left > 0) {
    const { upBytes, downBytes } = dialer.budget(hint, { bulk: true });
    const size = Math.min(left, direction === 'down' ? downBytes : upBytes);
    const request = direction === 'down' ? requestFor(size) : requestFor(300, size);
    try {
      const came = await carry(scene, request, { bulk: true });
      left -= direction === 'down' ? came : size;
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      await quietly(world, 500, signal);
    }
  }
  return world.now() - began;
}

/** The same as many at a time as the dialer says. @returns how long it took, ms */
export async function downloadSideBySide(scene: DialerScene, bytes: number): Promise<number> {
  const { world, dialer } = scene;
  const began = world.now();
  let left = bytes;
  const running = new Set<Promise<void>>();
  while (left > 0 || running.size > 0) {
    while (left > 0 && (running.size === 0 || (dialer.budget(hint, { bulk: true }).spare ?? 0) > 0)) {
      const size = Math.min(left, dialer.budget(hint, { bulk: true }).downBytes);
      left -= size;
      const one = carry(scene, requestFor(size), { bulk: true })
        .catch((error: unknown) => {
          if (!(error instanceof UnreachableError)) throw error;
          left += size;
        })
        .finally(() => running.delete(one))
        .then(() => undefined);
      running.add(one);
      await Promise.resolve(); // it begins, and is counted
    }
    await Promise.race(running);
  }
  return world.now() - began;
}
