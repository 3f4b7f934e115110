import type { MessageId } from '@tern/protocol';
import { Nudges } from './nudges.ts';
import type { TransferView } from './views.ts';

/** Files on their way in this process, for people to see: nothing here is durable. */
export class TransferBoard {
  readonly #nudges: Nudges = new Nudges();
  readonly #moving: Map<string, TransferView> = new Map();

  set(view: TransferView): void {
    this.#moving.set(nameOf(view), view);
    this.#nudges.nudge();
  }

  end(of: { readonly message: MessageId; readonly direction: TransferView['direction'] }): void {
    if (this.#moving.delete(nameOf(of))) this.#nudges.nudge();
  }

  async *views(signal: AbortSignal): AsyncGenerator<readonly TransferView[], void> {
    const nudges = this.#nudges.stream(signal);
    yield [...this.#moving.values()];
    for await (const _ of nudges) yield [...this.#moving.values()];
  }
}

function nameOf({ message, direction }: Pick<TransferView, 'message' | 'direction'>): string {
  return `${direction}/${message}`;
}
