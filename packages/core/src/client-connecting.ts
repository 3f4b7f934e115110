import type { ConnectionView, TransferView } from './views.ts';

/** How an app with a screen sees and steers the network. */
export interface Connecting {
  /** Files on their way in this process, both ways: what is so now, and again whenever that changed. Lossy. */
  transfers(signal: AbortSignal): AsyncIterable<readonly TransferView[]>;
  /** Every relay that `run` of this process works with. */
  connections(): readonly ConnectionView[];
  /** a nudge after {@link connections} changed */
  connectionChanges(signal: AbortSignal): AsyncIterable<void>;
  /** messages and other things that wait to leave and have not failed */
  queued(): Promise<number>;
  /** Ends every pause of `run` at once. */
  retryNow(): void;
  /** @param online as the system says: false stops dialling in `run` until it is true again, which also ends pauses */
  setOnline(online: boolean): void;
}
