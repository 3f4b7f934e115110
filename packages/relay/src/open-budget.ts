import type { World } from '@tern/protocol';
import type { RelayLimits } from './limits-table.ts';

const mostSources = 10_000;
const forgetAfterMs = 2000;

interface Bucket {
  left: number;
  at: number;
}

/** How many first batches may be opened: each costs a public-key operation that anybody can ask for (rule 33). */
export class OpenBudget {
  readonly #world: World;
  readonly #limits: RelayLimits;
  readonly #all: Bucket;
  /** the longest silent first */
  readonly #bySource = new Map<string, Bucket>();

  constructor(world: World, limits: RelayLimits) {
    this.#world = world;
    this.#limits = limits;
    this.#all = { left: limits.opensPerSecond, at: world.now() };
  }

  /** @param source whatever tells one caller from another; kept as long as it matters and never written anywhere */
  take(source: string | undefined): boolean {
    const own = source === undefined ? undefined : this.#bucketOf(source);
    if (own !== undefined && !this.#has(own, this.#limits.opensPerSecondOfOne)) return false;
    if (!this.#has(this.#all, this.#limits.opensPerSecond)) return false;
    this.#all.left -= 1;
    if (own !== undefined) own.left -= 1;
    return true;
  }

  #bucketOf(source: string): Bucket {
    const bucket = this.#bySource.get(source) ?? {
      left: this.#limits.opensPerSecondOfOne,
      at: this.#world.now(),
    };
    this.#bySource.delete(source);
    this.#bySource.set(source, bucket);
    // a bucket is full again after a second, so nobody need be remembered for longer
    const past = this.#world.now() - forgetAfterMs;
    for (const [oldest, { at }] of this.#bySource) {
      if (this.#bySource.size <= mostSources && at > past) break;
      this.#bySource.delete(oldest);
    }
    return bucket;
  }

  #has(bucket: Bucket, perSecond: number): boolean {
    const now = this.#world.now();
    const passed = Math.max(0, now - bucket.at);
    bucket.left = Math.min(perSecond, bucket.left + (passed * perSecond) / 1000);
    bucket.at = now;
    return bucket.left >= 1;
  }
}
