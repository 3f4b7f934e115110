import { limits, UnreachableError, type World } from '@tern/protocol';
import { unlessAborted } from './abort.ts';
import { withPatience } from './patience.ts';

/** Sealing and framing included, no answer is longer. */
export const longestAnswerBytes: number = 2 * limits.responseBytes;

/**
 * Holds what has arrived of one answer until its reader asks. Platforms drop what they hold when a connection breaks,
 * so a transport takes every piece as soon as it is there and puts it here: what came before a cut is not lost (rule 5).
 */
export class Inbox {
  readonly #pieces: Uint8Array[] = [];
  #receivedBytes = 0;
  #changed: PromiseWithResolvers<void> = Promise.withResolvers();
  #end: { readonly error?: UnreachableError } | undefined;

  /** of the answer, as far as it has come */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** nothing more will come */
  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** it did not come to its own end */
  get failed(): boolean {
    return this.#end?.error !== undefined;
  }

  /** @returns false where the answer has become longer than any relay's: it has failed, and more is not wanted */
  push(piece: Uint8Array): boolean {
    if (this.#end !== undefined) return false;
    this.#receivedBytes += piece.length;
    if (this.#receivedBytes > longestAnswerBytes) {
      this.end(notARelay('the answer has no end'));
      return false;
    }
    if (piece.length > 0) this.#pieces.push(piece);
    this.#tell();
    return true;
  }

  /** The first end counts. @param error where it did not come to its own end */
  end(error?: UnreachableError): void {
    this.#end ??= error === undefined ? {} : { error };
    this.#tell();
  }

  /**
   * @param options.longestSilenceMs from one piece to the next
   * @throws {UnreachableError} after the pieces that came: how it ended, or `silent`
   * @throws the signal's reason
   */
  async *read(options: {
    readonly world: Pick<World, 'wait'>;
    readonly longestSilenceMs: (firstPiece: boolean) => number;
    readonly signal: AbortSignal;
  }): AsyncIterable<Uint8Array> {
    const { world, signal } = options;
    for (let first = true; ;) {
      const [piece] = this.#pieces.splice(0, 1);
      if (piece !== undefined) {
        first = false;
        yield piece;
      } else if (this.#end !== undefined) {
        if (this.#end.error !== undefined) throw this.#end.error;
        return;
      } else {
        const patience = { world, longestSilenceMs: options.longestSilenceMs(first) };
        await withPatience(unlessAborted(this.#changed.promise, signal), patience, { signal });
      }
      signal.throwIfAborted();
    }
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** What answered is something else. */
export function notARelay(message: string, options: ErrorOptions = {}): UnreachableError {
  return new UnreachableError(message, { code: 'not-a-relay', ...options });
}
