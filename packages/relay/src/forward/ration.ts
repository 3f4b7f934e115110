import type { World } from '@tern/protocol';

const mostKeys = 10_000;

interface Bucket {
  left: number;
  at: number;
}

/** So much in a time for each of many: what is not used comes back evenly, and who has overdrawn waits. In memory only. */
export class Ration {
  readonly #world: Pick<World, 'now'>;
  readonly #most: number;
  readonly #ms: number;
  /** the longest silent first */
  readonly #buckets = new Map<string, Bucket>();

  /** @param ms in which an empty ration is full again */
  constructor(world: Pick<World, 'now'>, { most, ms }: { readonly most: number; readonly ms: number }) {
    this.#world = world;
    this.#most = most;
    this.#ms = ms;
  }

  /** @returns false, taking nothing, where less is left */
  take(key: string, amount: number): boolean {
    const bucket = this.#bucketOf(key);
    if (bucket.left < amount) return false;
    bucket.left -= amount;
    return true;
  }

  /** Takes what has been used already, also where less is left. */
  spend(key: string, amount: number): void {
    this.#bucketOf(key).left -= amount;
  }

  left(key: string): number {
    return this.#bucketOf(key).left;
  }

  #bucketOf(key: string): Bucket {
    const now = this.#world.now();
    const bucket = this.#buckets.get(key) ?? { left: this.#most, at: now };
    const passed = Math.max(0, now - bucket.at);
    bucket.left = Math.min(this.#most, bucket.left + (passed * this.#most) / this.#ms);
    bucket.at = now;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > mostKeys) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    return bucket;
  }
}

/**
 * A ration for each of many, of which each of those who use it has a share. Shares shrink as the whole does, in proportion: whoever used
 * much has to wait first, and whoever used little can go on.
 */
export class SharedRation {
  readonly #whole: Ration;
  readonly #shares: Ration;
  readonly #most: number;
  readonly #mostOfOne: number;

  constructor(
    world: Pick<World, 'now'>,
    { most, mostOfOne, ms }: { readonly most: number; readonly mostOfOne: number; readonly ms: number },
  ) {
    this.#whole = new Ration(world, { most, ms });
    this.#shares = new Ration(world, { most: mostOfOne, ms });
    this.#most = most;
    this.#mostOfOne = mostOfOne;
  }

  /** @param one undefined where nobody can be told from others @returns false, taking nothing, where less is left */
  take(key: string, one: string | undefined, amount: number): boolean {
    const left = this.#whole.left(key);
    if (left < amount) return false;
    if (one !== undefined) {
      const ownLeft = this.#shares.left(one);
      if (ownLeft < amount || this.#mostOfOne - ownLeft >= (this.#mostOfOne * left) / this.#most)
        return false;
    }
    this.spend(key, one, amount);
    return true;
  }

  /** Takes what has been used already, also where less is left. */
  spend(key: string, one: string | undefined, amount: number): void {
    this.#whole.spend(key, amount);
    if (one !== undefined) this.#shares.spend(one, amount);
  }
}
