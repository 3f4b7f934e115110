import fc from 'fast-check';
import { decode, encode, MalformedError } from '@tern/protocol';
import type { Observation } from '@tern/reach/diagnosis';
import { keptAttemptsCodec, stillTelling, type KeptAttempts } from '@tern/reach/node';
import { expect, test } from 'vitest';
import { attempt, harbour as named } from './synthetic/hand-made.ts';

const { relay: _none, ...harbour } = named;
const savedAt = 1_794_000_000_000;
const count = fc.integer({ min: 0, max: 10_000_000 });
const soon = fc.integer({ min: 0, max: 60_000 });
const relay = 'a'.repeat(52);

const way: fc.Arbitrary<Observation['way']> = fc.record(
  {
    key: fc.string({ maxLength: 60 }),
    kind: fc.constantFrom('https', 'websocket', 'forward'),
    name: fc.domain(),
    address: fc.ipV4(),
    port: fc.integer({ min: 0, max: 65_535 }),
    relay: fc.constant(relay),
  },
  { requiredKeys: ['key', 'kind', 'port'] },
);

const observation: fc.Arbitrary<Observation> = fc
  .record(
    {
      way,
      endedAt: fc.integer({ min: savedAt - 599_999, max: savedAt }),
      tookMs: soon,
      connection: fc.option(
        fc.record({
          fresh: fc.boolean(),
          exchangesBefore: count,
          upBytes: count,
          downBytes: count,
          ageMs: count,
        }),
        { nil: undefined },
      ),
      resolved: fc.oneof(
        fc.record({
          afterMs: soon,
          addresses: fc.array(fc.ipV4(), { maxLength: 4 }),
          by: fc.constantFrom('system' as const, 'https' as const, 'memory' as const),
        }),
        fc.record({
          afterMs: soon,
          failed: fc.constantFrom('no-such-name' as const, 'no-answer' as const, 'unknown' as const),
          by: fc.constantFrom('system' as const, 'https' as const),
        }),
      ),
      connectedAfterMs: soon,
      helloAnsweredAfterMs: soon,
      firstByteAfterMs: soon,
      lastByteAfterMs: soon,
      upBytes: count,
      downBytes: count,
      held: fc.boolean(),
      end: fc.constantFrom('answered' as const, 'reset' as const, 'silent' as const, 'cancelled' as const),
      bulk: fc.boolean(),
    },
    {
      requiredKeys: ['way', 'endedAt', 'tookMs', 'connection', 'upBytes', 'downBytes', 'held', 'end', 'bulk'],
    },
  )
  .map(({ tookMs, ...one }): Observation => ({ ...one, beganAt: one.endedAt - tookMs }));

function again(kept: KeptAttempts): KeptAttempts {
  return decode(keptAttemptsCodec, encode(keptAttemptsCodec, kept));
}

test('attempts are the same after they lay in a store', () => {
  fc.assert(
    fc.property(fc.array(observation, { maxLength: 20 }), (observations) => {
      const kept = { network: 'here', savedAt, observations };
      expect(again(kept)).toEqual(kept);
    }),
  );
});

test('whatever else lies there is malformed and nothing worse', () => {
  const whole = encode(keptAttemptsCodec, { network: 'here', savedAt, observations: [attempt(harbour, 1)] });
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (place, change) => {
      const bytes = Uint8Array.from(whole);
      bytes[place % bytes.length] = (bytes[place % bytes.length] ?? 0) ^ change;
      try {
        decode(keptAttemptsCodec, bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError);
      }
    }),
  );
});

const at = (endedAt: number): Observation => ({ ...attempt(harbour, 0), beganAt: endedAt - 220, endedAt });

test('what is older than ten minutes is not kept, nor what is not yet, and of much the newest of each way', () => {
  const observations = [at(savedAt - 600_000), at(savedAt - 1), at(savedAt + 1)];
  expect(again({ network: 'here', savedAt, observations }).observations).toEqual([at(savedAt - 1)]);
  const many = Array.from({ length: 300 }, (_, index) => at(savedAt - 300 + index));
  const kept = again({ network: 'here', savedAt, observations: many }).observations;
  expect(kept).toEqual(many.slice(-256));
  const seldom = { ...at(savedAt - 500), way: { ...harbour, key: 'seldom' } };
  const both = again({ network: 'here', savedAt, observations: [seldom, ...many] }).observations;
  expect(both).toEqual([seldom, ...many.slice(-255)]);
});

test('it tells nothing of another network, after ten minutes, or by a clock that was set back', () => {
  const kept = { network: 'here', savedAt, observations: [at(savedAt - 60_000), at(savedAt)] };
  const told = (network: string, afterMs: number): number =>
    stillTelling(kept, { network, now: savedAt + afterMs }).length;
  expect([told('here', 0), told('here', 539_999), told('here', 540_000), told('here', 600_000)]).toEqual([
    2, 2, 1, 0,
  ]);
  expect([told('there', 0), told('', 0)]).toEqual([0, 0]);
  expect([told('here', -1), told('here', -86_400_000), told('here', 86_400_000)]).toEqual([0, 0, 0]);
});
