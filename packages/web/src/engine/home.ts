import {
  openClient,
  Turns,
  type Argon2id,
  type Client,
  type ClientStore,
  type EngineParts,
  type Me,
} from '@tern/core';
import { RefusedError, TernError, UsageError } from '@tern/protocol';
import { brokenCode } from '../bridge/error-crossing.ts';
import type { HomeState } from './app-api.ts';
import type { Housing } from './housing.ts';
import { Latest } from './latest.ts';

/** What a home is made of. */
export interface HomeParts extends Omit<EngineParts, 'store'> {
  readonly housing: Housing;
  /** for exports */
  readonly argon2id: Argon2id;
}

/** What exists only while a home is open. */
export interface OpenHome {
  readonly client: Client;
  readonly store: ClientStore;
  /** aborted when the home closes: what works in it ends then */
  readonly closing: AbortSignal;
}

type Standing =
  | { readonly kind: 'opening' }
  | { readonly kind: 'broken'; readonly error: unknown }
  | { readonly kind: 'locked' }
  | Open;

interface Open {
  readonly kind: 'open';
  readonly home: Opened;
  /** undefined as long as nobody lives here */
  readonly me: Me | undefined;
  readonly passcode: boolean;
  readonly lockAfterMinutes: number;
}

interface Opened extends OpenHome {
  readonly ending: AbortController;
  /** ends soon after `closing` */
  readonly background: Promise<void>[];
}

/** How often an idle home looks whether it should lock. */
const lookMs = 20_000;
/** Before a home that a fault of its own took off the network goes online again. */
const afterFaultMs = 5_000;

/** The home of this browser: opened, begun, locked, wiped. What opens and what closes it takes turns; what works in it is ended by a signal. */
export class Home implements AsyncDisposable {
  readonly parts: HomeParts;
  /** as the browser says */
  readonly online: Latest<boolean> = new Latest(true);
  /** code of what took this home off the network by itself, until it is on it again */
  readonly fault: Latest<string | undefined> = new Latest<string | undefined>(undefined);
  readonly #standing = new Latest<Standing>({ kind: 'opening' });
  readonly #turns = new Turns();
  #touchedAt: number;

  constructor(parts: HomeParts) {
    this.parts = parts;
    this.#touchedAt = parts.world.now();
    void this.#alone(() => this.#openUnlessLocked());
  }

  /** @throws what kept it from opening */
  async *states(signal: AbortSignal): AsyncIterable<HomeState> {
    for await (const standing of this.#standing.values(signal)) {
      if (standing.kind === 'broken') throw standing.error;
      if (standing.kind === 'locked') yield standing;
      if (standing.kind !== 'open') continue;
      const { me, passcode, lockAfterMinutes } = standing;
      yield me === undefined ? { kind: 'new' } : { kind: 'open', me, passcode, lockAfterMinutes };
    }
  }

  /** @throws {RefusedError} `locked` */
  async open(signal?: AbortSignal): Promise<OpenHome> {
    return (await this.#opened(signal)).home;
  }

  /** The open home of somebody; undefined where nobody lives, or it is locked. */
  async inhabited(signal: AbortSignal): Promise<OpenHome | undefined> {
    const standing = await this.#settled(signal);
    return standing.kind === 'open' && standing.me !== undefined ? standing.home : undefined;
  }

  /** @throws {UsageError} where somebody lives here @throws {MalformedError} for a name that is none */
  begin(name: string): Promise<Me> {
    return this.#alone(async () => {
      const standing = await this.#opened();
      const me = await standing.home.client.init(name);
      this.#moveIn({ ...standing, me });
      return me;
    });
  }

  /** Into a home where nobody lives. */
  import(file: Blob, passphrase: string): Promise<'imported' | 'wrong-passphrase' | 'newer'> {
    return this.#alone(async () => {
      const standing = await this.#opened();
      const { importFile } = await import('./portability.ts');
      const { kind } = await importFile({ ...this.parts, store: standing.home.store }, file, passphrase);
      if (kind === 'not-empty') throw new UsageError('somebody lives here already');
      if (kind === 'imported') this.#moveIn({ ...standing, me: await standing.home.client.me() });
      return kind;
    });
  }

  /** @returns false for a wrong passcode */
  unlock(passcode: string): Promise<boolean> {
    return this.#alone(async () => {
      const standing = await this.#settled();
      if (standing.kind === 'open') return true;
      const store = await this.parts.housing.open(passcode);
      if (store === undefined) return false;
      await this.#opening(store, { passcode: true });
      return true;
    });
  }

  /** Closes the home, which forgets its keys. @throws {RefusedError} `no-passcode`: it would not be locked */
  lock(): Promise<void> {
    return this.#alone(async () => {
      const standing = await this.#settled();
      if (standing.kind === 'locked') return;
      if (standing.kind !== 'open' || !standing.passcode)
        throw new RefusedError('no-passcode', 'a home without a passcode cannot be locked');
      await this.#close(standing, { kind: 'locked' });
    });
  }

  /** @returns false for a wrong old one */
  setPasscode(change: { readonly old?: string; readonly fresh?: string }): Promise<boolean> {
    return this.#alone(async () => {
      const standing = await this.#opened();
      if (!(await this.parts.housing.setPasscode(change))) return false;
      this.touched();
      this.#standing.set({ ...standing, passcode: change.fresh !== undefined });
      return true;
    });
  }

  setLockAfter(minutes: number): Promise<void> {
    return this.#alone(async () => {
      const standing = await this.#opened();
      await this.parts.housing.setLockAfter(minutes);
      this.touched();
      this.#standing.set({ ...standing, lockAfterMinutes: minutes });
    });
  }

  /** Somebody is here. */
  touched(): void {
    this.#touchedAt = this.parts.world.now();
  }

  /** Everything is gone for good, and a new home stands in its place. */
  wipe(): Promise<void> {
    return this.#alone(async () => {
      const standing = this.#standing.value;
      if (standing.kind === 'open') await this.#close(standing, { kind: 'opening' });
      else this.#standing.set({ kind: 'opening' });
      await this.parts.housing.wipe();
      await this.#openUnlessLocked();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#alone(async () => {
      const error = new RefusedError('closed', 'this engine was closed');
      const standing = this.#standing.value;
      if (standing.kind === 'open') await this.#close(standing, { kind: 'broken', error });
      else this.#standing.set({ kind: 'broken', error });
    });
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    using _turn = await this.#turns.take();
    return await work();
  }

  /** Waits until it is known whether the home is open. A home that was left alone for too long is locked by now. */
  async #settled(signal: AbortSignal = never): Promise<Exclude<Standing, { readonly kind: 'opening' }>> {
    const standing = await this.#standing.until((one) => one.kind !== 'opening', signal);
    if (standing.kind === 'broken') throw standing.error;
    return standing;
  }

  async #opened(signal?: AbortSignal): Promise<Open> {
    const standing = await this.#settled(signal);
    if (standing.kind !== 'open') throw new RefusedError('locked', 'this home is locked');
    return standing;
  }

  /** What keeps it from opening is told to whoever asks. */
  async #openUnlessLocked(): Promise<void> {
    const { housing } = this.parts;
    try {
      const store = (await housing.locked()) ? undefined : await housing.open();
      if (store === undefined) this.#standing.set({ kind: 'locked' });
      else await this.#opening(store, { passcode: false });
    } catch (error) {
      this.#standing.set({ kind: 'broken', error });
    }
  }

  async #opening(store: ClientStore, { passcode }: { readonly passcode: boolean }): Promise<void> {
    try {
      const client = await openClient({ ...this.parts, store });
      client.setOnline(this.online.value);
      const ending = new AbortController();
      const home: Opened = { client, store, ending, closing: ending.signal, background: [] };
      const [me, lockAfterMinutes] = [await client.me(), await this.parts.housing.lockAfter()];
      this.touched();
      home.background.push(this.#lockWhenIdle(home));
      const standing: Open = { kind: 'open', home, me, passcode, lockAfterMinutes };
      if (me === undefined) this.#standing.set(standing);
      else this.#moveIn(standing);
    } catch (error) {
      await store[Symbol.asyncDispose]();
      throw error;
    }
  }

  #moveIn(standing: Open): void {
    this.#standing.set(standing);
    standing.home.background.push(this.#stayOnline(standing.home));
  }

  async #close({ home }: Open, after: Standing): Promise<void> {
    this.#standing.set(after);
    home.ending.abort(new RefusedError('locked', 'this home was closed'));
    await Promise.all(home.background);
    await home.client[Symbol.asyncDispose]();
    await home.store[Symbol.asyncDispose]();
  }

  async #stayOnline({ client, closing }: Opened): Promise<void> {
    while (!closing.aborted) {
      try {
        await client.run({ signal: closing, onTrouble: () => this.fault.set(undefined) });
      } catch (error) {
        if (closing.aborted) return;
        this.fault.set(error instanceof TernError ? error.code : brokenCode);
      }
      await pause(this.parts.world, afterFaultMs, closing);
    }
  }

  async #lockWhenIdle({ closing }: Opened): Promise<void> {
    while (await pause(this.parts.world, lookMs, closing)) {
      const standing = this.#standing.value;
      if (standing.kind !== 'open' || standing.home.closing !== closing) return;
      if (!this.#isIdle(standing)) continue;
      void this.lock().catch((error: unknown) => this.#standing.set({ kind: 'broken', error }));
      return;
    }
  }

  #isIdle({ passcode, lockAfterMinutes }: Open): boolean {
    const now = this.parts.world.now();
    if (now < this.#touchedAt) this.#touchedAt = now; // the clock was set back
    return passcode && lockAfterMinutes > 0 && now - this.#touchedAt >= lockAfterMinutes * 60_000;
  }
}

const never: AbortSignal = new AbortController().signal;

/** @returns false where the signal ended it */
async function pause(world: HomeParts['world'], ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await world.wait(ms, { signal });
    return true;
  } catch (error) {
    if (!signal.aborted) throw error;
    return false;
  }
}
