import type { World } from '@tern/protocol';
import type { DayVault } from '../day-vault.ts';
import type { RelayLimits } from '../limits-table.ts';
import type { RelayStore } from '../store.ts';
import type { ForwardAsk, Forwarded, Forwarder } from './forwarder.ts';
import {
  dueBy,
  expireKept,
  keepAnswer,
  keepOn,
  letGo,
  nextDue,
  readKept,
  type KeptPlace,
} from './kept-records.ts';

export interface CourierParts {
  readonly store: RelayStore;
  readonly vault: DayVault;
  readonly world: World;
  readonly limits: RelayLimits;
  readonly forwarder: Pick<Forwarder, 'deliver'>;
}

/** handed on at a time */
const mostAtOnce = 4;
const mostLooked = 32;
const firstPauseSeconds = 30;
const longestPauseSeconds = 6 * 3600;
/** of a pause, so that what failed together does not come back together */
const jitterShare = 0.25;
/** looked anew at least so often */
const longestSleepMs = 60_000;

/** Hands on what was kept, when its time has come, until it was answered (rule 30). What it knows is in the store. */
export class Courier {
  readonly #parts: CourierParts;
  #wake: (() => void) | undefined;
  #woken = false;

  constructor(parts: CourierParts) {
    this.#parts = parts;
  }

  /** Something new is kept. */
  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  /** Hands on until the signal. @throws what a store throws; call it again */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    while (!signal.aborted) {
      this.#woken = false;
      const handed = await this.deliverDue({ signal });
      if (handed === 0) await this.#sleep(signal);
    }
  }

  /** Hands on what is due, once. @returns how many were looked at */
  async deliverDue({ signal }: { readonly signal: AbortSignal }): Promise<number> {
    const { store } = this.#parts;
    await expireKept(store, { second: this.#second(), signal });
    const second = this.#second();
    const due = await store.read((view) => dueBy(view, { second, limit: mostLooked }));
    const waiting = [...due];
    const work = async (): Promise<void> => {
      for (let place = waiting.shift(); place !== undefined && !signal.aborted; place = waiting.shift())
        await this.#deliver(place, signal);
    };
    await Promise.all(Array.from({ length: mostAtOnce }, work));
    return due.length;
  }

  async #deliver(place: KeptPlace, signal: AbortSignal): Promise<void> {
    const { store, vault, limits, forwarder } = this.#parts;
    const kept = await store.read((view) => readKept(view, vault, { place, second: this.#second() }));
    if (kept?.kind !== 'waiting') {
      // it was let go of meanwhile, or is of no use
      if (kept === undefined) await store.write((transaction) => letGo(transaction, place));
      return;
    }
    const { to, request } = kept.defer;
    const ask = { to, request, waitSeconds: 0, roomBytes: limits.keptAnswerBytes, signal };
    const { bytes, trouble } = await handOn(forwarder, ask);
    if (trouble !== undefined && signal.aborted) return; // it is still due when the relay starts again
    await store.write((transaction) => {
      if (trouble === undefined && bytes.length > 0) keepAnswer(transaction, vault, { place, answer: bytes });
      else if (trouble === 'too-long') keepAnswer(transaction, vault, { place, answer: undefined });
      else keepOn(transaction, place, { due: this.#second() + this.#pause(kept.tries) });
    });
  }

  #pause(tries: number): number {
    const pause = Math.min(longestPauseSeconds, firstPauseSeconds * 2 ** Math.min(tries, 20));
    const chance = (this.#parts.world.randomBytes(1)[0] ?? 0) / 256;
    return Math.ceil(pause * (1 + (chance - 0.5) * 2 * jitterShare));
  }

  async #sleep(signal: AbortSignal): Promise<void> {
    const { store, world } = this.#parts;
    const next = await store.read((view) => nextDue(view));
    const ms = next === undefined ? longestSleepMs : next * 1000 - world.now();
    const over = new AbortController();
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.#woken) resolve();
    });
    const slept = world.wait(Math.min(longestSleepMs, Math.max(1000, ms)), {
      signal: AbortSignal.any([signal, over.signal]),
    });
    try {
      await Promise.race([woken, slept]);
    } catch (cause) {
      if (!signal.aborted) throw cause;
    } finally {
      this.#wake = undefined;
      over.abort();
      slept.catch(() => {});
    }
  }

  #second(): number {
    return Math.floor(this.#parts.world.now() / 1000);
  }
}

/** One request that nobody foresaw must not stop the others: it is tried again like any that failed. */
async function handOn(forwarder: CourierParts['forwarder'], ask: ForwardAsk): Promise<Forwarded> {
  try {
    return await forwarder.deliver(ask);
  } catch {
    return { bytes: new Uint8Array(), trouble: 'closed' };
  }
}
