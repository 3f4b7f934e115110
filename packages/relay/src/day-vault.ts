import { concat, type Primitives, type World } from '@tern/protocol';
import type { SecretBox } from './store.ts';

/** Days since 1970. */
export type Day = number;

const daySeconds = 86_400;
const nonceBytes = 12;
const keyBytes = 32;
const namePrefix = 'day-';

/** The day after which content that ends at this second is unreadable. */
export function dayOf(second: number): Day {
  return Math.floor(second / daySeconds);
}

/**
 * Seals bodies and chunks under one key per day of expiry (rule 18). When the day is over its key is overwritten, and with it goes
 * everything that ended on it, wherever copies of the pages may lie.
 */
export class DayVault {
  readonly #primitives: Primitives;
  readonly #world: World;
  readonly #secrets: SecretBox;
  readonly #keys = new Map<Day, Uint8Array>();

  constructor(options: {
    readonly primitives: Primitives;
    readonly world: World;
    readonly secrets: SecretBox;
  }) {
    this.#primitives = options.primitives;
    this.#world = options.world;
    this.#secrets = options.secrets;
  }

  /** @param place the record's key, so that no sealed body can be moved to another place */
  seal(day: Day, plaintext: Uint8Array, place: Uint8Array): Uint8Array {
    const nonce = this.#world.randomBytes(nonceBytes);
    return concat(nonce, this.#primitives.seal(this.#keyFor(day), nonce, plaintext, place));
  }

  /** @returns undefined when the day is over, or the bytes were not sealed for this place */
  open(day: Day, sealed: Uint8Array, place: Uint8Array): Uint8Array | undefined {
    const key = this.#known(day);
    if (key === undefined || sealed.length < nonceBytes) return undefined;
    return this.#primitives.open(key, sealed.subarray(0, nonceBytes), sealed.subarray(nonceBytes), place);
  }

  /** Erases the keys of all days before this one. @returns how many */
  eraseBefore(day: Day): number {
    let erased = 0;
    for (const name of this.#secrets.names()) {
      if (!name.startsWith(namePrefix)) continue;
      const named = Number(name.slice(namePrefix.length));
      if (!(named < day)) continue;
      this.#secrets.erase(name);
      this.#keys.get(named)?.fill(0);
      this.#keys.delete(named);
      erased += 1;
    }
    return erased;
  }

  /** The file is durable before anything is sealed under its key. */
  #keyFor(day: Day): Uint8Array {
    const known = this.#known(day);
    if (known !== undefined) return known;
    const key = this.#world.randomBytes(keyBytes);
    this.#secrets.write(`${namePrefix}${day}`, key);
    this.#keys.set(day, key);
    return key;
  }

  #known(day: Day): Uint8Array | undefined {
    const held = this.#keys.get(day);
    if (held !== undefined) return held;
    const stored = this.#secrets.read(`${namePrefix}${day}`);
    if (stored !== undefined) this.#keys.set(day, stored);
    return stored;
  }
}
