import { mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '@tern/protocol';
import { fixedRecord } from './fixed-record.ts';
import { GroupCommit, type Judged } from './group-commit.ts';
import { overlayOn } from './overlay.ts';
import { openSecretFiles } from './secret-files.ts';
import { packChanges } from './change-list.ts';
import { openLmdbFile, type LmdbFile } from './lmdb-file.ts';
import { WriterThread } from './writer-thread.ts';
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
 * The embedded store. A group is judged here, alone and against what is durable; what it changed is then written and synced by another
 * thread in one transaction, so that nobody but that thread waits for the disk. A reader is never shown what a crash could take back,
 * a commit that fails leaves nothing, and a resolved write is on the disk.
 * @throws {UsageError} when the folder cannot be used
 */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<RelayStore> {
  const limitBytes = options.roomBytes ?? defaultRoomBytes;
  const file = join(options.dir, 'relay.mdb');
  const database = openDatabase(options.dir, file);
  const stored = database.get(roomKey);
  let usedBytes = stored === undefined ? 0 : roomRecord.decode(stored).usedBytes;
  const view = viewOf(database);
  const writer = new WriterThread(file);
  const disk = options.disk ?? (() => diskSpaceOf(options.dir));

  const commit = async (
    judges: readonly ((transaction: StoreTransaction) => unknown)[],
  ): Promise<readonly Judged[]> => {
    const takeBytes = Math.min(limitBytes, usedBytes + freeForContent(disk())) - usedBytes;
    const group = overlayOn(view, takeBytes);
    const outcomes = judges.map((judge): Judged => {
      const own = overlayOn(group.transaction, takeBytes - group.charged());
      try {
        const value = judge(own.transaction);
        for (const { key, value: changed } of own.changes.values()) {
          if (changed === undefined) group.transaction.remove(key);
          else group.transaction.put(key, changed);
        }
        group.transaction.charge(own.charged());
        return { kind: 'judged', value };
      } catch (cause) {
        return { kind: 'failed', cause };
      }
    });
    const used = Math.max(0, usedBytes + group.charged());
    if (used !== usedBytes) group.transaction.put(roomKey, roomRecord.encode({ usedBytes: used }));
    if (group.changes.size === 0) return outcomes;
    const changes = packChanges(group.changes.values());
    const flush = (): Promise<void> => writer.commit(changes);
    try {
      await (options.aroundFlush?.(flush) ?? flush());
    } catch (cause) {
      throw asFull(cause, disk());
    }
    usedBytes = used;
    // this thread looks at what the other one has just written
    database.resetReadTxn();
    return outcomes;
  };
  const groups = new GroupCommit({ commit, gatherMs: options.gatherMs ?? defaultGatherMs, mostJudges });

  return {
    durability: 'fsync',
    secrets: openSecretFiles(join(options.dir, 'secrets')),
    read: async (look) => look(view),
    write: (judge) => groups.add(judge),
    room: () => ({ usedBytes, limitBytes }),
    scrub: (removed) => writer.scrub(removed),
    async [Symbol.asyncDispose]() {
      await groups.idle();
      await writer[Symbol.asyncDispose]();
      await database.close();
    },
  };
}

function openDatabase(dir: string, file: string): LmdbFile {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    return openLmdbFile(file);
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

function viewOf(database: LmdbFile): StoreView {
  return {
    get: (key) => database.get(key),
    keys: (from, to, limit) =>
      Array.from(database.getKeys({ start: from, end: to, limit }), (key) => new Uint8Array(key)),
  };
}

/** A disk that takes only half of a write reports an input or output error: what is left on it tells that from a broken one. */
function asFull(cause: unknown, { freeBytes }: DiskSpace): unknown {
  const text = cause instanceof Error ? cause.message : '';
  return /MDB_MAP_FULL|MDB_TXN_FULL|ENOSPC|EDQUOT|EFBIG|No space left|Disk quota|File too large/i.test(
    text,
  ) ||
    (/Input\/output error/i.test(text) && freeBytes < mostReservedBytes)
    ? new StoreFullError('the disk is full', { cause })
    : cause;
}
