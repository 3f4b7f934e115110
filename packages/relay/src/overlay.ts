import { compareBytes } from '@tern/protocol';
import type { StoreTransaction, StoreView } from './store.ts';

/** What one judge changed, held back until it is through: a judge that throws leaves nothing behind. */
export interface Overlay {
  readonly transaction: StoreTransaction;
  readonly changes: ReadonlyMap<string, { readonly key: Uint8Array; readonly value: Uint8Array | undefined }>;
  /** bytes booked so far, below zero when more was given back */
  charged(): number;
}

/** @param freeBytes how many bytes may still be booked */
export function overlayOn(under: StoreView, freeBytes: number): Overlay {
  const changes = new Map<string, { readonly key: Uint8Array; readonly value: Uint8Array | undefined }>();
  let charged = 0;
  return {
    changes,
    charged: () => charged,
    transaction: {
      get(key) {
        const changed = changes.size === 0 ? undefined : changes.get(keyName(key));
        return changed === undefined ? under.get(key) : changed.value;
      },
      keys(from, to, limit) {
        if (changes.size === 0) return under.keys(from, to, limit);
        const found = new Map<string, Uint8Array>();
        for (const key of under.keys(from, to, limit + changes.size)) found.set(keyName(key), key);
        for (const [name, { key, value }] of changes) {
          if (value === undefined) found.delete(name);
          else if (compareBytes(key, from) >= 0 && compareBytes(key, to) < 0) found.set(name, key);
        }
        return [...found.values()].sort(compareBytes).slice(0, limit);
      },
      put: (key, value) => void changes.set(keyName(key), { key, value }),
      remove: (key) => void changes.set(keyName(key), { key, value: undefined }),
      charge(bytes) {
        // what it has given back itself it may book, even where there is no room at all
        if (bytes > 0 && charged + bytes > Math.max(0, freeBytes)) return false;
        charged += bytes;
        return true;
      },
    },
  };
}

/** A key as the text a Map can hold. */
export function keyName(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
}
