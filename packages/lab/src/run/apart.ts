import type { World } from '@tern/protocol';
import { nodeWorld } from '@tern/reach/node';

/** Lets whatever begins begin some time after the one before, in the order in which it was asked for. */
export class Apart {
  readonly #ms: number;
  readonly #world: Pick<World, 'now' | 'wait'>;
  #next = Number.NEGATIVE_INFINITY;

  constructor(ms: number, world: Pick<World, 'now' | 'wait'> = nodeWorld) {
    this.#ms = ms;
    this.#world = world;
  }

  /** Resolves when it is one's turn; who gives up has had it. @throws the signal's reason */
  async turn(signal: AbortSignal): Promise<void> {
    const now = this.#world.now();
    const at = Math.max(now, this.#next);
    this.#next = at + this.#ms;
    if (at > now) await this.#world.wait(at - now, { signal });
  }
}
