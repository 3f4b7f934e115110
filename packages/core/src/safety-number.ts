import { compareBytes, concat, hash, type Primitives } from '@tern/protocol';
import type { ClientStore } from './client-store.ts';
import { selfOf } from './engine.ts';

/**
 * Sixty digits that are the same on both sides exactly when nobody stands between: from the two root keys in order.
 * Thirty-two bytes of a hash give 12 groups of 5 digits (199 bits of choice), as much as a person will read aloud.
 */
export function safetyNumber(primitives: Primitives, one: Uint8Array, other: Uint8Array): string {
  const [first, second] = compareBytes(one, other) <= 0 ? [one, other] : [other, one];
  const digest = concat(
    hash(primitives, 'safety number 1', first, second),
    hash(primitives, 'safety number 2', first, second),
  );
  return digitGroups(digest, 12);
}

/**
 * The number that a home would have with whoever holds a root key, to be compared before they are in touch.
 * @throws {UsageError} where no identity was made yet
 */
export async function safetyNumberWith(
  parts: { readonly store: ClientStore; readonly primitives: Primitives },
  rootKey: Uint8Array,
): Promise<string> {
  const self = await parts.store.read((view) => selfOf(parts, view));
  return safetyNumber(parts.primitives, self.rootKey, rootKey);
}

/** Thirty digits for one person alone, to recognise oneself by. */
export function ownSafetyNumber(primitives: Primitives, rootKey: Uint8Array): string {
  return digitGroups(concat(hash(primitives, 'own number', rootKey)), 6);
}

function digitGroups(digest: Uint8Array, groups: number): string {
  const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength);
  return Array.from({ length: groups }, (_, at) => {
    const value = (view.getUint32(at * 5) * 256 + view.getUint8(at * 5 + 4)) % 100_000;
    return String(value).padStart(5, '0');
  }).join(' ');
}
