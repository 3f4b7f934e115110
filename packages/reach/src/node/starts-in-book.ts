import type { Hint } from '@tern/protocol';
import { bannedUntil } from '../dialer/pace.ts';
import { WayBook, type WayBookRecord } from '../dialer/way-book.ts';
import { entranceOf, waysOf, type Way } from '../dialer/way.ts';

const minuteMs = 60_000;

interface Here {
  readonly network: string;
  /** ms since 1970 */
  readonly now: number;
}

/**
 * When hellos said these relays' names on this network within the last minute, whichever process of the home sent them, by its way book. A name
 * that nobody counts, and an address, which says none, have nothing here.
 * @returns by name, ms since 1970
 */
export function startsInBook(
  record: WayBookRecord,
  hints: readonly Hint[],
  at: Here,
): ReadonlyMap<string, readonly number[]> {
  const { book, named } = namedIn(record, hints, at);
  return new Map(
    named.map((way) => [
      way.serverName,
      book.pace(way).starts.filter((start) => start <= at.now && start > at.now - minuteMs),
    ]),
  );
}

/**
 * Until when nothing that says these relays' names may leave, where one of the home's processes met a ban of them on this network, by the same.
 * @returns by name, ms since 1970; only those of which that lies ahead
 */
export function bansInBook(
  record: WayBookRecord,
  hints: readonly Hint[],
  at: Here,
): ReadonlyMap<string, number> {
  const { book, named } = namedIn(record, hints, at);
  const until = named.map((way) => [way.serverName, bannedUntil(book.pace(way), at.now)] as const);
  return new Map(until.filter(([, untilAt]) => untilAt > at.now));
}

function namedIn(
  record: WayBookRecord,
  hints: readonly Hint[],
  at: Here,
): { readonly book: WayBook; readonly named: readonly Way[] } {
  const book = new WayBook(() => at.network);
  book.load(record, at.now);
  const named = hints.flatMap((hint) => {
    const [plain] = waysOf(entranceOf(hint), { choosesAddress: false, remembers: () => false });
    return plain === undefined || plain.serverName === '' || book.isFree(plain, at.now) ? [] : [plain];
  });
  return { book, named };
}
