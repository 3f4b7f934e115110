import { diagnose, type Observation, type Way } from '@tern/reach/diagnosis';
import { expect, test } from 'vitest';
import { attempt, carried, harbour, island, literal } from './synthetic/hand-made.ts';

/** The hello was answered, with 2200 bytes, and this much after it on the connection when it fell silent. */
function stopped(way: Way, seconds: number, beyondBytes: number, fresh = false): Observation {
  const { firstByteAfterMs: _first, lastByteAfterMs: _last, ...whole } = attempt(way, seconds);
  return {
    ...whole,
    endedAt: seconds * 1000 + 6000,
    upBytes: 900,
    downBytes: 0,
    end: 'silent',
    connection: {
      fresh,
      exchangesBefore: fresh ? 0 : 1,
      upBytes: 2000,
      downBytes: 2200 + beyondBytes,
      ageMs: 6000,
    },
  };
}

function causes(...observations: readonly Observation[]): Readonly<Record<string, string>> {
  const [, ...ways] = diagnose(observations, { now: 60_000 });
  return Object.fromEntries<string>(ways.map(({ way, cause }) => [way?.key ?? '', cause.kind]));
}

const others = [attempt(island, 2), carried(island, 3, { downBytes: 18_000, ms: 60 })];

test('where a small answer comes and nothing after it, twice, it is the hello that is not liked', () => {
  const seen = [attempt(harbour, 1), stopped(harbour, 4, 1000), stopped(harbour, 12, 0, true)];
  expect(causes(...seen, ...others)).toEqual({ harbour: 'silent-after-hello', island: 'works' });
  expect(causes(...seen)).toEqual({ harbour: 'unclear' });
  expect(causes(...seen.slice(0, 2), ...others)).toEqual({ harbour: 'unclear', island: 'works' });
});

test('another name that stops as early is the second time', () => {
  const seen = [
    attempt(harbour, 1),
    stopped(harbour, 4, 1000),
    attempt(literal, 1),
    stopped(literal, 12, 1000),
  ];
  expect(causes(...seen, ...others)).toEqual({
    harbour: 'silent-after-hello',
    literal: 'silent-after-hello',
    island: 'works',
  });
});

test('where more came once, it is what was carried that counts', () => {
  const seen = [attempt(harbour, 1), stopped(harbour, 4, 12_000), stopped(harbour, 12, 12_000)];
  expect(causes(...seen, ...others)).toMatchObject({ harbour: 'frozen' });
  const much = carried(harbour, 1, { downBytes: 3000, ms: 20 });
  expect(causes(much, stopped(harbour, 4, 1000), stopped(harbour, 12, 0, true), ...others)).not.toMatchObject(
    { harbour: 'silent-after-hello' },
  );
});

test('where the connection is hidden nothing is told by it', () => {
  const hidden = [attempt(harbour, 1), stopped(harbour, 4, 1000), stopped(harbour, 12, 1000)].map((one) => ({
    ...one,
    connection: undefined,
  }));
  expect(causes(...hidden, ...others)).not.toMatchObject({ harbour: 'silent-after-hello' });
});
