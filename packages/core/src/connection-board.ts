import { originOf, type Hint } from '@tern/protocol';
import { Nudges } from './nudges.ts';
import type { ConnectionView } from './views.ts';

/** How things stand with the relays that this process works with, and what a person may do about it: nothing here is durable. */
export class ConnectionBoard {
  readonly #news: Nudges = new Nudges();
  readonly #wishes: Nudges = new Nudges();
  readonly #views: Map<string, ConnectionView> = new Map();
  #online = true;

  /** @param name tells one relay's way in from another */
  set(name: string, hint: Hint, view: Omit<ConnectionView, 'relay' | 'origin'>): void {
    const { lastContactAt, transport, latencyMs } = this.#views.get(name) ?? {};
    this.#views.set(name, {
      ...(lastContactAt === undefined ? {} : { lastContactAt }),
      ...(transport === undefined ? {} : { transport }),
      ...(latencyMs === undefined ? {} : { latencyMs }),
      ...view,
      ...(hint.relay === undefined ? {} : { relay: hint.relay }),
      origin: originOf(hint),
    });
    this.#news.nudge();
  }

  end(name: string): void {
    if (this.#views.delete(name)) this.#news.nudge();
  }

  views(): readonly ConnectionView[] {
    return [...this.#views.values()];
  }

  /** something beside the views is another now */
  nudge(): void {
    this.#news.nudge();
  }

  changes(signal: AbortSignal): AsyncIterable<void> {
    return this.#news.stream(signal);
  }

  /** may one dial? */
  get online(): boolean {
    return this.#online;
  }

  /** aborted when a person, or the system, wishes that one tries now */
  get wish(): AbortSignal {
    return this.#wishes.next;
  }

  setOnline(online: boolean): void {
    if (this.#online === online) return;
    this.#online = online;
    this.#wishes.nudge();
    this.#news.nudge();
  }

  retryNow(): void {
    this.#wishes.nudge();
  }
}
