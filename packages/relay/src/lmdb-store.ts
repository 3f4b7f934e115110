import { mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { UsageError } from '@tern/protocol';
import { fixedRecord } from './fixed-record.ts';
import { GroupCommit, type Judged } from './group-commit.ts';
import { overlayOn } from './overlay.ts';
import { openSecretFiles } from './secret-files.ts';
import { scrubFile } from './file-scrub.ts';
import { StoreFullError, type RelayStore, type StoreTransaction, type StoreView } from './store.ts';

export interface LmdbStoreOptions {
  /** a folder of its own, made when it is missing (0700) */
  readonly dir: string;
  /** the most bytes of content it takes; beyond, `full` */
  readonly roomBytes?: number;
  /** bytes free on the disk and bytes it has, asked before every flush */
  readonly disk?: () => DiskSpace;
  /** the longest a change waits for others to share its flush, while there are others */
  readonly gatherMs?: number;
  /** Stands around every flush: what it returns is what an acknowledgement waits for. Tests hold the flush back with it. */
  readonly aroundFlush?: (flush: () => Promise<void>) => Promise<void>;
}

export interface DiskSpace {
  readonly freeBytes: number;
  readonly wholeBytes: number;
}

type Database = RootDatabase<Uint8Array, Uint8Array>;

/** Keys of one byte belong to the store; a relay's are longer. */
const roomKey = new Uint8Array([0]);
const roomRecord = fixedRecord<{ usedBytes: number }>({ usedBytes: 6 });
const defaultRoomBytes = 64 * 2 ** 30;
const defaultGatherMs = 5;
const mostJudges = 1000;
/** what is left free on the disk, so that erasing and ending, which write before they free, still work on a full one */
const mostReservedBytes = 64 * 2 ** 20;
const reservedShare = 0.05;

/**
 * The embedded store. A group is judged, committed and synced in one synchronous transaction: a reader is never shown what a crash
 * could take back, a commit that fails throws where it failed and leaves nothing, and a resolved write is on the disk.
 * @throws {UsageError} when the folder cannot be used
 */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<RelayStore> {
  const limitBytes = options.roomBytes ?? defaultRoomBytes;
  const file = join(options.dir, 'relay.mdb');
  const database = openDatabase(options.dir, file);
  const stored = database.get(roomKey);
  let usedBytes = stored === undefined ? 0 : roomRecord.decode(stored).usedBytes;
  const view = viewOf(database);
  const disk = options.disk ?? (() => diskSpaceOf(options.dir));

  const commit = async (
    judges: readonly ((transaction: StoreTransaction) => unknown)[],
  ): Promise<readonly Judged[]> => {
    let used = usedBytes;
    let outcomes: Judged[] = [];
    const flush = async (): Promise<void> => {
      used = usedBytes;
      const takeBytes = Math.min(limitBytes, usedBytes + freeForContent(disk()));
      database.transactionSync(() => {
        outcomes = judges.map((judge) => {
          const overlay = overlayOn(view, takeBytes - used);
          let value: unknown;
          try {
            value = judge(overlay.transaction);
          } catch (cause) {
            return { kind: 'failed', cause };
          }
          for (const { key, value } of overlay.changes.values()) {
            if (value === undefined) database.removeSync(key);
            else database.putSync(key, value);
          }
          used += overlay.charged();
          return { kind: 'judged', value };
        });
        if (used !== usedBytes)
          database.putSync(roomKey, roomRecord.encode({ usedBytes: Math.max(0, used) }));
      });
    };
    try {
      await (options.aroundFlush?.(flush) ?? flush());
    } catch (cause) {
      throw asFull(cause);
    }
    usedBytes = Math.max(0, used);
    return outcomes;
  };
  const groups = new GroupCommit({ commit, gatherMs: options.gatherMs ?? defaultGatherMs, mostJudges });

  return {
    durability: 'fsync',
    secrets: openSecretFiles(join(options.dir, 'secrets')),
    read: async (look) => look(view),
    write: (judge) => groups.add(judge),
    room: () => ({ usedBytes, limitBytes }),
    scrub: (removed) => scrubFile(file, removed, async (work) => database.transactionSync(work)),
    async [Symbol.asyncDispose]() {
      await groups.idle();
      await database.close();
    },
  };
}

function openDatabase(dir: string, file: string): Database {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    return open<Uint8Array, Uint8Array>({
      path: file,
      noSubdir: true,
      keyEncoding: 'binary',
      encoding: 'binary',
      cache: false,
      overlappingSync: false,
    });
  } catch (cause) {
    throw new UsageError("the folder for the relay's data cannot be used", { cause });
  }
}

function diskSpaceOf(dir: string): DiskSpace {
  const { bavail, blocks, bsize } = statfsSync(dir);
  return { freeBytes: bavail * bsize, wholeBytes: blocks * bsize };
}

function freeForContent({ freeBytes, wholeBytes }: DiskSpace): number {
  return Math.max(0, freeBytes - Math.min(mostReservedBytes, wholeBytes * reservedShare));
}

function viewOf(database: Database): StoreView {
  return {
    get: (key) => database.get(key),
    keys: (from, to, limit) =>
      Array.from(database.getKeys({ start: from, end: to, limit }), (key) => new Uint8Array(key)),
  };
}

function asFull(cause: unknown): unknown {
  const text = cause instanceof Error ? cause.message : '';
  return /MDB_MAP_FULL|MDB_TXN_FULL|ENOSPC|EDQUOT|EFBIG|No space left|Disk quota|File too large/i.test(text)
    ? new StoreFullError('the disk is full', { cause })
    : cause;
}
