import { expect, test } from 'vitest';
import { ByteCount } from './schedules/byte-count.ts';
import { ManySchedules } from './schedules/many-schedules.ts';
import { drawSchedule, type Schedule } from './schedules/schedule.ts';
import { shrink } from './schedules/shrink.ts';

/** Always these, so that a failure is of what was changed; `npm run soak -- schedules` goes through ten thousand. */
const gateSeeds = { first: Number(process.env['TERN_SEED'] ?? 1), count: 120 };

test(
  `what was promised is there, once and in order, whatever is cut, late, doubled or killed (TERN_SEED=${gateSeeds.first})`,
  { timeout: 1_200_000 },
  async () => {
    const many = new ManySchedules();
    for (let at = 0; at < gateSeeds.count; at += 1) await many.draw(gateSeeds.first + at);
    const { failed, stops, deaths, deferred, texts } = many.summary;
    expect(failed).toEqual([]);
    // that nothing went wrong says something only where something was done
    const enough = { stops: stops > 200, deaths: deaths > 30, deferred: deferred > 2, texts: texts > 300 };
    expect(enough).toEqual({ stops: true, deaths: true, deferred: true, texts: true });
  },
);

test('the same schedule always comes out the same', async () => {
  const schedule = drawSchedule(11);
  expect(schedule.faults.length).toBeGreaterThan(0);
  const [one, other] = [await new ManySchedules().run(schedule), await new ManySchedules().run(schedule)];
  expect(other).toEqual(one);
});

test('every byte of a request and of its answer is as likely to be the one before which the connection stops', () => {
  // two exchanges: a request, its answer, a longer request, a shorter answer
  const lengths = [3, 2, 4, 1];
  const stops = Array.from({ length: 11 }, (_, beforeByte) => {
    const bytes = new ByteCount([{ beforeByte }]);
    const passed = lengths.map((length) => bytes.pass(length));
    return passed.flatMap((one, at) => (one.met === undefined ? [] : [`${at}: ${one.bytes}`]));
  });
  const every = lengths.flatMap((length, at) => Array.from({ length }, (_, byte) => [`${at}: ${byte}`]));
  expect(stops).toEqual([...every, []]);
});

test('of a schedule that fails, what does not matter is left out', async () => {
  const schedule = drawSchedule(11);
  const matters = schedule.faults[1];
  const least = await shrink(schedule, async ({ faults }) => faults.some((fault) => fault === matters));
  expect(least).toEqual({ ...schedule, browsers: [], steps: [], faults: [matters] });
});

/** What failed once, shrunk, and what it showed. */
const mended: readonly (readonly [string, Schedule])[] = [
  [
    'who was sent away from a group is not left with a text that waits for ever',
    {
      seed: 5,
      scene: 'trio',
      browsers: [],
      steps: [
        { at: 100, do: 'remove' },
        { at: 8000, do: 'say', who: 'clara', in: 'group' },
      ],
      faults: [],
    },
  ],
  [
    'what was written before somebody was sent away, and sealed, is not overtaken by what was written after it',
    {
      seed: 4434,
      scene: 'trio',
      browsers: [],
      steps: [
        { at: 1832, do: 'block', of: 'anna', names: 'all', how: 'refuse', forMs: 19_254 },
        { at: 6101, do: 'say', who: 'anna', in: 'group' },
        { at: 9441, do: 'say', who: 'anna', in: 'group' },
        { at: 12_730, do: 'remove' },
      ],
      faults: [],
    },
  ],
  [
    'a receipt whose epoch went past before it arrived is made anew, though nothing else comes',
    {
      seed: 2574,
      scene: 'pair',
      browsers: [],
      steps: [
        { at: 215, do: 'block', of: 'anna', names: 'all', how: 'silence', forMs: 6592 },
        { at: 1667, do: 'kill', who: 'first', forMs: 5893, around: { change: 3, when: 'before' } },
        { at: 2509, do: 'say', who: 'boris', in: 'anna-boris' },
        { at: 2611, do: 'say', who: 'boris', in: 'anna-boris' },
        { at: 7229, do: 'say', who: 'anna', in: 'anna-boris' },
        { at: 18_240, do: 'renew', who: 'boris', in: 'anna-boris' },
      ],
      faults: [{ of: 'anna', exchange: 5, does: 'cut', direction: 'down', byte: 255_459 }],
    },
  ],
  [
    'what is left at another relay while its own is away arrives in the order in which it was written',
    {
      seed: 50_170,
      scene: 'pair-two-relays',
      browsers: ['anna', 'boris'],
      steps: [
        { at: 2369, do: 'kill', who: 'first', forMs: 78_605 },
        { at: 6486, do: 'say', who: 'anna', in: 'anna-boris' },
        { at: 7087, do: 'say', who: 'boris', in: 'anna-boris' },
        { at: 8918, do: 'say', who: 'anna', in: 'anna-boris' },
        { at: 8962, do: 'say', who: 'anna', in: 'anna-boris' },
        { at: 13_263, do: 'say', who: 'anna', in: 'anna-boris' },
        { at: 13_828, do: 'defer' },
      ],
      faults: [{ of: 'anna', exchange: 5, does: 'cut', direction: 'up', byte: 863_995 }],
    },
  ],
  [
    'what is kept for a relay that is away is handed on in its order, also by one that was killed meanwhile',
    {
      seed: 60_564,
      scene: 'pair-two-relays',
      browsers: [],
      steps: [
        { at: 6491, do: 'kill', who: 'first', forMs: 76_934 },
        { at: 8335, do: 'say', who: 'boris', in: 'anna-boris' },
        { at: 11_499, do: 'say', who: 'boris', in: 'anna-boris' },
        {
          at: 16_439,
          do: 'kill',
          who: 'second',
          forMs: 4625,
          around: { change: 5, when: 'after' },
        },
      ],
      faults: [],
    },
  ],
  [
    'what is kept is handed on in its order, also where the connection breaks under the first of it',
    {
      seed: 100_842,
      scene: 'pair-two-relays',
      browsers: ['boris'],
      steps: [
        { at: 4425, do: 'say', who: 'anna', in: 'anna-boris' },
        { at: 4609, do: 'say', who: 'anna', in: 'anna-boris' },
        { at: 6741, do: 'defer' },
        { at: 7797, do: 'say', who: 'boris', in: 'anna-boris' },
        { at: 8223, do: 'block', of: 'boris', names: 'all', how: 'refuse', forMs: 70_235 },
        { at: 12_780, do: 'say', who: 'boris', in: 'anna-boris' },
        { at: 12_907, do: 'say', who: 'boris', in: 'anna-boris' },
      ],
      faults: [
        { of: 'second', exchange: 3, does: 'cut', direction: 'down', byte: 109_096 },
        { of: 'second', exchange: 1, does: 'cut', direction: 'down', byte: 364_668 },
        { of: 'boris', does: 'cut', beforeByte: 347 },
        { of: 'second', does: 'cut', beforeByte: 2309 },
        { of: 'second', does: 'cut', beforeByte: 4737 },
        { of: 'boris', does: 'silence', beforeByte: 7231 },
      ],
    },
  ],
  [
    'where few connections may be opened a commit that lies beside its log is fetched all the same, and what follows from it leaves',
    {
      seed: 104_407,
      scene: 'trio',
      browsers: ['anna'],
      steps: [
        { at: 1127, do: 'begin' },
        { at: 2907, do: 'say', who: 'boris', in: 'group' },
        { at: 3608, do: 'say', who: 'boris', in: 'group' },
        { at: 6943, do: 'say', who: 'clara', in: 'group' },
        { at: 10_672, do: 'block', of: 'anna', names: 'all', how: 'freeze', forMs: 6927 },
      ],
      faults: [
        { of: 'anna', exchange: 1, does: 'silence', direction: 'up', byte: 714_256 },
        { of: 'boris', exchange: 2, does: 'cut', direction: 'up', byte: 643_067 },
        { of: 'boris', exchange: 0, does: 'cut', direction: 'down', byte: 832_029 },
        { of: 'clara', does: 'cut', beforeByte: 4573 },
        { of: 'anna', does: 'cut', beforeByte: 6404 },
      ],
    },
  ],
  [
    'where few connections may be opened what is written does not starve behind the looks that come before it',
    {
      seed: 107_893,
      scene: 'trio',
      browsers: ['anna'],
      steps: [
        { at: 90, do: 'say', who: 'boris', in: 'anna-boris' },
        { at: 135, do: 'say', who: 'clara', in: 'group' },
        { at: 218, do: 'say', who: 'anna', in: 'group' },
        { at: 4175, do: 'read', who: 'anna' },
        { at: 6380, do: 'block', of: 'anna', names: 'all', how: 'freeze', forMs: 15_785 },
        { at: 13_438, do: 'remove' },
      ],
      faults: [
        { of: 'boris', exchange: 3, does: 'cut', direction: 'down', byte: 926_625 },
        { of: 'clara', does: 'cut', beforeByte: 2635 },
      ],
    },
  ],
];

test.each(mended)('%s', async (_, schedule) => {
  const { faults } = await new ManySchedules().run(schedule);
  expect(faults).toEqual([]);
});
