import type { World } from '@tern/protocol';
import type { Attempt } from './attempt.ts';
import { dialRules } from './dial-rules.ts';
import { isUncounted, type Way } from './way.ts';

/** When one request may say a name, with all the connections that are opened for it: none twice within {@link dialRules.sameNameMs}. */
export class NameTurns {
  readonly #world: Pick<World, 'now' | 'wait'>;
  readonly #attempts: Attempt[] = [];
  /** when each was last said, where one sees that, ms since 1970 */
  readonly #saidAt = new Map<string, number>();

  constructor(world: Pick<World, 'now' | 'wait'>) {
    this.#world = world;
  }

  began(attempt: Attempt): void {
    this.#attempts.push(attempt);
  }

  /** When the way's name may be said once more, ms since 1970, as far as one can tell before; 0 for at any time. */
  next(way: Way): number {
    const { serverName } = way;
    if (!isSaid(way)) return 0;
    const said = this.#attempts.filter(
      (one) => one.way.serverName === serverName && one.stage !== 'waiting' && isSaid(one.way),
    );
    const begun = said.map(({ openedAt = 0 }) => openedAt);
    return Math.max(this.#saidAt.get(serverName) ?? 0, ...begun) + dialRules.sameNameMs;
  }

  /** What looked up a name or connected for long may find that the name was said meanwhile. @throws the signal's reason */
  async take(way: Way, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { serverName } = way;
    if (!isSaid(way)) return;
    for (;;) {
      const waitMs = (this.#saidAt.get(serverName) ?? 0) + dialRules.sameNameMs - this.#world.now();
      if (waitMs <= 0) break;
      await this.#world.wait(waitMs, { signal });
    }
    this.#saidAt.set(serverName, this.#world.now());
  }
}

/** By a hello of ours that anybody counts. */
function isSaid(way: Way): boolean {
  return way.serverName !== '' && !isUncounted(way);
}
