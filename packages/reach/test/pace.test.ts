import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dialRules } from '../src/dialer/dial-rules.ts';
import {
  freshPace,
  greeted,
  mayStartAt,
  othersOf,
  ruleAt,
  started,
  unanswered,
  type Others,
  type Pace,
} from '../src/dialer/pace.ts';

const t0 = 1_794_000_000_000;
const text = { bulk: false, named: true, others: 'unknown' } as const;
const bulk = { ...text, bulk: true };
const start = (pace: Pace, now: number, rttMs = 60): Pace =>
  started(pace, { now, named: true, rttMs, chance: 0.5 });

interface Walk {
  readonly pace: Pace;
  readonly starts: readonly number[];
}

/** Starts as soon as it may, so many times, each greeted. */
function walk(times: number, wish: Parameters<typeof mayStartAt>[1] = text, from: Pace = freshPace): Walk {
  let pace = from;
  const starts: number[] = [];
  for (let at = 0; at < times; at += 1) {
    const now = mayStartAt(pace, wish, starts.at(-1) ?? t0);
    starts.push(now);
    pace = greeted(start(pace, now), now + 60);
  }
  return { pace, starts };
}

describe('connections to a name of which nothing is known', () => {
  test('are three a minute, spread, and two of those for bulk', () => {
    const trying = { ...text, others: 'trying' } as const;
    expect(walk(4, trying).starts.map((at) => at - t0)).toEqual([0, 700, 1400, dialRules.startWindowMs]);
    const forBulk = { ...bulk, others: 'trying' } as const;
    expect(walk(3, forBulk).starts.map((at) => at - t0)).toEqual([0, 700, dialRules.startWindowMs]);
  });

  test('are further apart where the line is slow', () => {
    const pace = start(freshPace, t0, 250);
    expect(mayStartAt(pace, text, t0 + 1) - t0).toBeGreaterThanOrEqual(dialRules.slowGapMs);
  });

  test('become as many as one likes when a fourth was answered, and all are spread', () => {
    const { pace, starts } = walk(30);
    expect(pace.rule).toBe('free');
    const gaps = starts.slice(1).map((at, place) => at - (starts[place] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(dialRules.gapMs);
    expect((starts.at(-1) ?? 0) - t0).toBeLessThan(60_000);
  });
});

test('where no name is said a start that was a little late makes none after it later, and one after a rest does not hurry', () => {
  const unnamed = (pace: Pace, now: number): Pace =>
    started(pace, { now, named: false, rttMs: 60, chance: 0 });
  const gapMs = dialRules.addressGapMs;
  const first = unnamed(freshPace, t0);
  expect(first.notBefore - t0).toBe(gapMs);
  const late = unnamed(first, t0 + gapMs + 20);
  expect(late.notBefore - t0).toBe(2 * gapMs);
  expect(unnamed(late, t0 + 10_000).notBefore - t0).toBe(10_000 + gapMs);
});

describe('a ban', () => {
  const { pace, starts } = walk(3);
  const fourthAt = mayStartAt(pace, text, starts.at(-1) ?? 0);
  const banned = unanswered(start(pace, fourthAt), { now: fourthAt + 3000, alone: true });

  test('is what a hello without an answer is, after several that had one', () => {
    expect(banned).toMatchObject({ rule: 'counted', bannedAt: fourthAt + 3000 });
  });

  test('is sat out in silence, then starts are two a minute for an hour, and never more than three after', () => {
    const first = mayStartAt(banned, text, fourthAt + 3000);
    expect(first - fourthAt - 3000).toBe(dialRules.silenceMs);
    const next = walk(200, text, banned).starts.filter((at) => at > fourthAt + 3000);
    for (const at of next) {
      const inWindow = next.filter((one) => one > at - 60_000 && one <= at).length;
      expect(inWindow).toBeLessThanOrEqual(at - fourthAt < dialRules.counted.forMs ? 2 : 3);
    }
  });

  test('of one name is believed of the others', () => {
    expect(othersOf([freshPace, banned], fourthAt + 5000)).toBe('counted');
    const careful = walk(4, { ...text, others: 'counted' }).starts;
    expect((careful[3] ?? 0) - (careful[0] ?? 0)).toBe(dialRules.startWindowMs);
  });
});

test('a hello that was ended is no ban, also after several that were answered', () => {
  const { pace, starts } = walk(3);
  const now = mayStartAt(pace, text, starts.at(-1) ?? 0);
  const after = unanswered(start(pace, now), { now: now + 100, alone: true, cut: true });
  expect(after.bannedAt).toBeUndefined();
  expect(after.silentUntil - now - 100).toBe(2 * dialRules.firstSilenceMs);
});

test('a hello without an answer where nothing else is answered either is tried again soon, then ever later', () => {
  let pace: Pace = freshPace;
  const pauses: number[] = [];
  let now = t0;
  for (let times = 0; times < 8; times += 1) {
    pace = unanswered(start(pace, now), { now: now + 3000, alone: true });
    const next = mayStartAt(pace, text, now + 3000);
    pauses.push(next - now - 3000);
    now = next;
  }
  expect(pauses).toEqual([10_000, 20_000, 40_000, 80_000, 130_000, 130_000, 130_000, 130_000]);
});

test('a clock that was set back stops nobody for long', () => {
  const { pace } = walk(3);
  const banned = unanswered(pace, { now: t0 + 3000, alone: false });
  expect(mayStartAt(banned, text, t0 - 86_400_000) - (t0 - 86_400_000)).toBeLessThanOrEqual(
    dialRules.silenceMs,
  );
});

describe('once the clock was set back', () => {
  const now = t0 - 3_600_000;
  const { pace, starts } = walk(3);
  const ahead = start(pace, (starts.at(-1) ?? 0) + 1000);

  test('what had been started before shows nothing of what is answered, or not, from then on', () => {
    const one = start(ahead, now);
    expect(one.starts).toEqual([now]);
    expect(greeted({ ...ahead, starts: [now, ...ahead.starts] }, now + 60).rule).toBe('careful');
    const silent = unanswered({ ...ahead, starts: [now, ...ahead.starts] }, { now: now + 3000, alone: true });
    expect(silent.bannedAt).toBeUndefined();
    expect(othersOf([ahead], now)).toBe('unknown');
  });

  test('a silence that lies ahead does not hide one that begins now', () => {
    const silent = unanswered(ahead, { now: t0 + 6000, alone: false });
    const again = unanswered(silent, { now, alone: false });
    expect(mayStartAt(again, text, now) - now).toBe(dialRules.silenceMs);
  });

  test('nobody takes a ban that lies ahead for one that holds', () => {
    const banned = unanswered(ahead, { now: t0 + 6000, alone: true });
    expect(ruleAt(banned, 'unknown', t0 + 6000)).toBe('counted');
    expect(ruleAt(banned, 'unknown', now)).toBe('careful');
    expect(ruleAt({ ...banned, rule: 'careful' }, 'free', now)).toBe('free');
    expect(othersOf([banned], now)).toBe('unknown');
  });
});

test('whatever comes, no more than the rule allows starts in any minute', () => {
  const events = fc.array(
    fc.record({
      pauseMs: fc.nat(20_000),
      bulk: fc.boolean(),
      answered: fc.boolean(),
      others: fc.constantFrom<Others>('unknown', 'trying', 'counted'),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(events, (all) => {
      let pace: Pace = freshPace;
      let now = t0;
      const starts: number[] = [];
      for (const event of all) {
        now = Math.max(
          now + event.pauseMs,
          mayStartAt(pace, { ...text, bulk: event.bulk, others: event.others }, now),
        );
        starts.push(now);
        pace = start(pace, now);
        pace = event.answered ? greeted(pace, now + 60) : unanswered(pace, { now: now + 3000, alone: false });
        if (!event.answered) now += 3000;
        if (pace.rule === 'free') return;
        const inMinute = starts.filter((at) => at > now - 60_000).length;
        // three, and a fourth that finds out
        expect(inMinute).toBeLessThanOrEqual(dialRules.carefulStarts + 1);
      }
    }),
  );
});
