import { compareBytes } from '@tern/protocol';
import { keyName, overlayOn } from './overlay.ts';
import type { RelayStore, SecretBox, StoreView } from './store.ts';

export interface MemoryStoreOptions {
  /** the most bytes of content it takes */
  readonly roomBytes?: number;
}

/** For tests and for trying out: gone with the process. */
export function openMemoryStore(options: MemoryStoreOptions = {}): RelayStore {
  const values = new Map<string, Uint8Array>();
  const limitBytes = options.roomBytes ?? 2 ** 30;
  let usedBytes = 0;
  const view: StoreView = {
    get: (key) => values.get(keyName(key)),
    keys: (from, to, limit) =>
      [...values.keys()]
        .map((name) => new Uint8Array(Buffer.from(name, 'latin1')))
        .filter((key) => compareBytes(key, from) >= 0 && compareBytes(key, to) < 0)
        .sort(compareBytes)
        .slice(0, limit),
  };
  return {
    durability: 'memory',
    secrets: memorySecrets(),
    read: async (look) => look(view),
    async write(judge) {
      const overlay = overlayOn(view, limitBytes - usedBytes);
      const judged = judge(overlay.transaction);
      usedBytes += overlay.charged();
      for (const [name, { value }] of overlay.changes) {
        if (value === undefined) values.delete(name);
        else values.set(name, value.slice());
      }
      return judged;
    },
    room: () => ({ usedBytes, limitBytes }),
    scrub: async () => {},
    async [Symbol.asyncDispose]() {
      values.clear();
    },
  };
}

function memorySecrets(): SecretBox {
  const held = new Map<string, Uint8Array>();
  return {
    read: (name) => held.get(name)?.slice(),
    write: (name, value) => void held.set(name, value.slice()),
    erase(name) {
      held.get(name)?.fill(0);
      held.delete(name);
    },
    names: () => [...held.keys()],
  };
}
