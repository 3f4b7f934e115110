import { mostStalls } from './pauses.ts';

/** `next`: what follows may follow. `again`: there is more, though nothing came. `idle`: nothing came, and sooner than it should. `stuck`: again and again there is more, and it does not come. */
export type Looked = 'next' | 'again' | 'idle' | 'stuck';

/** How the looks at one relay went, one after another. */
export class Looks {
  #at: string | undefined;
  #led = false;
  #empty = 0;
  /** so often in a row what was sealed anew was refused again */
  refused = 0;
  /** until then nothing is sent therefore */
  rest?: Promise<void>;

  /**
   * Whether the next answer is not to be held back: the last one led to it, or something else is watched than before.
   * @param watched all that is said to the relay of what is watched
   */
  isSoon(watched: string): boolean {
    const isSoon = this.#led || (this.#at !== undefined && this.#at !== watched);
    this.#at = watched;
    this.#led = false;
    return isSoon;
  }

  /** @param answer `moved`: it brought something forward; `early`: an answer that is held back comes later */
  took(answer: { readonly more: boolean; readonly moved: boolean; readonly early: boolean }): Looked {
    this.#led = answer.more && answer.moved;
    if (answer.moved) {
      this.#empty = 0;
      return 'next';
    }
    if (!answer.more) return answer.early ? 'idle' : 'next';
    this.#empty += 1;
    return this.#empty > mostStalls ? 'stuck' : 'again';
  }
}
