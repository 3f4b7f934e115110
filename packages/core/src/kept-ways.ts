import { MalformedError, type World } from '@tern/protocol';
import { wayBookCodec, type Dialer, type WayBookRecord } from '@tern/reach';
import { StorageError, type ClientStore } from './client-store.ts';
import { recordTable, type RecordTable } from './record-table.ts';

/** What this device learnt of the networks it was in: how its relays are reached there, and what those networks let through. */
const wayTable: RecordTable<WayBookRecord> = recordTable('ways', wayBookCodec);

/** Whoever listens for changes is woken by each: not more often than this. */
const betweenSavesMs = 60_000;
/** After a quiet minute other processes know so soon. */
const soonMs = 3000;

/**
 * Gives the dialer what earlier processes learnt and keeps what it learns, at the latest when this is disposed of. What cannot be kept
 * or read is learnt again: nothing else depends on it.
 */
export async function keepWays(parts: {
  readonly store: ClientStore;
  readonly world: World;
  readonly dialer: Pick<Dialer, 'load' | 'record' | 'onLearnt'>;
}): Promise<AsyncDisposable> {
  const { store, world, dialer } = parts;
  const closing = new AbortController();
  let learnt = false;
  let saving: Promise<void> | undefined;
  const known = await store.read((view) => wayTable.get(view, '', 'book')).catch(ifUnreadable);
  if (known !== undefined) dialer.load(known);

  const save = async (): Promise<void> => {
    learnt = false;
    try {
      await store.change(async (change) => {
        // another process may have learnt as well
        const there = await wayTable.get(change, '', 'book').catch(ifUnreadable);
        if (there !== undefined) dialer.load(there);
        wayTable.put(change, '', 'book', dialer.record());
      });
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
    }
  };
  let savedAt = -Infinity;
  const saveLater = async (): Promise<void> => {
    const restMs = savedAt + betweenSavesMs - world.now();
    try {
      await world.wait(Math.min(betweenSavesMs, Math.max(soonMs, restMs)), { signal: closing.signal });
    } catch {
      return; // saved at the end
    }
    savedAt = world.now();
    await save();
    saving = learnt ? saveLater() : undefined;
  };
  dialer.onLearnt(() => {
    learnt = true;
    if (!closing.signal.aborted) saving ??= saveLater();
  });
  return {
    async [Symbol.asyncDispose]() {
      closing.abort();
      dialer.onLearnt(() => undefined);
      await saving;
      if (learnt) await save();
    },
  };
}

function ifUnreadable(error: unknown): undefined {
  if (!(error instanceof MalformedError)) throw error;
  return undefined;
}
