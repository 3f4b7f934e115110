import type { Cause, Control } from './diagnosis.ts';
import type { Observation } from './observation.ts';

/** What a rule found. */
export interface Finding {
  readonly cause: Cause;
  /** attempts that show it */
  readonly alike: readonly Observation[];
  /** what was looked at for that, where it was not the recent ones */
  readonly looked?: readonly Observation[];
  readonly control?: Control | undefined;
  readonly bitsPerSecond?: number;
  readonly bytes?: number;
  readonly address?: string;
}
