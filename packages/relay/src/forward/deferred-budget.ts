import type { World } from '@tern/protocol';
import type { RelayLimits } from '../limits-table.ts';
import { Ration } from './ration.ts';

const hourMs = 3_600_000;

/** How many batches of other relays' couriers are taken: each is remembered for as long as it may come again, which is days. */
export class DeferredBudget {
  readonly #all: Ration;
  readonly #ofOne: Ration;

  constructor(world: World, limits: RelayLimits) {
    this.#all = new Ration(world, { most: limits.deferredPerHour, ms: hourMs });
    this.#ofOne = new Ration(world, { most: limits.deferredPerHourOfOne, ms: hourMs });
  }

  hasRoom(source: string | undefined): boolean {
    return this.#all.left('') >= 1 && (source === undefined || this.#ofOne.left(source) >= 1);
  }

  /** One has written something, and is remembered. */
  spend(source: string | undefined): void {
    this.#all.spend('', 1);
    if (source !== undefined) this.#ofOne.spend(source, 1);
  }
}
