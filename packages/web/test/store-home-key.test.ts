import { MalformedError } from '@tern/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeHomeKeyRecord,
  encodeHomeKeyRecord,
  largestHomeKeyRecord,
  type HomeKeyRecord,
} from '../src/store/home-key-record.ts';
import { largestSlotValue, readSlots, slotBytes, slotOf } from '../src/store/key-slots.ts';

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const lockAfter = fc.integer({ min: 0, max: 7 * 24 * 60 });
const anyRecord: fc.Arbitrary<HomeKeyRecord> = fc.oneof(
  fc.record({ kind: fc.constant('bare' as const), lockAfter, key: bytes(32) }),
  fc.record({
    kind: fc.constant('passcode' as const),
    lockAfter,
    cost: fc.record({
      memoryKiB: fc.integer({ min: 19_456, max: 131_072 }),
      passes: fc.integer({ min: 2, max: 8 }),
    }),
    salt: bytes(16),
    wrapped: bytes(60),
  }),
);

describe('the key of a home in the browser', () => {
  test('comes back as it was written, and fits a slot', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        const written = encodeHomeKeyRecord(record);
        expect(decodeHomeKeyRecord(written)).toEqual(record);
        expect(written.length).toBeLessThanOrEqual(Math.min(largestHomeKeyRecord, largestSlotValue));
      }),
    );
  });

  test('of any other bytes is refused, and costs beyond the limits before they are paid', () => {
    const altered = fc
      .tuple(anyRecord, fc.nat(), fc.integer({ min: 1, max: 255 }))
      .map(([record, at, flip]) => {
        const written = encodeHomeKeyRecord(record);
        return written.with(at % written.length, (written[at % written.length] ?? 0) ^ flip);
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 150 }), altered), (given) => {
        try {
          // what it takes, it would also write
          expect(encodeHomeKeyRecord(decodeHomeKeyRecord(given))).toEqual(given);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
    const dear: HomeKeyRecord = {
      kind: 'passcode',
      lockAfter: 0,
      cost: { memoryKiB: 131_073, passes: 2 },
      salt: new Uint8Array(16),
      wrapped: new Uint8Array(60),
    };
    expect(() => decodeHomeKeyRecord(encodeHomeKeyRecord(dear))).toThrow(MalformedError);
    const cheap: HomeKeyRecord = { ...dear, cost: { memoryKiB: 19_455, passes: 2 } };
    expect(() => decodeHomeKeyRecord(encodeHomeKeyRecord(cheap))).toThrow(MalformedError);
  });
});

describe('a value in two slots', () => {
  test('is the old one or the new one, at whichever byte its writing is cut', async () => {
    const old = new Uint8Array(90).fill(1);
    const fresh = new Uint8Array(44).fill(2);
    for (const number of [1, 2, 2 ** 33]) {
      const before = new Uint8Array(2 * slotBytes);
      before.set(await slotOf(old, number), slotBytes);
      const { next } = await readSlots(before);
      expect(next).toBe(0);
      const slot = await slotOf(fresh, number + 1);
      for (let cut = 0; cut <= slotBytes; cut += 1) {
        const written = before.slice();
        written.set(slot.subarray(0, cut));
        const { value, damaged } = await readSlots(written);
        expect(damaged).toBe(false);
        expect(value).toEqual(cut === slotBytes ? fresh : old);
        // and at whichever byte the zeroing of the old one is cut
        const zeroed = before.slice();
        zeroed.set(slot);
        zeroed.fill(0, slotBytes, slotBytes + cut);
        expect((await readSlots(zeroed)).value).toEqual(fresh);
      }
    }
  });

  test('of any bytes is none, or what somebody put there', async () => {
    expect(await readSlots(new Uint8Array())).toMatchObject({ value: undefined, damaged: false });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 2 * slotBytes + 9 }), async (given) => {
        const { value, damaged } = await readSlots(given);
        expect(value).toBeUndefined();
        expect(damaged).toBe(given.subarray(0, 2 * slotBytes).some((byte) => byte !== 0));
      }),
    );
  });
});
