import { type ChildProcess } from 'node:child_process';

/**
 * An idle program in a host, that gives back what it is told: how long that takes says how long the programs of the hosts wait for a processor.
 * Nothing of it goes over the lab's network.
 */
export class Bystander implements Disposable {
  readonly #program: ChildProcess;
  readonly #now: () => number;
  readonly #took: (ms: number) => void;
  #askedAt: number | undefined;

  /** @param program that copies its standard input to its standard output */
  constructor(program: ChildProcess, now: () => number, took: (ms: number) => void) {
    this.#program = program;
    this.#now = now;
    this.#took = took;
    program.stdin?.on('error', () => undefined); // it ends with the hosts, perhaps in the middle of a question
    program.stdout?.on('data', () => this.#answered());
  }

  /** One question at a time: a late answer is one late answer. */
  ask(): void {
    if (this.#askedAt !== undefined) return;
    this.#askedAt = this.#now();
    this.#program.stdin?.write('.');
  }

  [Symbol.dispose](): void {
    this.#program.stdin?.end();
  }

  #answered(): void {
    if (this.#askedAt !== undefined) this.#took(this.#now() - this.#askedAt);
    this.#askedAt = undefined;
  }
}
