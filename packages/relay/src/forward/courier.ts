import { UnreachableError, type World } from '@tern/protocol';
import type { DayVault } from '../day-vault.ts';
import type { RelayLimits } from '../limits-table.ts';
import { keyName } from '../overlay.ts';
import type { RelayStore } from '../store.ts';
import type { Delivered, ForwardAsk, Forwarder } from './forwarder.ts';
import { FarRests } from './far-rests.ts';
import {
  drop,
  dueBy,
  hurryKept,
  isOf,
  keepAnswer,
  keepOn,
  nextDue,
  putOff,
  readKept,
  type DueNote,
} from './kept-records.ts';
import { LineFirsts, lineOf } from './line-firsts.ts';

export interface CourierParts {
  readonly store: RelayStore;
  readonly vault: DayVault;
  readonly world: World;
  readonly limits: RelayLimits;
  readonly forwarder: Pick<Forwarder, 'deliver'>;
}

/** handed on at a time */
const mostAtOnce = 16;
/** Of them to one host, and to far relays that were not reached the last time, or were slow: neither holds up the others */
const mostOfHost = 2;
const mostDoubted = 4;
/** of the time that a far relay has, beyond which it was slow, whatever it answers in the end */
const slowShare = 1 / 3;
/** notes that one look at the store finds; among so many they are put in order */
const mostLooked = 1000;
/** looked anew at least so often, where nothing is under way */
const longestSleepMs = 60_000;

interface UnderWay {
  readonly far: string;
  readonly host: string;
  /** who had it kept, and for which far relay */
  readonly line: string;
  readonly ended: Promise<void>;
}

/** Hands on what was kept, when its time has come, until it was answered (rule 30). All that it must not forget is in the store. */
export class Courier {
  readonly #parts: CourierParts;
  readonly #rests: FarRests;
  /** by what is handed on */
  readonly #underWay = new Map<string, UnderWay>();
  readonly #firsts = new LineFirsts();
  #wake: (() => void) | undefined;
  #woken = false;
  #started = false;

  constructor(parts: CourierParts) {
    this.#parts = parts;
    this.#rests = new FarRests(parts.world);
  }

  /** Something new is kept, or handed on. */
  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  /** Hands on until the signal. @throws what a store throws; call it again */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const ending = new AbortController();
    const failures: unknown[] = [];
    const either = AbortSignal.any([signal, ending.signal]);
    try {
      if (!this.#started) {
        await hurryKept(this.#parts.store, { second: this.#second(), signal });
        this.#started = !signal.aborted;
      }
      while (!signal.aborted) {
        this.#woken = false;
        await this.#begin(either, failures);
        await this.#rest(signal);
        if (failures.length > 0) throw failures[0];
      }
    } finally {
      ending.abort(new UnreachableError('the courier ends', { code: 'closed' }));
      await Promise.all([...this.#underWay.values()].map(({ ended }) => ended));
    }
  }

  /** Begins to hand on what is due, as far as there are places, and puts off what is for far relays that rest. */
  async #begin(signal: AbortSignal, failures: unknown[]): Promise<void> {
    const { store } = this.#parts;
    let after: DueNote | undefined;
    do {
      const second = this.#second();
      const from = after;
      const notes = await store.read((view) => dueBy(view, { second, limit: mostLooked, after: from }));
      const resting: { readonly note: DueNote; readonly due: number }[] = [];
      // what somebody wrote first arrives first, as far as nothing else keeps it back
      for (const note of notes.toSorted((a, b) => a.order - b.order)) {
        const name = keyName(note.key);
        if (this.#underWay.size >= mostAtOnce || signal.aborted) break;
        const due = this.#rests.until(note.far);
        if (this.#underWay.has(name) || !this.#hasPlace(note)) continue;
        if (due > second) {
          resting.push({ note, due });
          continue;
        }
        const ended = this.#deliver(note, signal)
          .catch((cause: unknown) => void failures.push(cause))
          .finally(() => {
            this.#underWay.delete(name);
            this.wake();
          });
        this.#underWay.set(name, { far: note.far, host: note.host, line: lineOf(note), ended });
      }
      if (resting.length > 0)
        await store.write((transaction) => {
          for (const { note, due } of resting) putOff(transaction, note, { due, second });
        });
      after = notes.length < mostLooked ? undefined : notes.at(-1);
    } while (after !== undefined && this.#underWay.size < mostAtOnce && !signal.aborted);
  }

  #hasPlace(note: DueNote): boolean {
    const { far, host } = note;
    const line = lineOf(note);
    const all = Array.from(this.#underWay.values());
    if (all.some((one) => one.line === line) || this.#firsts.keepsBack(note, this.#second())) return false;
    if (all.filter((one) => one.host === host).length >= mostOfHost) return false;
    return (
      !this.#rests.isDoubted(far) || all.filter((one) => this.#rests.isDoubted(one.far)).length < mostDoubted
    );
  }

  async #deliver(note: DueNote, signal: AbortSignal): Promise<void> {
    const { place, far } = note;
    const { store, vault, world, limits, forwarder } = this.#parts;
    const second = this.#second();
    const kept = await store.read((view) => readKept(view, vault, { place, second }));
    this.#firsts.tried(note);
    if (kept?.kind !== 'waiting' || !isOf(note, kept)) {
      // it was let go of meanwhile, is past its not-after, or is of no use; or this is not its note
      await store.write((transaction) => drop(transaction, vault, { note, second }));
      return;
    }
    const { to, request } = kept.defer;
    const ask = { to, request, waitSeconds: 0, roomBytes: limits.keptAnswerBytes, signal };
    const began = world.now();
    const { bytes, trouble, stood } = await handOn(forwarder, ask);
    if (trouble !== undefined && signal.aborted) return; // it is still due when the relay starts again
    const answered = trouble === undefined && bytes.length > 0;
    if (answered || trouble === 'too-long') this.#rests.reached(far);
    else if (trouble === 'busy') this.#rests.full(far);
    else if (!stood) this.#rests.missed(far, kept);
    // else it may be the doing of this request, which anybody can have written: it alone waits
    const tookMs = world.now() - began;
    if (trouble === 'silent' || tookMs > limits.forwardSeconds * 1000 * slowShare) this.#rests.doubt(far);
    const due = Math.max(
      this.#rests.until(far),
      this.#second() + (answered || !stood ? 0 : this.#pause(note, { trouble, tries: kept.tries })),
    );
    await store.write((transaction) => {
      if (answered) keepAnswer(transaction, vault, { place, answer: bytes });
      else if (trouble === 'too-long') keepAnswer(transaction, vault, { place, answer: undefined });
      else keepOn(transaction, place, { due });
    });
  }

  /** @returns for how many seconds what was not answered waits, beside the time for which its far relay rests */
  #pause(note: DueNote, met: { readonly trouble: Delivered['trouble']; readonly tries: number }): number {
    const { trouble, tries } = met;
    // everything for that relay waits alike, and keeps its order
    if (trouble === 'busy') return 0;
    const pause = (times: number): number => this.#rests.pause(times);
    const stopped = { second: this.#second(), silent: trouble === 'silent', pause };
    const inOrder =
      trouble === 'silent' || trouble === 'closed' ? this.#firsts.stopped(note, stopped) : undefined;
    return inOrder ?? pause(tries);
  }

  /** Until something new is kept or something under way ended; where nothing is, until the next is due, too. */
  async #rest(signal: AbortSignal): Promise<void> {
    const { store, world } = this.#parts;
    const idle = this.#underWay.size === 0;
    const next = idle ? await store.read((view) => nextDue(view)) : undefined;
    const woken = Promise.withResolvers<void>();
    this.#wake = woken.resolve;
    if (this.#woken || signal.aborted) woken.resolve();
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const ms = next === undefined ? longestSleepMs : next * 1000 - world.now();
    const slept = idle
      ? world.wait(Math.min(longestSleepMs, Math.max(1000, ms)), { signal: either })
      : new Promise<void>((resolve) => {
          either.addEventListener('abort', () => resolve());
        });
    try {
      await Promise.race([woken.promise, slept]);
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
async function handOn(forwarder: CourierParts['forwarder'], ask: ForwardAsk): Promise<Delivered> {
  try {
    return await forwarder.deliver(ask);
  } catch {
    return { bytes: new Uint8Array(), trouble: 'closed', stood: true };
  }
}
