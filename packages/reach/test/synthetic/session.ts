import type { CauseKind } from '../../src/diagnosis/diagnosis.ts';
import type { Observation } from '../../src/diagnosis/observation.ts';
import { chanceOf, type Chance } from './chance.ts';
import { attemptOver, type Attempt, type Hindrance, type Line } from './simulated-line.ts';

/** A few dozen seconds of a client's life on some network, and what that network did. */
export interface Session {
  readonly seed: number;
  readonly truth: CauseKind;
  /** of the way that is hindered */
  readonly target: string;
  readonly observations: readonly Observation[];
  readonly now: number;
}

export const truths: readonly [CauseKind, ...CauseKind[]] = [
  'works',
  'name-removed',
  'wrong-address',
  'reset',
  'silent-after-hello',
  'frozen',
  'throttled',
  'slow-network',
  'banned',
  'protocol-refused',
  'border-cut',
  'no-network',
  'relay-down',
  'unclear',
];

type Way = Observation['way'];

/** Everything a story is told with. */
interface Stage {
  /** in a browser, which hides what lies below an answer */
  readonly blind: boolean;
  readonly chance: Chance;
  readonly line: Line;
  readonly target: Way;
  /** another relay, by its name */
  readonly other: Way;
  /** a third, by its address without a name */
  readonly literal: Way;
  /** tries a way; what is asked for is small unless said */
  try(way: Way, options?: Trying): void;
  pass(leastMs: number, mostMs: number): void;
}

interface Trying {
  readonly hindrance?: Hindrance;
  readonly bulk?: number;
  readonly up?: boolean;
  readonly again?: boolean;
  readonly resolved?: Observation['resolved'];
}

export function sessionOf(seed: number): Session {
  const chance = chanceOf(seed);
  const truth = truths[Math.floor(seed / 2) % truths.length] ?? 'works';
  const line = truth === 'slow-network' ? slowLine(chance) : ordinaryLine(chance);
  const blind = chance.odds(0.15) && blindCan.has(truth);
  const port = chance.pick([443, 443, 8443]);
  const way = (relay: string, about: Partial<Way>): Way => {
    const made = { kind: 'https', port, relay, ...about } as const;
    return { ...made, key: `${relay}/${made.kind}/${made.name ?? made.address ?? ''}` };
  };
  const kind = truth === 'protocol-refused' ? 'websocket' : 'https';
  const target = way('a', { name: 'a.example', kind });
  const observations: Observation[] = [];
  let clock = chance.between(0, 1e6);
  let lastEnd = clock;
  const stage: Stage = {
    blind,
    chance,
    line,
    target,
    other: way('b', { name: 'b.example' }),
    literal: way('c', { address: '203.0.113.10' }),
    try(of, { hindrance = {}, bulk, up = false, again = false, resolved = systemAnswer(of, chance) } = {}) {
      const on = again ? lastConnection(observations, of) : undefined;
      const attempt: Attempt = {
        way: of,
        beganAt: clock,
        upBytes: up && bulk !== undefined ? bulk : chance.whole(300, 1500),
        downBytes: !up && bulk !== undefined ? bulk : chance.whole(200, 2500),
        bulk: bulk !== undefined,
        hindrance: { ...hindrance, ...mishap(chance, hindrance) },
        ...(resolved === undefined ? {} : { resolved }),
        ...(on === undefined ? {} : { on }),
        blind,
      };
      const seen = attemptOver(line, attempt, chance);
      observations.push(seen);
      lastEnd = Math.max(lastEnd, seen.endedAt);
      // the next one does not wait for one that is silent
      clock = Math.max(clock + chance.between(600, 1500), Math.min(seen.endedAt, clock + 3000));
    },
    pass(leastMs, mostMs) {
      clock += chance.between(leastMs, mostMs);
    },
  };
  stories[truth](stage);
  return { seed, truth, target: target.key, observations, now: lastEnd + chance.between(0, 4000) };
}

/** What a browser can see at all: it knows answers, sizes and silence. */
const blindCan: ReadonlySet<CauseKind> = new Set(['works', 'frozen', 'throttled', 'slow-network']);

function ordinaryLine(chance: Chance): Line {
  const downBits = chance.spread(2_000_000, 60_000_000);
  const roundTripMs = chance.spread(15, 300);
  // by Mathis's formula one connection gets 700 kbit/s and more: with more loss it would be a slow network
  const mostLoss = (11_584_000 / (roundTripMs * 700_000)) ** 2;
  return {
    roundTripMs,
    jitter: chance.between(0, 0.6),
    loss: chance.odds(0.5) ? 0 : chance.between(0, Math.min(0.03, mostLoss)),
    downBits,
    upBits: downBits * chance.between(0.4, 1),
  };
}

function slowLine(chance: Chance): Line {
  const downBits = chance.spread(24_000, 300_000);
  return {
    roundTripMs: chance.spread(150, 1500),
    jitter: chance.between(0, 1),
    loss: chance.between(0, 0.08),
    downBits,
    upBits: downBits * chance.between(0.5, 1),
  };
}

/** Things that go wrong on any network now and then, and mean nothing. */
function mishap(chance: Chance, hindrance: Hindrance): Hindrance {
  if (Object.keys(hindrance).length > 0 || !chance.odds(0.05)) return {};
  return chance.pick<Hindrance>([
    { hello: 'silent' },
    { answer: 'closed-early' },
    { answer: 'reset' },
    { connecting: 'silent' },
  ]);
}

function systemAnswer(way: Way, chance: Chance): Observation['resolved'] {
  return way.name === undefined
    ? undefined
    : { afterMs: chance.between(2, 80), addresses: ['198.51.100.7'], by: 'system' };
}

function lastConnection(made: readonly Observation[], way: Way): Attempt['on'] {
  const last = made.findLast((one) => one.way.key === way.key);
  if (last?.connection === undefined || last.end !== 'answered') return undefined;
  const { exchangesBefore, upBytes, downBytes, ageMs } = last.connection;
  return { exchanges: exchangesBefore + 1, upBytes, downBytes, ageMs };
}

/** The control arms that a client asks for: another relay, and sometimes a third one. */
function controls({ chance, other, literal, try: attempt }: Stage, options?: Trying): void {
  attempt(other, options);
  if (chance.odds(0.5)) attempt(literal, options);
}

/** The same thing two or three times, with control arms between or after. */
function hindered(stage: Stage, hindrance: (time: number) => Trying): void {
  const times = stage.chance.whole(2, 3);
  const early = stage.chance.odds(0.5);
  if (early) controls(stage);
  for (let time = 0; time < times; time += 1) {
    stage.try(stage.target, hindrance(time));
    stage.pass(500, 8000);
  }
  if (!early) controls(stage);
}

function throttle(stage: Stage, withControl: boolean): void {
  const { chance, target, line } = stage;
  const most =
    Math.min(
      line.downBits,
      line.upBits,
      line.loss === 0 ? Infinity : 11_584_000 / (line.roundTripMs * Math.sqrt(line.loss)),
    ) / 9;
  const wanted = chance.pick([
    chance.between(130_000, 150_000),
    chance.spread(5200, 16_000),
    chance.spread(60_000, withControl ? 900_000 : 250_000),
  ]);
  const police = { bits: Math.min(wanted, most), burstBytes: chance.between(2000, 8000) };
  stage.try(target, { hindrance: { police } });
  const up = !stage.blind && chance.odds(0.25);
  const bulk = chance.whole(16_000, up ? 24_000 : 60_000);
  for (let time = 0; time < chance.whole(2, 3); time += 1) {
    stage.try(target, { hindrance: { police }, bulk, up });
    stage.pass(200, 4000);
  }
  if (withControl) controls(stage, { bulk: chance.whole(16_000, 40_000) });
}

const stories: Readonly<Record<CauseKind, (stage: Stage) => void>> = {
  works(stage) {
    for (let time = 0; time < stage.chance.whole(2, 5); time += 1) {
      const { chance } = stage;
      stage.try(
        stage.target,
        chance.odds(0.4) ? { bulk: chance.whole(8000, 60_000) } : { again: chance.odds(0.5) },
      );
      stage.pass(200, 9000);
    }
    controls(stage);
    stage.try(stage.target);
  },
  'name-removed'(stage) {
    const { chance, target } = stage;
    const resolving = { afterMs: chance.between(2, 300), failed: 'no-such-name', by: 'system' } as const;
    hindered(stage, () => ({ hindrance: { resolving } }));
    if (chance.odds(0.5))
      stage.try(
        { ...target, key: `${target.key}/memory`, address: '198.51.100.7' },
        { resolved: { afterMs: 0, addresses: ['198.51.100.7'], by: 'memory' } },
      );
  },
  'wrong-address'(stage) {
    const { chance, target } = stage;
    const addresses = [chance.pick(['10.10.34.34', '10.10.34.36', '192.0.2.77', '203.0.113.99'])];
    const resolving = { afterMs: chance.between(2, 60), addresses, by: 'system' } as const;
    const there = chance.pick<Hindrance>([
      { connecting: 'silent' },
      { hello: 'wrong-certificate' },
      { answer: 'not-a-relay' },
      { hello: 'reset' },
    ]);
    hindered(stage, () => ({ hindrance: { resolving, ...there } }));
    stage.try(
      { ...target, key: `${target.key}/https`, address: '198.51.100.7' },
      { resolved: { afterMs: 90, addresses: ['198.51.100.7'], by: 'https' } },
    );
  },
  reset(stage) {
    const where = stage.chance.pick<Hindrance>([{ hello: 'reset' }, { hello: 'reset' }, { answer: 'reset' }]);
    hindered(stage, () => ({ hindrance: where }));
  },
  'silent-after-hello'(stage) {
    const where = stage.chance.pick<Hindrance>([
      { hello: 'silent' },
      { hello: 'silent' },
      { answer: 'silent' },
    ]);
    hindered(stage, () => ({ hindrance: where }));
  },
  frozen(stage) {
    const { chance, target, literal, other } = stage;
    const packets = chance.pick([25, 25, 25, chance.whole(20, 60)]);
    const hindrance = chance.odds(0.7)
      ? { packets }
      : { bytes: chance.pick([chance.whole(6000, 9000), 16_384, chance.whole(14_000, 64_000)]) };
    const holds = (hindrance.bytes ?? packets * 1400) * 1.2;
    stage.try(target, { hindrance });
    const big = (): Trying => ({ up: chance.odds(0.2), bulk: Math.round(holds * chance.between(1.1, 2)) });
    for (let time = 0; time < chance.whole(2, 3); time += 1) {
      stage.try(target, { hindrance, ...big(), ...(time === 0 && { up: false }) });
      stage.pass(500, 5000);
    }
    // now and then one gets through
    if (chance.odds(0.15)) stage.try(target, big());
    stage.try(target, { hindrance });
    // the control arm may be inside the country, or frozen like everything
    stage.try(other, { bulk: 24_000, hindrance: chance.odds(0.5) ? {} : hindrance });
    if (chance.odds(0.5)) stage.try(literal, { hindrance });
  },
  throttled: (stage) => throttle(stage, true),
  'slow-network'(stage) {
    const { chance, target, other } = stage;
    for (let time = 0; time < chance.whole(2, 3); time += 1) {
      stage.try(target, { bulk: chance.whole(12_000, 24_000) });
      stage.try(other, { bulk: chance.whole(12_000, 24_000) });
      stage.pass(500, 3000);
    }
    controls(stage);
  },
  banned(stage) {
    const { chance, target } = stage;
    for (let time = 0; time < chance.whole(4, 7); time += 1) {
      stage.try(target);
      stage.pass(0, 2000);
    }
    for (let time = 0; time < chance.whole(1, 2); time += 1)
      stage.try(target, { hindrance: { hello: 'silent' } });
    controls(stage);
  },
  'protocol-refused'(stage) {
    const { chance, target } = stage;
    const plain = { ...target, kind: 'https', key: `${target.key}/plain` } as const;
    stage.try(plain);
    const where = chance.pick<Hindrance>([
      { answer: 'silent' },
      { answer: 'closed-early' },
      { answer: 'not-a-relay' },
      { answer: 'reset' },
    ]);
    hindered(stage, () => ({ hindrance: where }));
    stage.try(plain);
  },
  'border-cut'(stage) {
    const { chance, target, other, literal } = stage;
    const hindrance = chance.pick<Hindrance>([
      { connecting: 'silent' },
      { connecting: 'silent' },
      { hello: 'silent' },
    ]);
    for (let time = 0; time < chance.whole(1, 3); time += 1)
      for (const way of [target, other, literal]) stage.try(way, { hindrance });
  },
  'no-network'(stage) {
    const { chance, target, other, literal } = stage;
    const said = chance.odds(0.6);
    for (let time = 0; time < chance.whole(1, 2); time += 1)
      for (const way of [target, literal, other]) {
        const resolving = { afterMs: chance.between(2000, 5000), failed: 'no-answer', by: 'system' } as const;
        const silent = way.name === undefined ? { connecting: 'silent' as const } : { resolving };
        stage.try(way, { hindrance: said ? { connecting: 'no-network' } : silent });
      }
  },
  'relay-down'(stage) {
    const hindrance = stage.chance.pick<Hindrance>([
      { connecting: 'silent' },
      { connecting: 'refused-connection' },
    ]);
    hindered(stage, () => ({ hindrance }));
  },
  unclear(stage) {
    const { chance, target } = stage;
    if (chance.odds(0.5)) throttle(stage, false);
    else
      stage.try(target, {
        hindrance: chance.pick<Hindrance>([
          { hello: 'silent' },
          { hello: 'reset' },
          { answer: 'reset' },
          { connecting: 'silent' },
        ]),
      });
  },
};
