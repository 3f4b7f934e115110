import type { Hint, UnreachableError } from '@tern/protocol';
import type { Trouble } from './client.ts';
import { hostName, type Engine } from './engine.ts';
import { pause, Pauses } from './pauses.ts';
import { noteUnreached } from './reached-relays.ts';
import { troubleOf, type SendingState } from './synchronisation.ts';
import type { ConnectionView } from './views.ts';

interface Hindered {
  readonly trouble: Trouble['code'];
  readonly nextTryAt: number;
  /** ends when it may be tried again */
  readonly rest: Promise<void>;
}

interface SendingOptions {
  readonly signal: AbortSignal;
  readonly onChange: () => void;
  readonly onTrouble?: (trouble: Trouble) => void;
}

/**
 * Whether what is written for one relay leaves. Where it does not, what comes is read all the same: a path may carry little upwards, or a relay be
 * too full to take anything, and neither is a reason to be deaf. Sending is then tried ever more seldom.
 */
export class Sending implements SendingState {
  readonly #engine: Engine;
  readonly #host: Hint;
  readonly #options: SendingOptions;
  readonly #pauses: Pauses;
  #hindered: Hindered | undefined;

  constructor(engine: Engine, host: Hint, options: SendingOptions) {
    this.#engine = engine;
    this.#host = host;
    this.#options = options;
    this.#pauses = new Pauses(engine);
  }

  get works(): boolean {
    return this.#hindered === undefined;
  }

  /** until it may be tried again */
  get rest(): Promise<void> {
    return this.#hindered?.rest ?? Promise.resolve();
  }

  /** of a relay that is read */
  get view(): Pick<ConnectionView, 'state' | 'trouble' | 'nextTryAt'> {
    if (this.#hindered === undefined) return { state: 'online' };
    const { trouble, nextTryAt } = this.#hindered;
    return { state: 'waiting', trouble, nextTryAt };
  }

  failed(error: UnreachableError): void {
    const trouble = troubleOf(this.#host, error);
    noteUnreached(this.#engine, this.#host, trouble.code);
    this.#options.onTrouble?.(trouble);
    const pauseMs = this.#pauses.next();
    this.#hindered = {
      trouble: trouble.code,
      nextTryAt: Math.round(this.#engine.world.now() + pauseMs),
      rest: pause(
        this.#engine,
        pauseMs,
        AbortSignal.any([this.#options.signal, this.#engine.connections.wish]),
      ),
    };
    this.#options.onChange();
  }

  went(): void {
    if (this.#hindered === undefined) return;
    this.#hindered = undefined;
    this.#pauses.end();
    this.#engine.cutOff.since.delete(hostName(this.#host));
    this.#options.onChange();
  }

  /** nothing is known any more: the relay could not even be read */
  forget(): void {
    this.#hindered = undefined;
  }
}
