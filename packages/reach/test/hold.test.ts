import { decode, encode, UnreachableError } from '@tern/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { heldBack, holdRules, lostHold, nextHoldMs, type LearnedHold } from '../src/dialer/hold.ts';
import { wayBookCodec } from '../src/index.ts';
import { requestFor } from '../src/testing/simulated-network.ts';
import { carry, dialerScene, hint, type DialerScene } from './dialer-scene.ts';

const { restMs, shortestMs, longestMs, mostRestMs, graceMs } = holdRules;
const hourMs = 3_600_000;

const held = (lengths: readonly number[], from?: LearnedHold): LearnedHold | undefined =>
  lengths.reduce<LearnedHold | undefined>(heldBack, from);

/** As long as it was to be kept back, and in vain. */
const late = (hold: LearnedHold | undefined, ms: number, now: number): LearnedHold =>
  lostHold(hold, { heldMs: ms, askedMs: ms }, now);

describe('how long an answer may be kept back', () => {
  test('is twice as long after one that came, up to the longest', () => {
    expect(nextHoldMs(undefined, 0)).toBe(shortestMs);
    expect(nextHoldMs(held([39_000]), 0)).toBe(80_000);
    expect(nextHoldMs(held([39_000, 36_000]), 0)).toBe(80_000);
    expect(nextHoldMs(held([36_000, 70_000]), 0)).toBe(160_000);
    expect(nextHoldMs(held([39_000, 75_000, 140_000, 290_000]), 0)).toBe(longestMs);
    expect(nextHoldMs(held([600_000, 600_000, 600_000]), 0)).toBe(longestMs);
  });

  test('is learnt from none that news ended early', () => {
    expect(held([1000, 20_000, 33_000])).toMatchObject({ passes: 0 });
    const long = held([150_000, 150_000]);
    expect(held([40_000, 80_000, 100_000], long)).toEqual(long);
  });

  test('is the shortest again when one did not come, and what was lost is not tried again soon', () => {
    const lost = late(held([150_000, 150_000]), 300_000, 1000);
    expect(nextHoldMs(lost, 1000)).toBe(shortestMs);
    const again = held([38_000, 38_000, 75_000, 75_000, 150_000, 150_000, 230_000, 230_000], lost);
    expect(nextHoldMs(again, 1000 + restMs - 1)).toBe(240_000);
    expect(nextHoldMs(again, 1000 + restMs)).toBe(320_000);
    const twice = late(again, 300_000, 2000);
    const then = held([38_000, 38_000, 75_000, 75_000, 150_000, 150_000, 230_000, 230_000], twice);
    expect(nextHoldMs(then, 2000 + 4 * restMs - 1)).toBe(240_000);
    expect(held([300_000], then)).toEqual({ ms: 320_000, passes: 1 });
  });

  test('finds what lies between one that was lost and its half', () => {
    const lost = late(held([300_000]), 600_000, 0);
    const after = (...lengths: readonly number[]): number => nextHoldMs(held(lengths, lost), 0);
    expect([after(38_000), after(75_000), after(150_000)]).toEqual([80_000, 160_000, 320_000]);
    expect([after(300_000), after(300_000, 450_000)]).toEqual([480_000, 480_000]);
    const lostBetween = late(held([300_000], lost), 450_000, 0);
    expect(nextHoldMs(held([300_000], lostBetween), 0)).toBe(320_000);
    // the shortest two have nothing between them
    expect(nextHoldMs(held([38_000], late(undefined, 75_000, 0)), 0)).toBe(40_000);
  });

  test('is not to blame for what broke at once, or where the shortest did', () => {
    const long = held([600_000, 600_000]);
    expect(late(long, 4000, 0)).toBe(long);
    expect(late(long, 30_000, 0)).toEqual({ ms: shortestMs, passes: 0 });
    expect(lostHold(held([38_000]), { heldMs: 30_000, askedMs: 80_000 }, 0)).toEqual({
      ms: shortestMs,
      passes: 0,
    });
  });

  test('cut aloud before its time counts as the length that was tried', () => {
    const [to80, to160] = [held([38_000]), held([38_000, 75_000])];
    for (const heldMs of [36_000, 60_000, 75_000])
      expect(lostHold(to80, { heldMs, askedMs: 75_000 }, 0).lost).toEqual({ ms: 80_000, at: 0, times: 1 });
    const at100 = lostHold(to160, { heldMs: 100_000, askedMs: 150_000 }, 0);
    expect(at100.lost?.ms).toBe(160_000);
    const again = held([38_000, 38_000, 75_000, 75_000], at100);
    expect(nextHoldMs(again, 0)).toBe(120_000);
    const between = lostHold(again, { heldMs: 100_000, askedMs: 115_000 }, 0);
    expect(between.lost?.ms).toBe(120_000);
    expect(nextHoldMs(held([38_000, 38_000, 75_000, 75_000], between), 0)).toBe(80_000);
    // of what had held, no length that was reached
    const long = held([600_000, 600_000]);
    expect(lostHold(long, { heldMs: 100_000, askedMs: 600_000 }, 0).lost?.ms).toBe(120_000);
    expect(lostHold(long, { heldMs: 610_000, askedMs: 640_000 }, 0).lost?.ms).toBe(640_000);
  });

  test('rests longer each time that the same length is lost, and no longer for what others were', () => {
    let hold = held([300_000]);
    for (const times of [1, 2, 3, 4, 4]) {
      hold = late(hold, 640_000, 0);
      expect(hold.lost).toEqual({ ms: 640_000, at: 0, times });
    }
    expect(late(hold, 120_000, 0).lost).toEqual({ ms: 120_000, at: 0, times: 1 });
  });

  test('never grows past what came by more than one step, whatever comes and does not', () => {
    const event = fc.record({ lost: fc.boolean(), ms: fc.nat(longestMs + graceMs), afterMs: fc.nat(hourMs) });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        let hold: LearnedHold | undefined;
        let now = 0;
        let longest = 0;
        let lostAt = -Infinity;
        for (const { lost, ms, afterMs } of events) {
          now += afterMs;
          if (lost) hold = lostHold(hold, { heldMs: ms, askedMs: Math.max(ms, nextHoldMs(hold, now)) }, now);
          else hold = heldBack(hold, ms);
          if (lost && ms >= holdRules.leastMs) {
            expect(nextHoldMs(hold, now)).toBe(shortestMs);
            longest = 0;
            lostAt = now;
          }
          if (!lost) longest = Math.max(longest, ms);
          const next = nextHoldMs(hold, now);
          expect(next).toBeLessThanOrEqual(Math.max(shortestMs, 2 * (longest / holdRules.share)));
          expect(next).toBeLessThanOrEqual(longestMs);
          expect(nextHoldMs(hold, Math.max(now, lostAt + mostRestMs))).toBeGreaterThanOrEqual(next);
        }
      }),
    );
  });
});

interface Waited {
  /** how long each was to be kept back, in order */
  readonly asked: readonly number[];
  /** from asking until it was known that nothing would come */
  readonly lost: readonly number[];
}

/** Waits as somebody does who is written nothing. */
async function waitAlong(scene: DialerScene, ms: number): Promise<Waited> {
  const { world, dialer } = scene;
  const until = world.now() + ms;
  const [asked, lost]: [number[], number[]] = [[], []];
  while (world.now() < until) {
    const heldMs = dialer.holdMs(hint);
    const began = world.now();
    asked.push(heldMs);
    try {
      await carry(scene, requestFor(300), { heldMs });
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      lost.push(world.now() - began);
      await carry(scene, requestFor(300));
    }
  }
  return { asked, lost };
}

describe('somebody who only waits', () => {
  test('asks 9 times in the first hour on a good network, and 6 times in each that follows', async () => {
    const scene = dialerScene({});
    const first = await scene.world.run(waitAlong(scene, hourMs));
    expect(first.asked.slice(0, 5).map((ms) => ms / 1000)).toEqual([40, 80, 160, 320, 640]);
    expect([first.asked.length, first.lost.length]).toEqual([9, 0]);
    expect((await scene.world.run(waitAlong(scene, hourMs))).asked).toHaveLength(6);
  });

  test('begins where yesterday ended on this network', async () => {
    const scene = dialerScene({});
    await scene.world.run(waitAlong(scene, hourMs));
    const tomorrow = dialerScene({});
    tomorrow.dialer.load(decode(wayBookCodec, encode(wayBookCodec, scene.dialer.record())));
    expect(tomorrow.dialer.holdMs(hint)).toBe(longestMs);
  });

  test('loses one answer in an hour where silence is forgotten after two minutes, and ever fewer', async () => {
    const scene = dialerScene({ forgetsMs: 120_000 });
    const first = await scene.world.run(waitAlong(scene, hourMs));
    expect(first.lost).toHaveLength(1);
    // so late may be what somebody wrote: less than was tried and the grace, less what the network does keep
    expect(first.lost.every((ms) => ms <= 160_000 + graceMs + 1000)).toBe(true);
    expect(first.asked.slice(-10)).toEqual(Array.from({ length: 10 }, () => 120_000));
    const day = await scene.world.run(waitAlong(scene, 24 * hourMs));
    expect(day.lost.length).toBeLessThanOrEqual(4);
    expect(Math.max(...day.lost)).toBeLessThanOrEqual(160_000 + graceMs + 1000);
  });

  test.each([
    { cutsMs: 60_000, keeps: 40, first: 1, day: 3 },
    { cutsMs: 100_000, keeps: 80, first: 2, day: 3 },
    { cutsMs: 200_000, keeps: 160, first: 2, day: 3 },
  ])(
    'loses ever fewer where whoever waits for $cutsMs ms is cut off aloud',
    async ({ cutsMs, keeps, first, day }) => {
      for (const plain of [false, true]) {
        const scene = dialerScene({ cutsMs }, { plain });
        const hour = await scene.world.run(waitAlong(scene, hourMs));
        expect(hour.lost).toHaveLength(first);
        expect(new Set(hour.asked.slice(-10).map((ms) => ms / 1000))).toEqual(new Set([keeps]));
        const rest = await scene.world.run(waitAlong(scene, 24 * hourMs));
        expect(rest.lost).toHaveLength(day);
      }
    },
  );

  test('asks anew, and for less, where what waits for long is cut aloud', async () => {
    let cuts = true;
    const scene = dialerScene({
      fate: () => (cuts ? { stop: { direction: 'down', how: 'cut', after: () => 0 } } : undefined),
    });
    const asking = carry(scene, requestFor(300), { heldMs: 80_000 });
    await expect(scene.world.run(asking)).rejects.toMatchObject({ code: 'unheld' });
    cuts = false;
    expect(scene.dialer.reports().map(({ ended }) => ended)).toEqual(['closed']);
    await scene.world.run(waitAlong(scene, hourMs / 4));
    expect(scene.dialer.holdMs(hint)).toBe(40_000);
    await scene.world.run(waitAlong(scene, hourMs));
    expect(scene.dialer.holdMs(hint)).toBe(longestMs);
  });

  test('goes by another way where even the shortest is cut aloud', async () => {
    const scene = dialerScene(
      {
        fate: (way) =>
          way.host === 'one.example'
            ? { stop: { direction: 'down', how: 'cut', after: () => 0 } }
            : undefined,
      },
      { endpoints: ['https://two.example:443'], plain: true },
    );
    const asking = carry(scene, requestFor(300), { heldMs: shortestMs });
    await expect(scene.world.run(asking)).rejects.toMatchObject({ code: 'unheld' });
    await scene.world.run(carry(scene, requestFor(300), { heldMs: shortestMs }));
    expect(scene.dialer.reports().map(({ way }) => way.host)).toEqual(['one.example', 'two.example']);
  });

  test('takes no long wait to a way that has not shown that it carries one', async () => {
    let blocked = false;
    const scene = dialerScene(
      { onHello: (way) => (blocked && way.host === 'one.example' ? 'reset' : undefined) },
      { endpoints: ['https://two.example:443'], plain: true },
    );
    await scene.world.run(waitAlong(scene, hourMs));
    expect(scene.dialer.holdMs(hint)).toBe(longestMs);
    await scene.world.pass(120_000); // no connection is kept for so long
    blocked = true;
    const asking = carry(scene, requestFor(300), { heldMs: longestMs });
    await expect(scene.world.run(asking)).rejects.toMatchObject({ code: 'unheld' });
    expect(scene.dialer.holdMs(hint)).toBe(shortestMs);
    await scene.world.run(carry(scene, requestFor(300), { heldMs: shortestMs }));
    expect(scene.dialer.reports().at(-1)?.way.host).toBe('two.example');
  });

  test('grows where connections freeze: what froze was not kept back for too long', async () => {
    const scene = dialerScene({ freeze: () => ({ packets: 25 }) });
    const first = await scene.world.run(waitAlong(scene, hourMs));
    expect(first.lost.length).toBeLessThanOrEqual(2);
    expect(scene.dialer.holdMs(hint)).toBe(longestMs);
    const hellos = scene.network.hellos.length;
    const second = await scene.world.run(waitAlong(scene, hourMs));
    expect([second.asked.length, second.lost.length]).toEqual([6, 0]);
    expect(scene.network.hellos.length - hellos).toBeLessThanOrEqual(3);
  });

  test.each([
    { packets: 21, longest: 80 },
    { packets: 23, longest: 120 },
    { packets: 25, longest: 160 },
    { packets: 30, longest: 160 },
  ])(
    'finds in a browser how long a connection of $packets packets lives on which its system asks every 45 s',
    async ({ packets, longest }) => {
      const rules = { freeze: () => ({ packets }), keepAliveMs: 45_000 };
      const scene = dialerScene(rules, { plain: true });
      const { world, network } = scene;
      const first = await world.run(waitAlong(scene, hourMs));
      expect(first.lost.length).toBeLessThanOrEqual(6);
      expect(Math.max(...first.lost)).toBeLessThanOrEqual(holdRules.freezingMs + graceMs);
      const before = network.hellos.length;
      const second = await world.run(waitAlong(scene, hourMs));
      expect(second.lost.length).toBeLessThanOrEqual(1);
      // each has a connection of its own, unless it comes after something else and waits for the shortest time
      const hours = second.asked.filter((ms) => ms > shortestMs).length;
      expect(network.hellos.length - before - hours).toBeLessThanOrEqual(2);
      expect(Math.max(...second.asked.slice(-5)) / 1000).toBe(longest);
    },
  );

  test('is not asked for elsewhere because a timer was a little early', async () => {
    for (let part = 0; part < 60; part += 1) {
      const scene = dialerScene({ forgetsMs: 1000 }, { plain: true, endpoints: ['https://two.example'] });
      await scene.world.run(carry(scene, requestFor(300)));
      const asking = carry(scene, requestFor(300), { heldMs: shortestMs - part / 61 });
      await expect(scene.world.run(asking)).rejects.toMatchObject({ code: 'unheld' });
      expect(scene.dialer.reports().map(({ way, held }) => [way.host, held])).toEqual([
        ['one.example', false],
        ['one.example', true],
      ]);
    }
  });

  test('holds no name for banned because a watch on a new connection of a browser was lost', async () => {
    let forgetsMs = 30_000;
    const rules = {
      get forgetsMs() {
        return forgetsMs;
      },
    };
    const scene = dialerScene(rules, { plain: true });
    const { world, dialer } = scene;
    const asking = carry(scene, requestFor(300), { heldMs: shortestMs });
    await expect(world.run(asking)).rejects.toMatchObject({ code: 'unheld' });
    forgetsMs = Infinity;
    const began = world.now();
    await world.run(carry(scene, requestFor(300)));
    expect(world.now() - began).toBeLessThan(1000);
    const paces = [...dialer.record().pages.values()].flatMap((page) => [...page.paces.values()]);
    expect(paces).toMatchObject([{ rule: 'careful', silentUntil: 0, unanswered: 0 }]);
  });

  test('waits the shortest time on a connection that has carried something, where a browser’s freeze', async () => {
    const rules = { freeze: () => ({ packets: 25 }), keepAliveMs: 45_000 };
    const scene = dialerScene(rules, { plain: true });
    const { world, network, dialer } = scene;
    await world.run(waitAlong(scene, hourMs));
    expect(dialer.holdMs(hint)).toBe(160_000);
    const hellos = network.hellos.length;
    await world.run(carry(scene, requestFor(300)));
    expect(dialer.holdMs(hint)).toBe(shortestMs);
    await world.run(carry(scene, requestFor(300), { heldMs: shortestMs }));
    expect(network.hellos.length - hellos).toBe(1);
    expect(dialer.holdMs(hint)).toBe(160_000);
  });

  test('does not wait for long on a connection that another request left while it waited for a start', async () => {
    const rules = { freeze: () => ({ packets: 25 }), keepAliveMs: 45_000 };
    const scene = dialerScene(rules, { plain: true });
    const { world, network, dialer } = scene;
    await world.run(waitAlong(scene, hourMs));
    const before = [network.hellos.length, network.served];
    const heldMs = dialer.holdMs(hint);
    expect(heldMs).toBe(160_000);
    const text = carry(scene, requestFor(300));
    await expect(world.run(carry(scene, requestFor(300), { heldMs }))).rejects.toMatchObject({
      code: 'unheld',
    });
    await world.run(text);
    expect(dialer.reports().at(-1)).toMatchObject({ held: true, ended: 'left', upBytes: 700 });
    const { failure, hold } = [...dialer.record().pages.values()][0]?.ways.values().next().value ?? {};
    expect([failure, hold?.ms]).toEqual([undefined, 160_000]);
    expect(dialer.holdMs(hint)).toBe(shortestMs);
    await world.run(carry(scene, requestFor(300), { heldMs: shortestMs }));
    const after = [network.hellos.length, network.served];
    expect(after.map((count, at) => count - (before[at] ?? 0))).toEqual([1, 2]);
  });

  test('asks for the shortest once one did not come', async () => {
    let forgetsMs = Infinity;
    const scene = dialerScene({
      get forgetsMs() {
        return forgetsMs;
      },
    });
    await scene.world.run(waitAlong(scene, hourMs));
    forgetsMs = 300_000;
    const after = await scene.world.run(waitAlong(scene, hourMs / 2));
    expect(after.asked.slice(0, 3)).toEqual([longestMs, shortestMs, 2 * shortestMs]);
    // the next shorter one is tried as well, and half of that is kept
    expect(after.lost.map((ms) => Math.round(ms / 1000))).toEqual([660, 340]);
    const later = await scene.world.run(waitAlong(scene, hourMs / 2));
    expect([later.lost.length, Math.max(...later.asked.slice(-3))]).toEqual([0, 240_000]);
  });
});
