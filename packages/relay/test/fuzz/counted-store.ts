import type { RelayStore } from '../../src/index.ts';
import { keys } from '../../src/log-records.ts';

/** What happened in a store since it was last asked. */
export interface Changes {
  count: number;
  /** whether a batch and its results were kept, to be known again */
  remembered: boolean;
}

const batchMark = keys.batch(0, new Uint8Array())[0];

/** Counts what is put and removed in transactions that were kept. */
export function counted(store: RelayStore, changes: Changes): RelayStore {
  return {
    durability: store.durability,
    secrets: store.secrets,
    read: (look) => store.read(look),
    room: () => store.room(),
    scrub: (removed) => store.scrub(removed),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    async write(judge) {
      const here: Changes = { count: 0, remembered: false };
      const judged = await store.write((transaction) =>
        judge({
          get: (key) => transaction.get(key),
          keys: (from, to, limit) => transaction.keys(from, to, limit),
          charge: (bytes) => transaction.charge(bytes),
          put(key, value) {
            here.count += 1;
            here.remembered ||= key[0] === batchMark;
            transaction.put(key, value);
          },
          remove(key) {
            here.count += 1;
            transaction.remove(key);
          },
        }),
      );
      // one that was not kept has thrown
      changes.count += here.count;
      changes.remembered ||= here.remembered;
      return judged;
    },
  };
}
