import type { Hint } from '@tern/protocol';
import { greeted, started } from './pace.ts';
import type { Load } from './standing.ts';
import type { UnseenSockets } from './unseen-sockets.ts';
import { asUrlSays, isUncounted } from './way.ts';
import type { WayBook } from './way-book.ts';

/** A connection that was begun, as far as anybody can know who does not see connections. */
export interface EarlierStart {
  readonly to: Hint;
  /** ms since 1970 */
  readonly at: number;
  /** something came back over it */
  readonly answered: boolean;
}

/** A connection that was left idle. */
export interface LeftIdle {
  readonly to: Hint;
  readonly load: Load;
  /** ms since 1970 */
  readonly openedAt: number;
  readonly usedAt: number;
  /** it may have been closed meanwhile, or never have been */
  readonly unsure: boolean;
}

/** What asked relays of the same browser before its dialer was there, and what becomes of that which is still under way. */
export interface AskedBefore {
  /** Tells what there was, oldest first, and from then on what comes to it: called once. */
  tell(listener: {
    readonly started: (start: EarlierStart) => void;
    readonly left: (idle: LeftIdle) => void;
    /** nobody answered there: whatever is idle may be gone */
    readonly doubted: (to: Hint) => void;
  }): void;
}

/** Counts what others began, and believes idle what they leave. @param parts.freed told of each that is left */
export function inherit(
  before: AskedBefore,
  parts: { readonly book: WayBook; readonly unseen: UnseenSockets | undefined; readonly freed: () => void },
): void {
  const { book, unseen, freed } = parts;
  before.tell({
    started: ({ to, at: now, answered }) => {
      for (const way of asUrlSays(to)) {
        if (isUncounted(way)) continue;
        const pace = started(book.pace(way), { now, named: way.serverName !== '', rttMs: 0, chance: 1 });
        book.paced(way, answered ? greeted(pace, now) : pace);
      }
    },
    left: ({ to, ...idle }) => {
      for (const way of asUrlSays(to)) unseen?.leave(way, idle);
      freed();
    },
    doubted: (to) => {
      for (const way of asUrlSays(to)) unseen?.doubt(way);
    },
  });
}
