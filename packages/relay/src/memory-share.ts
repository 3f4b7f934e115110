import type { World } from '@tern/protocol';
import type { AskedWrite } from './batch-judge.ts';
import { Ration } from './forward/ration.ts';
import type { RelayLimits } from './limits-table.ts';

const hourMs = 3_600_000;
/** what may at most be remembered of one operation; the ranges of a chunk are the longest result */
const mostPutBytes = 1536;
const mostOtherBytes = 128;

/**
 * How many bytes of results a relay remembers anew for one source in an hour, and for all other relays' couriers: each of theirs is
 * remembered for days. What all take together is counted in the store.
 */
export class MemoryShare {
  readonly #ofOne: Ration;
  readonly #deferred: Ration;
  readonly #deferredOfOne: Ration;

  constructor(world: World, limits: RelayLimits) {
    this.#ofOne = new Ration(world, { most: limits.rememberedBytesOfOne, ms: hourMs });
    this.#deferred = new Ration(world, { most: limits.deferredBytes, ms: hourMs });
    this.#deferredOfOne = new Ration(world, { most: limits.deferredBytesOfOne, ms: hourMs });
  }

  /**
   * Books as much as a batch may need, so that no others slip in beside it. @returns undefined where the share is used up; else to be
   * called with the bytes that it took
   */
  book(
    asker: { readonly source: string | undefined; readonly deferred: boolean },
    writes: readonly AskedWrite[],
  ): ((tookBytes: number) => void) | undefined {
    const shares = this.#sharesOf(asker);
    // who has something left may overdraw it, and then waits
    if (shares.some(({ ration, key }) => ration.left(key) <= 0)) return undefined;
    const mostBytes = writes.reduce(
      (sum, { operation }) => sum + (operation.kind === 'put' ? mostPutBytes : mostOtherBytes),
      mostOtherBytes,
    );
    const spend = (bytes: number): void => {
      for (const { ration, key } of shares) ration.spend(key, bytes);
    };
    spend(mostBytes);
    return (tookBytes) => spend(tookBytes - mostBytes);
  }

  #sharesOf({
    source,
    deferred,
  }: {
    readonly source: string | undefined;
    readonly deferred: boolean;
  }): readonly { readonly ration: Ration; readonly key: string }[] {
    const own = deferred ? this.#deferredOfOne : this.#ofOne;
    return [
      ...(source === undefined ? [] : [{ ration: own, key: source }]),
      ...(deferred ? [{ ration: this.#deferred, key: '' }] : []),
    ];
  }
}
