import type { Hint } from '@tern/protocol';
import type { ObservationsSeen } from '@tern/reach';
import type { Observation } from '@tern/reach/diagnosis';
import type { ConnectionView, TransferView } from './views.ts';

/** How an app with a screen sees and steers the network. */
export interface Connecting {
  /** Files on their way in this process, both ways: what is so now, and again whenever that changed. Lossy. */
  transfers(signal: AbortSignal): AsyncIterable<readonly TransferView[]>;
  /** Every relay that `run` of this process works with. */
  connections(): readonly ConnectionView[];
  /** What each attempt to reach a relay showed in the last ten minutes of this process, for `diagnose`; no secret is in it. */
  observations(): ObservationsSeen;
  /** Adds an attempt that somebody else made, by the clock of the others, to the {@link observations}. */
  observed(one: Observation): void;
  /** Every relay that this home works with, secret paths and all: for whoever probes them, never for a screen. */
  hosts(): Promise<readonly Hint[]>;
  /** something in the {@link observations} may hinder: worth a diagnosis */
  hindered(): boolean;
  /** a nudge after {@link connections} or {@link hindered} changed */
  connectionChanges(signal: AbortSignal): AsyncIterable<void>;
  /** messages and other things that wait to leave and have not failed */
  queued(): Promise<number>;
  /**
   * After a `sync` that did not reach every relay: leaves what waits for those at other relays of this person's own, and hears what became of
   * what was left there earlier. `run` does it by itself.
   */
  handOver(options: { readonly signal: AbortSignal }): Promise<void>;
  /** Ends every pause of `run` at once. */
  retryNow(): void;
  /** @param online as the system says: false stops dialling in `run` until it is true again, which also ends pauses */
  setOnline(online: boolean): void;
}
