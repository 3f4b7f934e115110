import type { Hint } from '@tern/protocol';
import type { Load } from './standing.ts';

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
  }): void;
}
