import type { Observation } from '../../src/diagnosis/observation.ts';
import type { Chance } from './chance.ts';

/** What lies between a device and relays when nobody hinders anything. */
export interface Line {
  readonly roundTripMs: number;
  /** share of a round trip by which each differs */
  readonly jitter: number;
  /** share of packets */
  readonly loss: number;
  readonly upBits: number;
  readonly downBits: number;
}

/** What somebody on the way does to one way; each part is left out where nothing is done there. */
export interface Hindrance {
  readonly resolving?: Observation['resolved'];
  readonly connecting?: 'silent' | 'refused-connection' | 'no-network';
  readonly hello?: 'silent' | 'reset' | 'wrong-certificate';
  /** after the hello, before a byte of an answer */
  readonly answer?: 'silent' | 'reset' | 'closed-early' | 'not-a-relay' | 'wrong-relay';
  /** so many packets in both directions together, then silence */
  readonly packets?: number;
  /** so many bytes in both directions together, then silence */
  readonly bytes?: number;
  /** drops what is faster, after a burst that may pass */
  readonly police?: { readonly bits: number; readonly burstBytes: number };
}

export interface Attempt {
  readonly way: Observation['way'];
  readonly beganAt: number;
  readonly upBytes: number;
  readonly downBytes: number;
  readonly bulk: boolean;
  readonly hindrance: Hindrance;
  readonly resolved?: Observation['resolved'];
  /** on a connection that stood already and carried so much */
  readonly on?: {
    readonly exchanges: number;
    readonly upBytes: number;
    readonly downBytes: number;
    readonly ageMs: number;
    /** so much was asked for just before that of a burst nothing is left */
    readonly drained?: boolean;
  };
  /** a browser tells of no stage below the answer */
  readonly blind: boolean;
}

const giveUpMs = 20_000;
const stageMs = 3000;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Stages = Partial<
  Mutable<
    Pick<Observation, 'connectedAfterMs' | 'helloAnsweredAfterMs' | 'firstByteAfterMs' | 'lastByteAfterMs'>
  >
>;

/** One attempt over the line, packet by packet as far as that matters; all of it by chance. */
export function attemptOver(line: Line, attempt: Attempt, chance: Chance): Observation {
  const { hindrance, on } = attempt;
  const stages: Stages = {};
  const mss = chance.pick([1200, 1380, 1448]);
  const segmentsAnAck = chance.between(1.6, 2.6);
  let clock = 0;
  let packets = on === undefined ? 0 : Math.round(8 + (on.upBytes + on.downBytes) / mss + on.exchanges * 2);
  let [up, down] = [0, 0];
  /** from one end to the other and back; retransmitted when lost, each time after twice as long */
  const turn = (): number => {
    let ms = line.roundTripMs * (1 + line.jitter * chance.real());
    for (let wait = 1000; chance.odds(2 * line.loss - line.loss ** 2) && ms < giveUpMs; wait *= 2) ms += wait;
    return ms;
  };
  const silence = (): number => chance.pick([stageMs, stageMs, giveUpMs]);
  const end = (kind: Observation['end'], afterMs: number): Observation => {
    const endedAt = attempt.beganAt + clock + afterMs;
    const before = on ?? { exchanges: 0, upBytes: 0, downBytes: 0, ageMs: 0 };
    const shake = on === undefined && stages.helloAnsweredAfterMs !== undefined;
    const connection = {
      fresh: on === undefined,
      exchangesBefore: before.exchanges,
      upBytes: before.upBytes + up + (shake ? 700 : 0),
      downBytes: before.downBytes + down + (shake ? 2200 : 0),
      ageMs: before.ageMs + clock + afterMs,
    };
    const { resolved = hindrance.resolving } = attempt;
    const { firstByteAfterMs, lastByteAfterMs } = stages;
    const seen = attempt.blind
      ? {
          ...(firstByteAfterMs === undefined ? {} : { firstByteAfterMs }),
          ...(lastByteAfterMs === undefined ? {} : { lastByteAfterMs }),
        }
      : {
          ...stages,
          ...(resolved === undefined || on !== undefined
            ? {}
            : { resolved: hindrance.resolving ?? resolved }),
        };
    return {
      way: attempt.way,
      beganAt: attempt.beganAt,
      endedAt,
      connection: attempt.blind ? undefined : connection,
      ...seen,
      upBytes: Math.round(up),
      downBytes: Math.round(down),
      held: false,
      end: kind,
      bulk: attempt.bulk,
    };
  };

  if (hindrance.connecting === 'no-network') return end('no-network', chance.between(0, 5));
  const resolving = hindrance.resolving ?? attempt.resolved;
  if (resolving !== undefined && on === undefined) {
    clock += resolving.afterMs;
    if ('failed' in resolving) return end('silent', 0);
  }
  if (on === undefined) {
    if (hindrance.connecting !== undefined)
      return end(hindrance.connecting, hindrance.connecting === 'silent' ? silence() : turn());
    const connecting = turn();
    if (connecting >= giveUpMs) return end('silent', giveUpMs);
    clock += connecting;
    stages.connectedAfterMs = clock;
    if (hindrance.hello !== undefined)
      return end(hindrance.hello, hindrance.hello === 'silent' ? silence() : turn() * chance.between(0.3, 1));
    const hello = turn() + (2200 * 8000) / line.downBits;
    if (hello >= giveUpMs) return end('silent', giveUpMs);
    clock += hello;
    stages.helloAnsweredAfterMs = clock;
    packets = 8;
  }
  if (hindrance.answer !== undefined) {
    up = attempt.upBytes;
    return end(hindrance.answer, hindrance.answer === 'silent' ? silence() : turn());
  }
  return exchange();

  function exchange(): Observation {
    const limit = hindrance.packets ?? Infinity;
    const before = on === undefined ? 2900 : on.upBytes + on.downBytes;
    const byteLimit = hindrance.bytes ?? Infinity;
    const steady = chance.between(0.85, 1);
    const lossBits = line.loss === 0 ? Infinity : (mss * 8000) / (line.roundTripMs * Math.sqrt(line.loss));
    const speed = (bits: number): number => Math.min(bits, lossBits) * steady;
    /** @returns how many bytes pass before what counts has enough */
    const passing = (bytes: number): number => {
      const left = Math.max(0, limit - packets) / (1 + 1 / segmentsAnAck);
      const allowed = Math.min(bytes, left * mss, Math.max(0, byteLimit - before - up - down));
      packets += Math.ceil(allowed / mss) * (1 + 1 / segmentsAnAck);
      return Math.floor(allowed);
    };
    const carrying = (bytes: number, bits: number): number => {
      const { police } = hindrance;
      const burst =
        police === undefined
          ? bytes
          : Math.min(bytes, police.burstBytes * chance.between(0.8, 1.2) * (on?.drained === true ? 0 : 1));
      const windows = Math.max(0, Math.ceil(Math.log2(bytes / (10 * mss))));
      const free = (burst * 8000) / speed(bits) + windows * line.roundTripMs;
      return police === undefined || bytes <= burst
        ? free
        : free + ((bytes - burst) * 8000) / (police.bits * chance.between(0.9, 1.08));
    };
    up = passing(attempt.upBytes);
    if (up < attempt.upBytes) return end('silent', chance.between(2500, 6000));
    const toAnswer = turn() + carrying(up, line.upBits);
    if (toAnswer >= giveUpMs) return end('silent', giveUpMs);
    const arrives = passing(attempt.downBytes);
    if (arrives === 0) return end('silent', toAnswer + chance.between(2000, 4000));
    clock += toAnswer;
    stages.firstByteAfterMs = clock;
    const took =
      carrying(arrives, line.downBits) +
      (chance.odds(Math.min(0.9, (arrives / mss) * line.loss)) ? turn() : 0);
    // what is still moving at the hard limit is given up
    const share = Math.min(1, (giveUpMs - toAnswer) / Math.max(1, took));
    down = Math.round(arrives * share);
    clock += took * share;
    stages.lastByteAfterMs = clock;
    if (share < 1) return end('cancelled', 0);
    return arrives < attempt.downBytes ? end('silent', chance.between(2500, 6000)) : end('answered', 0);
  }
}
