import { UsageError } from '@tern/protocol';
import type { World } from '@tern/protocol';
import { byKey, ChangeBuffer, GuardedView, placeId, unixDay } from './change-buffer.ts';
import type { PlaceWrites } from './change-buffer.ts';
import type { ClientStore, Place, StoreChange, StoreRecord, StoreView } from './client-store.ts';
import { StoreNudges } from './store-nudges.ts';
import { taskScope } from './task-scope.ts';
import { Turns } from './turns.ts';

/** A store that ends with its process: for tests, and for people who want nothing kept. */
export function memoryStore(options: { readonly world: Pick<World, 'now'> }): ClientStore {
  return new MemoryStore(options.world);
}

type Partition = ReadonlyMap<string, Uint8Array>;
type Snapshot = ReadonlyMap<string, Partition>;

class MemoryStore implements ClientStore {
  readonly #world: Pick<World, 'now'>;
  readonly #turns = new Turns();
  readonly #scope = taskScope<'change' | 'read'>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #nudges = new StoreNudges();
  /** never changed in place: a reader keeps the one it began with */
  #snapshot: Snapshot = new Map();
  #closed = false;

  constructor(world: Pick<World, 'now'>) {
    this.#world = world;
  }

  async read<T>(work: (view: StoreView) => Promise<T>): Promise<T> {
    this.#refuseClosed();
    return this.#track(this.#scope.run('read', () => readFrom(this.#snapshot, work)));
  }

  async change<T>(
    work: (change: StoreChange) => Promise<T>,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<T> {
    if (this.#scope.inside('change')) {
      throw new UsageError('a change cannot begin inside another change of the same store');
    }
    this.#refuseClosed();
    using _turn = await this.#turns.take(options);
    this.#refuseClosed();
    return await this.#track(this.#scope.run('change', () => this.#commit(work)));
  }

  changes(signal: AbortSignal): AsyncIterable<void> {
    this.#refuseClosed();
    return this.#nudges.from(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#scope.inside('change') || this.#scope.inside('read')) {
      throw new UsageError('a store cannot close inside its own read or change');
    }
    this.#closed = true;
    this.#turns.refuse(new UsageError('the store was closed'));
    this.#nudges.end();
    await Promise.allSettled(this.#running);
    this.#snapshot = new Map();
  }

  async #commit<T>(work: (change: StoreChange) => Promise<T>): Promise<T> {
    const buffer = new ChangeBuffer(snapshotView(this.#snapshot), () => unixDay(this.#world.now()));
    try {
      const result = await work(buffer);
      const writes = buffer.finish();
      if (writes.length > 0) {
        this.#snapshot = withWrites(this.#snapshot, writes);
        this.#nudges.wake();
      }
      return result;
    } finally {
      buffer.close();
    }
  }

  async #track<T>(running: Promise<T>): Promise<T> {
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  #refuseClosed(): void {
    if (this.#closed) throw new UsageError('the store was closed');
  }
}

async function readFrom<T>(snapshot: Snapshot, work: (view: StoreView) => Promise<T>): Promise<T> {
  const view = new GuardedView(snapshotView(snapshot));
  try {
    return await work(view);
  } finally {
    view.close();
  }
}

function snapshotView(snapshot: Snapshot): StoreView {
  return {
    async get(place: Place, key: string): Promise<Uint8Array | undefined> {
      return snapshot.get(placeId(place))?.get(key)?.slice();
    },
    async list(place: Place): Promise<readonly StoreRecord[]> {
      const partition = snapshot.get(placeId(place)) ?? new Map<string, Uint8Array>();
      return Array.from(partition, ([key, value]) => ({ key, value: value.slice() })).sort(byKey);
    },
  };
}

function withWrites(before: Snapshot, writes: readonly PlaceWrites[]): Snapshot {
  const after = new Map(before);
  for (const { place, cleared, records } of writes) {
    const id = placeId(place);
    const partition = new Map(cleared ? [] : before.get(id));
    for (const [key, record] of records) {
      if (record === undefined) partition.delete(key);
      else partition.set(key, record.value);
    }
    if (partition.size === 0) after.delete(id);
    else after.set(id, partition);
  }
  return after;
}
