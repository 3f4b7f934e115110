import type { FirstPage } from './first-page.ts';
import type { Keeper } from './keeper.ts';
import type { LinkBox } from './link-box.ts';
import type { FrontList } from './load-list.ts';
import type { BringPieces, Brought } from './piece-loader.ts';
import type { ShellWords } from './shell-words.ts';

/**
 * Where the first page's script and the app meet: two scripts on one page, so that neither has the other's code inside. The first
 * page makes it.
 */
export interface FirstPageDoor {
  readonly list: FrontList;
  readonly links: LinkBox;
  readonly page: Pick<FirstPage, 'name' | 'submitted' | 'typing' | 'welcome' | 'trouble' | 'remove'>;
  readonly words: ShellWords;
  /** undefined where files are fetched whole by their names, because this browser puts no pieces together for us */
  readonly cache: Cache | undefined;
  readonly keeper: Keeper | undefined;
  /** what is on its way already: `set`, the list of everything, and `app`. Whoever wants it waits for it instead of asking again. */
  readonly coming: Readonly<Record<string, Promise<Brought>>>;
  readonly bringPieces: BringPieces;
  /** The URL of a file of this build, as the browser takes it for a script; any other is refused. */
  scriptUrl(name: string): string;
  addStyle(name: string): Promise<void>;
}

const doorName = 'ternFirstPage';

export function openFirstPageDoor(door: FirstPageDoor): void {
  Object.defineProperty(globalThis, doorName, { value: door, configurable: true });
}

/** @throws {TypeError} where no first page ran */
export function firstPageDoor(): FirstPageDoor {
  const door: unknown = Reflect.get(globalThis, doorName);
  if (door === undefined) throw new TypeError('the first page has not run');
  return door as FirstPageDoor;
}
