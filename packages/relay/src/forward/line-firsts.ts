import { keyName } from '../overlay.ts';
import type { DueNote } from './kept-records.ts';

/**
 * A connection that broke says nothing of what was asked on it, so what the same path has kept for the same far relay waits for the next try, and
 * arrives in order; but not for more than so many, since it may be the doing of that request after all.
 */
const mostBreaks = 3;
/** and for no longer after that try was due: it may have been let go of */
const graceSeconds = 60;
/** Silence may be the doing of whoever wrote the request, a break hardly: one that met silence goes first no sooner after another of its line. */
const silenceSeconds = 600;
/** What is said to last longer was said before the clock was set back. */
const longestSeconds = 300;
const mostLines = 10_000;

interface First {
  readonly name: string;
  /** under this one, in a row */
  readonly breaks: number;
  /** the others of the line wait until this second */
  readonly until: number;
  readonly since: number;
}

/** What one client's path has kept for one far relay is handed on one after the other. */
export function lineOf({ far, place }: DueNote): string {
  return `${far} ${keyName(place.path)}`;
}

/** By line, which request its others wait for. In memory only: a relay that starts anew takes all in order. */
export class LineFirsts {
  /** the longest ago first */
  readonly #firsts = new Map<string, First>();

  /** @param second now, since 1970 */
  keepsBack(note: DueNote, second: number): boolean {
    const first = this.#firsts.get(lineOf(note));
    if (first === undefined || first.name === nameOf(note)) return false;
    return first.until > second && first.until - second <= longestSeconds;
  }

  /** It has its try now. */
  tried(note: DueNote): void {
    const first = this.#firsts.get(lineOf(note));
    if (first?.name === nameOf(note)) this.#firsts.set(lineOf(note), { ...first, until: 0 });
  }

  /**
   * Nothing came of its try, though a connection stood.
   * @param options.pause seconds after so many breaks before
   * @returns for how many seconds it waits, and the others of its line with it; undefined where they go on without it
   */
  stopped(
    note: DueNote,
    options: { readonly second: number; readonly silent: boolean; readonly pause: (times: number) => number },
  ): number | undefined {
    const { second, silent, pause } = options;
    const line = lineOf(note);
    const last = this.#firsts.get(line);
    const breaks = last?.name === nameOf(note) ? last.breaks : 0;
    if (breaks >= mostBreaks) return undefined;
    if (silent && last !== undefined && Math.abs(second - last.since) < silenceSeconds) return undefined;
    const seconds = pause(breaks);
    this.#firsts.delete(line);
    const until = second + seconds + graceSeconds;
    this.#firsts.set(line, { name: nameOf(note), breaks: breaks + 1, until, since: second });
    const [oldest] = this.#firsts.keys();
    if (this.#firsts.size > mostLines && oldest !== undefined) this.#firsts.delete(oldest);
    return seconds;
  }
}

function nameOf({ place }: DueNote): string {
  return keyName(place.ticket);
}
