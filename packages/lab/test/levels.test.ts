import { expect, test } from 'vitest';
import {
  isComplete,
  lateOf,
  levelOf,
  measuresOf,
  mediaLevelOf,
  textLevelOf,
  type Arrival,
  type Measures,
} from '../src/run/measures.ts';
import { profiles } from '../src/run/profile.ts';
import { workload, type Step } from '../src/run/workload.ts';

const steps = workload(profiles.full, 1);

/** Everything arrives so late. */
function arrivalsAfter(delayMs: (step: Step) => number | undefined): readonly Arrival[] {
  return steps.flatMap((step): Arrival[] => {
    const delay = delayMs(step);
    if (delay === undefined) return [];
    const content =
      step.kind === 'text'
        ? ({ kind: 'text', text: step.text } as const)
        : ({ kind: 'file', name: step.name, size: step.size } as const);
    return [{ at: step.at + delay, to: step.to, from: step.from, content }];
  });
}

const none = { quiet: 0, retries: 0 };

const good: Measures = {
  text: 1,
  eventual: 1,
  ttr: 3,
  media: 8,
  voice: 2,
  cold: 4,
  quiet: 0,
  retries: 0,
  wrong: 0,
};

test('what arrives at once is measured as such', () => {
  const measures = measuresOf(
    steps,
    arrivalsAfter(() => 400),
    { quiet: 2, retries: 0 },
  );
  expect(measures).toEqual({
    text: 1,
    eventual: 1,
    // the first text over the border is said after five seconds
    ttr: 5.4,
    media: 0.4,
    voice: 0.4,
    cold: 0.4,
    quiet: 2,
    retries: 0,
    wrong: 0,
  });
  expect(isComplete(measures)).toBe(true);
});

test('a text counts as soon within a minute and as there in the end within ten', () => {
  const late = measuresOf(
    steps,
    arrivalsAfter((step) => (step.from === 'c' ? 61_000 : step.from === 'b' ? 601_000 : 60_000)),
    { quiet: 0, retries: 0 },
  );
  expect(late.text).toBe(0.5);
  expect(late.eventual).toBe(0.75);
});

test('what came late or not at all is told by who sent it to whom and when', () => {
  const one = steps.find(({ kind, from }) => kind === 'text' && from === 'c');
  const photo = steps.find((step) => step.kind === 'file' && step.name === 'photo');
  if (one === undefined || photo === undefined) throw new Error('nothing of that is sent');
  const arrivals = arrivalsAfter((step) => (step === one ? undefined : step === photo ? 60_100 : 60_000));
  expect(lateOf(steps, arrivals)).toEqual([
    { what: 'text', from: 'c', to: 'a', sentSeconds: one.at / 1000, cameSeconds: null },
    {
      what: 'photo',
      from: 'b',
      to: 'a',
      sentSeconds: photo.at / 1000,
      cameSeconds: photo.at / 1000 + 60.1,
    },
  ]);
  expect(lateOf(steps, [])).toHaveLength(10);
  expect(
    lateOf(
      steps,
      arrivalsAfter(() => 60_000),
    ),
  ).toEqual([]);
});

test('recovery is over when both conversations have brought something', () => {
  const measures = measuresOf(
    steps,
    arrivalsAfter((step) => (step.to === 'c' ? undefined : 100)),
    { quiet: 0, retries: 0 },
  );
  expect(measures.ttr).toBe(7.1);
  const cut = measuresOf(
    steps,
    arrivalsAfter((step) => (step.to === 'c' || step.from === 'c' ? undefined : 100)),
    { quiet: 0, retries: 0 },
  );
  expect(cut.ttr).toBeUndefined();
  expect(isComplete(cut)).toBe(false);
});

test('what is shown twice, changed, or to somebody else is wrong', () => {
  const [first, ...rest] = arrivalsAfter(() => 100);
  if (first === undefined) throw new Error('nothing arrived');
  const changed: Arrival = { ...first, content: { kind: 'text', text: 'something else' } };
  expect(measuresOf(steps, [first, ...rest, first], none).wrong).toBe(1);
  expect(measuresOf(steps, [changed, ...rest], none)).toMatchObject({ wrong: 1, text: 59 / 60 });
  expect(measuresOf(steps, [{ ...first, to: 'c' }, ...rest], none).wrong).toBe(1);
  expect(levelOf({ ...good, wrong: 1 }, profiles.full)).toBe('F');
});

test('level A is everything as if nothing were', () => {
  expect(levelOf(good, profiles.full)).toBe('A');
  expect(levelOf({ ...good, text: 0.99, ttr: 15, media: 120 }, profiles.full)).toBe('A');
  expect(levelOf({ ...good, text: 0.98 }, profiles.full)).toBe('B');
  expect(levelOf({ ...good, ttr: 15.1 }, profiles.full)).toBe('B');
  expect(levelOf({ ...good, media: 120.1 }, profiles.full)).toBe('B');
});

test('level B is slower, level C is texts in the end, and F is less', () => {
  expect(levelOf({ ...good, text: 0.95, ttr: 60, media: 600 }, profiles.full)).toBe('B');
  expect(levelOf({ ...good, text: 0.94 }, profiles.full)).toBe('C');
  expect(levelOf({ ...good, ttr: 61 }, profiles.full)).toBe('C');
  expect(levelOf({ ...good, media: undefined }, profiles.full)).toBe('C');
  expect(levelOf({ ...good, text: 0, eventual: 0.95, ttr: undefined }, profiles.full)).toBe('C');
  expect(levelOf({ ...good, text: 0, eventual: 0.94 }, profiles.full)).toBe('F');
});

test('a quick run grants nothing that it could not see', () => {
  expect(levelOf({ ...good, media: 59 }, profiles.quick)).toBe('A');
  expect(levelOf({ ...good, media: 61 }, profiles.quick)).toBe('C');
});

test('texts and the photo have levels of their own, and a run the worse of them', () => {
  const texts = [good, { ...good, text: 0.96 }, { ...good, ttr: 61 }, { ...good, wrong: 1 }];
  const photos = [8, 300, undefined];
  expect(texts.map(textLevelOf)).toEqual(['A', 'B', 'C', 'F']);
  expect(photos.map((media) => mediaLevelOf({ ...good, media }, profiles.full))).toEqual(['A', 'B', 'C']);
  const levels = texts.map((one) =>
    photos.map((media) => levelOf({ ...one, media }, profiles.full)).join(' '),
  );
  expect(levels).toEqual(['A B C', 'B B C', 'C C C', 'F F F']);
});
