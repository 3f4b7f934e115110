import { MalformedError } from '@tern/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeAnswer,
  decodeAsk,
  encodeAnswer,
  encodeAsk,
  type AnswerFrame,
  type AskFrame,
} from '../src/socket-frames.ts';

const number = fc.nat({ max: 2 ** 32 - 1 });
const asks: fc.Arbitrary<AskFrame> = fc.oneof(
  fc.record({ kind: fc.constant('request' as const), number, bytes: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({ kind: fc.constant('cancel' as const), number }),
  fc.constant({ kind: 'ping' } as const),
);
const answers: fc.Arbitrary<AnswerFrame> = fc.oneof(
  fc.record({
    kind: fc.constant('piece' as const),
    number,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }),
    last: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('cut' as const), number }),
  fc.constant({ kind: 'pong' } as const),
);

test('a frame that was encoded is decoded as what it was', () => {
  fc.assert(
    fc.property(asks, (frame) => {
      expect(decodeAsk(encodeAsk(frame))).toEqual(frame);
    }),
  );
  fc.assert(
    fc.property(answers, (frame) => {
      expect(decodeAnswer(encodeAnswer(frame))).toEqual(frame);
    }),
  );
  const empty = { kind: 'piece', number: 7, bytes: new Uint8Array(), last: true } as const;
  expect(decodeAnswer(encodeAnswer(empty))).toEqual(empty);
});

test('whatever bytes come, a frame is decoded or malformed, and what is decoded encodes to the same bytes', () => {
  const near = fc.oneof(fc.uint8Array({ maxLength: 40 }), answers.map(encodeAnswer), asks.map(encodeAsk));
  const bent = fc.tuple(near, fc.nat(45), fc.nat(255)).map(([bytes, at, value]) => {
    const copy = new Uint8Array(bytes);
    if (at < copy.length) copy[at] = value;
    return at > 40 ? copy.subarray(0, copy.length - 1) : copy;
  });
  fc.assert(
    fc.property(bent, (bytes) => {
      for (const again of [
        (): Uint8Array => encodeAsk(decodeAsk(bytes)),
        (): Uint8Array => encodeAnswer(decodeAnswer(bytes)),
      ])
        try {
          expect(again()).toEqual(new Uint8Array(bytes));
        } catch (error) {
          if (!(error instanceof MalformedError)) throw error;
        }
    }),
    { numRuns: 1000 },
  );
});

test('a frame longer than it may be is malformed', () => {
  const request = encodeAsk({ kind: 'request', number: 1, bytes: new Uint8Array(101) });
  expect(decodeAsk(request, 101).kind).toBe('request');
  expect(() => decodeAsk(request, 100)).toThrow(MalformedError);
  const piece = encodeAnswer({ kind: 'piece', number: 1, bytes: new Uint8Array(16_385), last: false });
  expect(() => decodeAnswer(piece)).toThrow(MalformedError);
  expect(() =>
    decodeAnswer(encodeAnswer({ kind: 'piece', number: 1, bytes: new Uint8Array(), last: false })),
  ).toThrow(MalformedError);
});
