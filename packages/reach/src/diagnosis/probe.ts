import type { World } from '@tern/protocol';
import type { Way } from './diagnosis.ts';
import { connectionBytes, isFresh } from './measures.ts';
import type { Observation } from './observation.ts';
import { costOf, nextProbes, type ProbeStep } from './probe-plan.ts';
import { spentBytes } from './spent-bytes.ts';

export interface ProbeOptions {
  /** how long each stage of it is waited for */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

/**
 * Who makes the attempts, each on a connection of its own, unless it goes on with one that was kept. None of them rejects: what went wrong is in
 * the observation. One that stops where it was to stop, or by the signal, ends as `cancelled`: nothing was answered.
 */
export interface ProbePort {
  /** of the clock of the observations */
  now(): number;
  /** resolves and connects by TCP; nothing is sent */
  dial(way: Way, options: ProbeOptions): Promise<Observation>;
  /** and says the hello of TLS */
  hello(way: Way, options: ProbeOptions): Promise<Observation>;
  /**
   * and makes one exchange of about so many bytes, up or down: whichever it can. `kept`: on the connection of the one before, which
   * stands; what is still coming on it comes first, and with no bytes nothing more is asked for.
   */
  exchange(
    way: Way,
    options: ProbeOptions & { readonly bytes: number; readonly kept?: boolean },
  ): Promise<Observation>;
  /** Its last connection was kept, and more can be asked for on it; never where it is left out. */
  stands?(way: Way): boolean;
  /** Nothing more is asked for: what stands is closed. */
  over?(): void;
}

export interface ProbeParts {
  readonly port: ProbePort;
  readonly world: Pick<World, 'wait'>;
  /** those that may be tried, the most promising first */
  readonly ways: readonly Way[];
  /** what is known already; at least of the last ten minutes, so that the pace is kept */
  readonly known: readonly Observation[];
  /**
   * What an app saw a while ago, which nothing of now follows from: its hellos are counted, and what it settled is asked about last. `starts`: when
   * others left of which no more is known, and `bans`: until when a name that met one is left alone; by name and of the clock of the observations.
   */
  readonly earlier?: {
    readonly hellos: readonly Observation[];
    readonly starts?: ReadonlyMap<string, readonly number[]>;
    readonly bans?: ReadonlyMap<string, number>;
    readonly settled: ReadonlySet<string>;
  };
}

/**
 * All of it ends within this time and these bytes, whatever is still unclear then: what goes over its sockets and what is sent again of it. The
 * headers of packets are about a tenth more. Two seconds of half a minute are left for the start and the end of whoever asks.
 */
export const probeLimits = { ms: 28_000, bytes: 65_536 } as const;
/** For what ends connections, and what was sent once more than it was thought. */
const spareBytes = 3000;
/** A handshake that is held to half a kilobyte a second takes five. */
const patienceMs = 6000;

/**
 * Makes the attempts that a diagnosis lacks: a control arm, a second look at what was seen once, a speed. Never more than three
 * hellos to a name in a minute, and none where a ban is suspected. Ends by itself, or early without complaint by the signal.
 */
export async function* probe(
  parts: ProbeParts,
  { signal }: { readonly signal: AbortSignal },
): AsyncIterable<Observation> {
  const { port, world, ways, known, earlier } = parts;
  if (signal.aborted) return;
  const made: Observation[] = [];
  const endsAt = port.now() + probeLimits.ms;
  const over = new AbortController();
  const ending = AbortSignal.any([signal, over.signal]);
  const alarm = world.wait(probeLimits.ms, { signal: ending }).then(
    () => over.abort(new DOMException('the time of the probes is over', 'TimeoutError')),
    () => undefined,
  );
  let bytesLeft = probeLimits.bytes - spareBytes;
  /** by way: counted already, and still to come on its connection */
  const owed = new Map<string, number>();
  try {
    while (!ending.aborted) {
      const now = port.now();
      const observations = [...known, ...made];
      const stands = (way: Way): boolean => port.stands?.(way) ?? false;
      const plan = nextProbes({ ways, observations, made, now, bytesLeft, stands, ...earlier });
      if (plan.steps.length === 0) {
        const { waitMs } = plan;
        if (waitMs === undefined || now + waitMs >= endsAt - patienceMs) break;
        await world.wait(waitMs, { signal: ending }).catch(() => undefined);
        continue;
      }
      const seen = await Promise.all(plan.steps.map((step) => take(port, step, ending)));
      for (const [at, step] of plan.steps.entries()) {
        const { key } = step.way;
        const bytes = carried(seen[at], made);
        const before = owed.get(key) ?? 0;
        owed.delete(key);
        if (step.kind === 'exchange' && step.kept === true && seen[at]?.end === 'cancelled') {
          // what was asked for may come yet
          bytesLeft -= Math.max(costOf(step), bytes - before);
          owed.set(key, Math.max(0, before + costOf(step) - bytes));
        } else bytesLeft -= Math.max(0, Math.max(bytes, leastOf(step, seen[at])) - before);
      }
      made.push(...seen);
      yield* seen;
    }
  } finally {
    over.abort();
    port.over?.();
    await alarm;
  }
}

function take(port: ProbePort, step: ProbeStep, signal: AbortSignal): Promise<Observation> {
  const options = { patienceMs, signal };
  switch (step.kind) {
    case 'dial':
      return port.dial(step.way, options);
    case 'hello':
      return port.hello(step.way, options);
    case 'exchange':
      return port.exchange(step.way, { ...options, bytes: step.bytes, kept: step.kept === true });
  }
}

/** By this one alone, where others went before on its connection. */
function carried(one: Observation | undefined, made: readonly Observation[]): number {
  if (one === undefined) return 0;
  if (isFresh(one)) return spentBytes(one);
  const before = made.findLast(({ way }) => way.key === one.way.key);
  return before === undefined ? 0 : spentBytes(one, connectionBytes(before));
}

/** A browser, which hides the handshake, may not count less than it costs. */
function leastOf(step: ProbeStep, one: Observation | undefined): number {
  if (step.kind === 'dial' || one?.connection?.fresh === false) return 0;
  return Math.min(costOf(step), 3500);
}
