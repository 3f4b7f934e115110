import process from 'node:process';
import type { Relay } from '../src/index.ts';

const never: AbortSignal = new AbortController().signal;

/**
 * Stands between clients and relay, so that each side's work is measured by itself: requests gather here until they are let through.
 */
export class Gate {
  readonly id: Relay['id'];
  readonly #relay: Relay;
  readonly #answered: (() => void)[] = [];
  readonly #held: { readonly request: Uint8Array; resolve(response: Promise<Uint8Array>): void }[] = [];

  constructor(relay: Relay) {
    this.#relay = relay;
    this.id = relay.id;
  }

  get held(): number {
    return this.#held.length;
  }

  answer(request: Uint8Array): Promise<Uint8Array> {
    if (request.length === 0) return this.#relay.answer(request, { signal: never });
    return new Promise((resolve) => void this.#held.push({ request, resolve }));
  }

  /** Lets one through. @returns when the relay has answered */
  async one(): Promise<void> {
    const next = this.#held.shift();
    if (next === undefined) throw new Error('nobody waits');
    const response = this.#relay.answer(next.request, { signal: never });
    await response.catch(() => {});
    this.#answered.push(() => next.resolve(response));
  }

  /** Hands over the answers: the clients go on when nothing is measured any more. */
  release(): void {
    for (const resolve of this.#answered.splice(0)) resolve();
  }

  /** Lets all through at once. @returns CPU and time until the relay had answered them all */
  async all(): Promise<{ readonly cpuMicroseconds: number; readonly seconds: number }> {
    const began = performance.now();
    const cpu = cpuMicroseconds();
    await Promise.all(Array.from({ length: this.#held.length }, () => this.one()));
    const spent = { cpuMicroseconds: cpuMicroseconds() - cpu, seconds: (performance.now() - began) / 1000 };
    this.release();
    return spent;
  }
}

/** Until so many wait before it. */
export async function gathered(gate: Gate, count: number): Promise<void> {
  while (gate.held < count) await new Promise<void>((resolve) => void setImmediate(resolve));
}

export function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
