import type { ClientStore } from '@tern/core';
import type { World } from '@tern/protocol';
import { DialError } from '@tern/reach/testing';
import type { RelayStore } from '@tern/relay';

/** A death around the change that comes after so many others. */
export interface Death {
  readonly change: number;
  readonly when: 'before' | 'after';
}

/**
 * One life of a process: when it is over, nothing that it had begun goes on, ends or fails. Its connections are closed, and what it
 * waits for never comes.
 */
export class Life {
  readonly #over = new AbortController();
  #death: (Death & { readonly died: () => void }) | undefined;
  #left = 0;

  /** aborted at its end; for those outside of it */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  get over(): boolean {
    return this.#over.signal.aborted;
  }

  end(): void {
    this.#over.abort(new DialError('closed', 'the process at the other end has died'));
  }

  /** @param died called when it has come to that */
  plan(death: Death, died: () => void): void {
    this.#death = { ...death, died };
    this.#left = death.change;
  }

  /** Nothing is planned any more. */
  spare(): void {
    this.#death = undefined;
  }

  /** A change begins to be durable, or is. */
  pass(when: Death['when']): void {
    const death = this.#death;
    if (this.over || death?.when !== when) return;
    this.#left -= 1;
    if (this.#left > 0) return;
    this.#death = undefined;
    this.end();
    death.died();
  }

  /** What comes of it, while this life lasts. */
  lived<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      work.then(
        (value) => {
          if (!this.over) resolve(value);
        },
        (error: unknown) => {
          if (!this.over) reject(error as Error);
        },
      );
    });
  }
}

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

export function livingWorld(world: World, life: Life): World {
  return {
    now: () => Math.floor(world.now()),
    randomBytes: (length) => world.randomBytes(length),
    wait: (ms, options) => (life.over ? never() : life.lived(world.wait(ms, options))),
  };
}

export function livingStore(store: ClientStore, life: Life): ClientStore {
  return {
    read: (work) => (life.over ? never() : life.lived(store.read(work))),
    change(work, options) {
      if (life.over) return never();
      const changed = store.change(async (change) => {
        // a lock is free when who held it has died
        const made = await orAborted(work(change), life.signal);
        life.pass('before');
        life.signal.throwIfAborted();
        return made;
      }, options);
      return life.lived(
        changed.then((made) => {
          life.pass('after');
          return made;
        }),
      );
    },
    async *changes(signal) {
      for await (const nudge of store.changes(AbortSignal.any([signal, life.signal]))) {
        if (life.over) break;
        yield nudge;
      }
      if (life.over) await never();
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

export function livingRelayStore(store: RelayStore, life: Life): RelayStore {
  return {
    durability: store.durability,
    secrets: store.secrets,
    read: (look) => (life.over ? never() : life.lived(store.read(look))),
    write(judge) {
      if (life.over) return never();
      const written = store.write((transaction) => {
        const judged = judge(transaction);
        life.pass('before');
        life.signal.throwIfAborted();
        return judged;
      });
      return life.lived(
        written.then((judged) => {
          life.pass('after');
          return judged;
        }),
      );
    },
    room: () => store.room(),
    scrub: (removed) => store.scrub(removed),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** The work's outcome, or the signal's reason as soon as it is aborted. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => undefined); // whatever becomes of it when nobody waits any more
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
