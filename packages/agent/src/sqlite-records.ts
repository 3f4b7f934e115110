import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { byKey, StorageError } from '@tern/core';
import type { Place, PlaceWrites, StoreRecord, StoreView } from '@tern/core';
import { storageError } from './sqlite-connection.ts';
import type { RecordSeal } from './sqlite-seal.ts';

/**
 * The one table of the store, seen through one connection and its open transaction. Rows lie in the order of their
 * random-looking ids (no rowid counts them), so the file does not tell in which order they were written.
 */
export class RecordTable implements StoreView {
  readonly #seal: RecordSeal;
  readonly #find: StatementSync;
  readonly #list: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #clear: StatementSync;

  constructor(database: DatabaseSync, seal: RecordSeal) {
    this.#seal = seal;
    this.#find = database.prepare('SELECT id, day, sealed FROM records WHERE partition = ? AND id = ?');
    this.#list = database.prepare('SELECT id, day, sealed FROM records WHERE partition = ?');
    this.#put = database.prepare(
      'INSERT INTO records VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET day = excluded.day, sealed = excluded.sealed',
    );
    this.#delete = database.prepare('DELETE FROM records WHERE partition = ? AND id = ?');
    this.#clear = database.prepare('DELETE FROM records WHERE partition = ?');
  }

  static create(database: DatabaseSync): void {
    database.exec(`CREATE TABLE records (
      partition BLOB NOT NULL, id BLOB NOT NULL, day INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (partition, id)
    ) STRICT, WITHOUT ROWID`);
  }

  async get(place: Place, key: string): Promise<Uint8Array | undefined> {
    return this.find(place, key)?.value;
  }

  async list(place: Place): Promise<readonly StoreRecord[]> {
    const partition = this.#seal.partitionId(place);
    const rows = run(() => this.#list.all(partition));
    return rows.map((row) => this.#open(partition, row)).sort(byKey);
  }

  find(place: Place, key: string): StoreRecord | undefined {
    const partition = this.#seal.partitionId(place);
    const row = run(() => this.#find.get(partition, this.#seal.recordId(place, key)));
    return row === undefined ? undefined : this.#open(partition, row);
  }

  write(writes: readonly PlaceWrites[]): void {
    for (const { place, cleared, records } of writes) {
      const partition = this.#seal.partitionId(place);
      if (cleared) this.#clear.run(partition);
      for (const [key, record] of records) {
        const id = this.#seal.recordId(place, key);
        if (record === undefined) {
          this.#delete.run(partition, id);
        } else {
          const sealed = this.#seal.seal({ partition, id, day: record.day }, { key, value: record.value });
          this.#put.run(partition, id, record.day, sealed);
        }
      }
    }
  }

  #open(partition: Uint8Array, row: Record<string, unknown>): StoreRecord {
    const { id, day, sealed } = row;
    if (
      !(id instanceof Uint8Array) ||
      typeof day !== 'number' ||
      !(sealed instanceof Uint8Array) ||
      day < 0
    ) {
      throw new StorageError('storage-damaged', 'the store has a row it never wrote');
    }
    return this.#seal.open({ partition, id, day }, sealed);
  }
}

function run<T>(query: () => T): T {
  try {
    return query();
  } catch (cause) {
    throw storageError(cause);
  }
}
