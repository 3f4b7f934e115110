import type { ChildProcess } from 'node:child_process';
import { jsonLines, type News, type Order } from '../programs/lines.ts';

const longestStartMs = 60_000;
const keptComplaints = 4000;

/** A program of the lab that runs in some host: takes orders, tells news. It ends when its standard input closes. */
export class Program implements AsyncDisposable {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #listeners = new Set<(news: News) => void>();
  readonly #told: News[] = [];
  readonly #ended: Promise<void>;
  #complaints = '';
  #over = false;
  #orders = 0;

  constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
    child.stdin?.on('error', () => {}); // it ended; whoever waits for it is told so
    child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
      this.#complaints = `${this.#complaints}${piece}`.slice(-keptComplaints);
    });
    child.on('error', (error) => (this.#complaints += error.message));
    this.#ended = new Promise<void>((resolve) => child.once('close', () => resolve())).then(() => {
      this.#over = true;
      this.#hand({ is: 'note', words: `ended: ${this.#complaints}` });
    });
    void this.#read();
  }

  /** what it said on standard error, its end */
  get complaints(): string {
    return this.#complaints;
  }

  get over(): boolean {
    return this.#over;
  }

  order(order: Order): number {
    this.#orders += 1;
    this.#child.stdin?.write(`${JSON.stringify({ ...order, number: this.#orders })}\n`);
    return this.#orders;
  }

  /** @returns when the program says that it did it */
  async carriedOut(order: Order, longestMs?: number): Promise<void> {
    const number = this.order(order);
    await this.first(
      (news): news is Extract<News, { is: 'done' }> => news.is === 'done' && news.number === number,
      { what: `answer to ${order.do}`, ...(longestMs !== undefined && { longestMs }) },
    );
  }

  /** @param listener told everything from its start on, also what came before anybody listened */
  listen(listener: (news: News) => void): void {
    for (const news of this.#told) listener(news);
    this.#listeners.add(listener);
  }

  /** @returns the first news, past ones included, that fits @throws when it ends before, or says nothing like it in time */
  async first<Found extends News>(
    fits: (news: News) => news is Found,
    options: { readonly what: string; readonly longestMs?: number },
  ): Promise<Found> {
    const { promise, resolve, reject } = Promise.withResolvers<Found>();
    const timer = setTimeout(() => {
      reject(new Error(`${this.name}: no ${options.what} in time; ${this.#complaints}`));
    }, options.longestMs ?? longestStartMs);
    const listener = (news: News): void => {
      if (fits(news)) resolve(news);
      else if (this.#over) reject(new Error(`${this.name} ended: ${this.#complaints}`));
    };
    this.listen(listener);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#listeners.delete(listener);
    }
  }

  async ready(): Promise<this> {
    await this.first(isReady, { what: 'start' });
    return this;
  }

  /** As if the power went. */
  async kill(): Promise<void> {
    this.#child.stdin?.end();
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  async #read(): Promise<void> {
    const { stdout } = this.#child;
    if (stdout === null) return;
    for await (const line of jsonLines(stdout)) this.#hand(line as unknown as News);
  }

  #hand(news: News): void {
    this.#told.push(news);
    for (const listener of this.#listeners) listener(news);
  }
}

function isReady(news: News): news is Extract<News, { is: 'ready' }> {
  return news.is === 'ready';
}
