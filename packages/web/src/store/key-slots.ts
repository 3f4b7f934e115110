import { compareBytes, uintBytes } from '@tern/protocol';
import { owned, type Bytes } from './record-seal.ts';

/**
 * Two slots of 256 bytes, of which the valid one with the higher number counts. A new value goes into the other slot first, and
 * what it replaces is zeroed only then: whoever is killed in between leaves the old or the new value, never neither.
 *
 *     slot = number (6 B) | length (2 B) | value | zeros | SHA-256 of all that, its first 16 bytes
 */
export interface Slots {
  readonly value: Bytes | undefined;
  /** which slot the next value goes into */
  readonly next: 0 | 1;
  readonly number: number;
  /** neither slot is valid, and one is not empty */
  readonly damaged: boolean;
}

export const slotBytes = 256;
const headBytes = 8;
const sumBytes = 16;
export const largestSlotValue: number = slotBytes - headBytes - sumBytes;

/** @param bytes of a file; what is missing at its end counts as zeros */
export async function readSlots(bytes: Uint8Array): Promise<Slots> {
  const whole = new Uint8Array(2 * slotBytes);
  whole.set(bytes.subarray(0, whole.length));
  const first = await readSlot(whole.subarray(0, slotBytes));
  const second = await readSlot(whole.subarray(slotBytes));
  const [newest, next] =
    (first?.number ?? 0) > (second?.number ?? 0) ? ([first, 1] as const) : ([second, 0] as const);
  const damaged = newest === undefined && whole.some((byte) => byte !== 0);
  return { value: newest?.value, next, number: newest?.number ?? 0, damaged };
}

/** @param value at most {@link largestSlotValue} bytes @param number higher than the one before, from 1 */
export async function slotOf(value: Uint8Array, number: number): Promise<Bytes> {
  const slot = new Uint8Array(slotBytes);
  slot.set(uintBytes(number, 6));
  slot.set(uintBytes(value.length, 2), 6);
  slot.set(value, headBytes);
  slot.set(await sumOf(slot), slotBytes - sumBytes);
  return slot;
}

async function readSlot(
  slot: Bytes,
): Promise<{ readonly number: number; readonly value: Bytes } | undefined> {
  const view = new DataView(slot.buffer, slot.byteOffset, slotBytes);
  const number = view.getUint16(0) * 2 ** 32 + view.getUint32(2);
  const length = view.getUint16(6);
  if (number === 0 || length > largestSlotValue) return undefined;
  if (compareBytes(await sumOf(slot), slot.subarray(slotBytes - sumBytes)) !== 0) return undefined;
  return { number, value: owned(slot.subarray(headBytes, headBytes + length)) };
}

async function sumOf(slot: Bytes): Promise<Bytes> {
  const sum = await crypto.subtle.digest('SHA-256', slot.subarray(0, slotBytes - sumBytes));
  return new Uint8Array(sum, 0, sumBytes);
}
