import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { StoreView } from '@tern/core';
import { connect, isBusy, patiently, storageError } from './sqlite-connection.ts';
import type { Patience } from './sqlite-connection.ts';
import { RecordTable } from './sqlite-records.ts';
import type { RecordSeal } from './sqlite-seal.ts';

/** A moment of the store, held until it is disposed. */
export interface Snapshot extends Disposable {
  readonly records: StoreView;
}

/**
 * Connections that only read. All readers that begin between two changes share one, so a thousand reads at once need
 * few connections; each moment that somebody still reads keeps its own.
 */
export class SnapshotPool {
  readonly #path: string;
  readonly #seal: RecordSeal;
  readonly #patience: Patience;
  readonly #watcher: DatabaseSync;
  readonly #version: StatementSync;
  readonly #idle: Reader[] = [];
  #latest: Moment | undefined;
  #lastVersion: number;

  constructor(path: string, seal: RecordSeal, patience: Patience) {
    this.#path = path;
    this.#seal = seal;
    this.#patience = patience;
    this.#watcher = connect(path);
    try {
      this.#version = this.#watcher.prepare('PRAGMA data_version');
      this.#lastVersion = this.#freshVersion();
    } catch (cause) {
      this.#watcher.close();
      throw cause;
    }
  }

  /** Another number after every commit, of whichever task or process; for a moment the old one while the file is locked. */
  version(): number {
    try {
      this.#lastVersion = this.#freshVersion();
    } catch (cause) {
      if (!isBusy(cause)) throw storageError(cause);
    }
    return this.#lastVersion;
  }

  async take(): Promise<Snapshot> {
    const moment = await patiently(() => this.#entered(), this.#patience);
    let held = true;
    return {
      records: moment.reader.records,
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        moment.readers -= 1;
        if (moment.readers === 0) this.#leave(moment);
      },
    };
  }

  close(): void {
    for (const reader of this.#idle.splice(0)) reader.database.close();
    this.#watcher.close();
  }

  #freshVersion(): number {
    return Number(this.#version.get()?.['data_version']);
  }

  #entered(): Moment {
    const version = this.#freshVersion();
    if (this.#latest?.version === version) {
      this.#latest.readers += 1;
      return this.#latest;
    }
    const reader = this.#idle.pop() ?? this.#opened();
    try {
      reader.database.exec('BEGIN');
      reader.begin.get(); // a transaction takes its snapshot with its first read
    } catch (cause) {
      reader.database.close();
      throw cause;
    }
    this.#latest = { version, reader, readers: 1 };
    return this.#latest;
  }

  #leave(moment: Moment): void {
    if (this.#latest === moment) this.#latest = undefined;
    moment.reader.database.exec('ROLLBACK');
    if (this.#idle.length < idleReaders) this.#idle.push(moment.reader);
    else moment.reader.database.close();
  }

  #opened(): Reader {
    const database = connect(this.#path);
    try {
      return {
        database,
        records: new RecordTable(database, this.#seal),
        begin: database.prepare('SELECT count(*) FROM sqlite_schema'),
      };
    } catch (cause) {
      database.close();
      throw cause;
    }
  }
}

const idleReaders = 2;

interface Reader {
  readonly database: DatabaseSync;
  readonly records: RecordTable;
  readonly begin: StatementSync;
}

interface Moment {
  readonly version: number;
  readonly reader: Reader;
  readers: number;
}
