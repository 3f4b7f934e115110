import fc from 'fast-check';
import { expect, test } from 'vitest';

import { chanceOf, Leg, mobileLink, Schedule, type LegProfile } from '@tern/lab';

import { HandClock } from './support/hand-clock.ts';

/** When each of the packets comes out that go in at these moments; undefined for what does not. */
function passAll(profile: LegProfile, packets: readonly (readonly [at: number, bytes: number])[], seed = 1) {
  const leg = new Leg(profile, chanceOf(seed, 'test'));
  return packets.map(([at, bytes]) => {
    const passage = leg.pass(bytes, at);
    return passage.kind === 'due' ? passage.at : undefined;
  });
}

function steady(count: number, everyMs: number, bytes = 1500): readonly (readonly [number, number])[] {
  return Array.from({ length: count }, (_, index) => [index * everyMs, bytes] as const);
}

test('a line without properties gives every packet on at once', () => {
  expect(passAll({}, steady(3, 10))).toEqual([0, 10, 20]);
});

test('a delay moves every packet by as much', () => {
  expect(passAll({ delayMs: 30 }, steady(3, 10))).toEqual([30, 40, 50]);
});

test('a rate spaces packets by their length, and drops what would wait too long', () => {
  // 1500 bytes at 5 Mbit/s take 2.4 ms
  const times = passAll({ kilobitsPerSecond: 5000, queueMs: 10 }, steady(8, 0));
  expect(times.map((time) => time?.toFixed(1))).toEqual([
    '2.4',
    '4.8',
    '7.2',
    '9.6',
    '12.0',
    undefined,
    undefined,
    undefined,
  ]);
});

test('over a minute a line carries exactly its rate', () => {
  // twice as much is sent as fits: 20 Mbit/s are 2 500 bytes in a millisecond
  const times = passAll({ kilobitsPerSecond: 20_000 }, steady(200_000, 0.3));
  const through = times.filter((time) => time !== undefined && time <= 60_000).length;
  expect((through * 1500 * 8) / 60_000).toBeCloseTo(20_000, -2);
});

test('a line loses the share that it should, and the same packets for the same seed', () => {
  const lost = (seed: number) =>
    passAll({ loss: 0.005 }, steady(100_000, 1), seed).flatMap((time, index) =>
      time === undefined ? [index] : [],
    );
  expect(lost(1).length / 100_000).toBeCloseTo(0.005, 3);
  expect(lost(1)).toEqual(lost(1));
  expect(lost(1)).not.toEqual(lost(2));
});

test('jitter stays within its bounds where packets are far apart', () => {
  const times = passAll({ delayMs: 30, jitterMs: 10 }, steady(10_000, 100)) as number[];
  const delays = times.map((time, index) => time - index * 100);
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(20);
  expect(Math.max(...delays)).toBeLessThanOrEqual(40);
  expect(delays.reduce((sum, delay) => sum + delay, 0) / delays.length).toBeCloseTo(30, 0);
});

test('no packet overtakes another one', () => {
  const gaps = fc.array(fc.tuple(fc.nat({ max: 50 }), fc.integer({ min: 40, max: 1500 })), {
    maxLength: 100,
  });
  fc.assert(
    fc.property(fc.nat(), gaps, (seed, steps) => {
      let at = 0;
      const packets = steps.map(([gap, bytes]) => [(at += gap), bytes] as const);
      const times = passAll(mobileLink.down, packets, seed).filter((time) => time !== undefined);
      expect(times).toEqual(times.toSorted((one, other) => one - other));
    }),
  );
});

test('tasks run in the order of their times, and those of one moment in the order they came', () => {
  const when = fc.array(fc.nat({ max: 40 }), { maxLength: 60 });
  fc.assert(
    fc.property(when, (moments) => {
      const clock = new HandClock();
      const schedule = new Schedule(clock, () => undefined);
      const ran: { readonly due: number; readonly index: number }[] = [];
      for (const [index, due] of moments.entries()) {
        schedule.at(due, () => {
          expect(Math.abs(clock.now() - due)).toBeLessThanOrEqual(1);
          ran.push({ due, index });
        });
      }
      clock.moveTo(100);
      expect(schedule.waiting).toBe(0);
      expect(ran).toEqual(ran.toSorted((one, other) => one.due - other.due || one.index - other.index));
      expect(ran.length).toBe(moments.length);
    }),
  );
});

test('what comes later may be due earlier', () => {
  const clock = new HandClock();
  const schedule = new Schedule(clock, () => undefined);
  const ran: number[] = [];
  schedule.at(50, () => ran.push(50));
  clock.moveTo(10);
  schedule.at(20, () => ran.push(20));
  clock.moveTo(30);
  expect(ran).toEqual([20]);
  clock.moveTo(60);
  expect(ran).toEqual([20, 50]);
});

test('how late a task runs is told', () => {
  const clock = new HandClock(7);
  const late: number[] = [];
  const schedule = new Schedule(clock, (ms) => late.push(ms));
  schedule.at(10, () => undefined);
  clock.moveTo(100);
  expect(late).toEqual([7]);
});
