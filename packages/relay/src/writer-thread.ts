import { Worker } from 'node:worker_threads';

export type WriterTask =
  | { readonly id: number; readonly kind: 'commit'; readonly changes: Uint8Array }
  | { readonly id: number; readonly kind: 'scrub'; readonly removed: readonly Uint8Array[] }
  | { readonly id: number; readonly kind: 'close' };

export interface WriterAnswer {
  readonly id: number;
  /** why it was not done */
  readonly failure?: string;
}

/** A task without its number. */
type Asked<T> = T extends WriterTask ? Omit<T, 'id'> : never;

interface Pending {
  readonly resolve: () => void;
  readonly reject: (cause: Error) => void;
}

/** The other side of `lmdb-writer.ts`. */
export class WriterThread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #exited: Promise<void>;
  #next = 1;
  #gone: Error | undefined;

  constructor(path: string) {
    this.#worker = new Worker(new URL('lmdb-writer.ts', import.meta.url), {
      workerData: { path },
      execArgv: [], // what was meant for the main thread, as a script on the command line, is not for this one
    });
    this.#worker.on('message', ({ id, failure }: WriterAnswer) => {
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      if (failure === undefined) pending?.resolve();
      else pending?.reject(new Error(failure));
    });
    this.#worker.on('error', (cause: Error) => this.#end(cause));
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#end(new Error('the writing thread has ended'));
        resolve();
      });
    });
  }

  /** Resolves when the changes are on the disk. @param changes is handed over */
  commit(changes: Uint8Array<ArrayBuffer>): Promise<void> {
    return this.#ask({ kind: 'commit', changes }, [changes.buffer]);
  }

  scrub(removed: readonly Uint8Array[]): Promise<void> {
    return this.#ask({ kind: 'scrub', removed });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#gone === undefined) await this.#ask({ kind: 'close' }).catch(() => {});
    await this.#exited;
  }

  #ask(task: Asked<WriterTask>, transfer: readonly ArrayBuffer[] = []): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== undefined) {
        reject(this.#gone);
        return;
      }
      const id = this.#next;
      this.#next += 1;
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ ...task, id } satisfies WriterTask, [...transfer]);
    });
  }

  #end(cause: Error): void {
    this.#gone ??= cause;
    for (const { reject } of this.#pending.values()) reject(this.#gone);
    this.#pending.clear();
  }
}
