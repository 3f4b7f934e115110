import { decode, encode, type Codec } from '@tern/protocol';
import type { StoreChange, StoreView } from './client-store.ts';

/** Records of one shape in one table of the store. What the disk returns is parsed anew each time. */
export interface RecordTable<T> {
  get(view: StoreView, partition: string, key: string): Promise<T | undefined>;
  list(view: StoreView, partition: string): Promise<readonly (readonly [key: string, record: T])[]>;
  put(change: StoreChange, partition: string, key: string, record: T): void;
  delete(change: StoreChange, partition: string, key: string): void;
}

/** @throws {MalformedError} from `get` and `list` when the store holds something else */
export function recordTable<T>(table: string, codec: Codec<T>): RecordTable<T> {
  return {
    async get(view, partition, key) {
      const value = await view.get({ table, partition }, key);
      return value === undefined ? undefined : decode(codec, value);
    },
    async list(view, partition) {
      const records = await view.list({ table, partition });
      return records.map(({ key, value }) => [key, decode(codec, value)] as const);
    },
    put(change, partition, key, record) {
      change.put({ table, partition }, key, encode(codec, record));
    },
    delete(change, partition, key) {
      change.delete({ table, partition }, key);
    },
  };
}

/** A whole number as a key that sorts as the number does. */
export function orderedKey(value: number): string {
  return String(value).padStart(15, '0');
}
