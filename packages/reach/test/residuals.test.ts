import { describe, expect, test } from 'vitest';
import { dialRules } from '../src/dialer/dial-rules.ts';
import { Residuals } from '../src/dialer/residuals.ts';
import type { ObservedWay } from '../src/dialer/attempt-report.ts';
import { requestFor } from '../src/testing/simulated-network.ts';
import { carry, chat, deliver, dialerScene } from './dialer-scene.ts';
import { address, censor } from './residual-censor.ts';

const t0 = 1_794_000_000_000;
const named: ObservedWay = {
  carrier: 'https',
  host: 'one.example',
  port: 443,
  tls: true,
  by: 'system',
  serverName: 'one.example',
};
const literal: ObservedWay = { ...named, host: address, by: 'literal', serverName: '' };
const at = (
  now: number,
  met: string | undefined = address,
): { now: number; address: string | undefined } => ({
  now,
  address: met,
});
const rests = (residuals: Residuals, way: ObservedWay, now: number): boolean =>
  residuals.rests(way, { now, remembered: undefined });

/** One that was reset there at that time. */
function afterReset(now = t0): Residuals {
  const residuals = new Residuals();
  residuals.wasReset(named, at(now));
  return residuals;
}

describe('a place where a hello was reset', () => {
  test('rests as long as a ban would, whichever way leads there; its other ports and other places do not', () => {
    const residuals = afterReset();
    const thither = [named, literal, { ...named, serverName: '' }, { ...named, by: 'doh' } as const];
    const elsewhere = [
      { ...named, port: 8443 },
      { ...literal, host: '203.0.113.11' },
      { ...literal, port: 8443 },
    ];
    for (const way of thither) {
      expect(rests(residuals, way, t0 + dialRules.silenceMs - 1)).toBe(true);
      expect(rests(residuals, way, t0 + dialRules.silenceMs)).toBe(false);
    }
    for (const way of elsewhere) expect(rests(residuals, way, t0 + 1)).toBe(false);
  });

  test('is another than the address under which the name was good before', () => {
    const options = { now: t0 + 1, remembered: '203.0.113.11' };
    expect(afterReset().rests({ ...named, by: 'remembered' }, options)).toBe(false);
  });

  test('rests anew from each try that nothing answered, and is left alone then, ever longer', () => {
    const residuals = afterReset();
    const untilMs = (now: number): number =>
      residuals.restsUntil(literal, { now, remembered: undefined }) - now;
    expect(untilMs(t0 + 100_000)).toBeLessThan(0);
    const pauses: number[] = [];
    for (let times = 0, now = t0 + 100_000; times < 7; times += 1) {
      expect(residuals.wasSilent(literal, { ...at(now, undefined), alone: true })).toBe(true);
      pauses.push(untilMs(now));
      now += untilMs(now);
    }
    expect(pauses).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 200_000, 200_000]);
    expect(residuals.wasSilent(literal, { ...at(t0 + 9_000_000, undefined), alone: true })).toBe(false);
  });

  test('is left alone as long as a ban lasts where something else was answered since the try', () => {
    const residuals = afterReset();
    residuals.wasSilent(literal, { ...at(t0 + 3000, undefined), alone: false });
    const options = { now: t0 + 3000, remembered: undefined };
    expect(residuals.restsUntil(literal, options)).toBe(t0 + 3000 + dialRules.silenceMs);
  });

  test('rests no more on a network where one answered meanwhile, until one is silent again', () => {
    const residuals = afterReset();
    residuals.answered(named, at(t0 + 5000));
    expect(rests(residuals, literal, t0 + 5000)).toBe(false);
    residuals.wasReset(named, at(t0 + 200_000));
    expect(rests(residuals, literal, t0 + 200_001)).toBe(false);
    residuals.wasSilent(literal, { ...at(t0 + 203_000, undefined), alone: true });
    expect(rests(residuals, literal, t0 + 203_001)).toBe(true);
  });

  test('is not cleared by an answer that was on its way', () => {
    const residuals = afterReset();
    residuals.answered(literal, at(t0 + 60));
    expect(rests(residuals, literal, t0 + 61)).toBe(true);
  });

  test('stops nobody after a clock was set back, and is forgotten when there are too many', () => {
    const residuals = afterReset();
    expect(rests(residuals, literal, t0 - 86_400_000)).toBe(false);
    for (let port = 1000; port < 1063; port += 1) residuals.wasReset({ ...literal, port }, at(t0, undefined));
    expect(rests(residuals, literal, t0 + 1)).toBe(true);
    residuals.wasReset({ ...literal, port: 1063 }, at(t0, undefined));
    expect(rests(residuals, literal, t0 + 1)).toBe(false);
  });
});

test.for(['silence', 'refuse'] as const)(
  'where a place meets everything with %s after a reset, nobody tries there while another way is open',
  async (how) => {
    const endpoints = [`https://${address}`, 'https://203.0.113.11'];
    for (const seed of [1, 2]) {
      const scene = dialerScene({}, { endpoints, seed });
      const { rules, tries } = censor(() => scene.world.now(), { forMs: 120_000, how });
      scene.network.rules = rules;
      expect(await scene.world.run(deliver(scene))).toBeLessThan(1000);
      const took = await scene.world.run(chat(scene, { texts: 200, everyMs: 3000 }));
      expect(Math.max(...took)).toBeLessThan(3000);
      expect(tries).toEqual([]);
    }
  },
);

test.for(['silence', 'refuse'] as const)(
  'where there is no other way, one is tried ever more rarely, so that %s for a while ends',
  async (how) => {
    const scene = dialerScene({});
    const { rules, tries } = censor(() => scene.world.now(), { forMs: 120_000, how });
    scene.network.rules = rules;
    expect(await scene.world.run(deliver(scene))).toBeLessThan(600_000);
    expect(tries.length).toBeLessThanOrEqual(8);
  },
);

test('where a name is reset and nothing else, saying none at the same address passes at once', async () => {
  const scene = dialerScene({
    addressOf: () => address,
    onHello: ({ serverName }) => (serverName === '' ? undefined : 'reset'),
  });
  expect(await scene.world.run(carry(scene, requestFor(300)).then(() => scene.world.now()))).toBeLessThan(
    t0 + 1000,
  );
});
