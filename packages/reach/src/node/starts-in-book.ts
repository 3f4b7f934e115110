import type { Hint } from '@tern/protocol';
import { WayBook, type WayBookRecord } from '../dialer/way-book.ts';
import { entranceOf, waysOf } from '../dialer/way.ts';

const minuteMs = 60_000;

/**
 * When hellos said these relays' names on this network within the last minute, whichever process of the home sent them, by its way book. A name
 * that nobody counts, and an address, which says none, have nothing here.
 * @param at `now`: ms since 1970
 * @returns by name, ms since 1970
 */
export function startsInBook(
  record: WayBookRecord,
  hints: readonly Hint[],
  at: { readonly network: string; readonly now: number },
): ReadonlyMap<string, readonly number[]> {
  const book = new WayBook(() => at.network);
  book.load(record, at.now);
  const named = hints.flatMap((hint) => {
    const [plain] = waysOf(entranceOf(hint), { choosesAddress: false, remembers: () => false });
    return plain === undefined || plain.serverName === '' || book.isFree(plain, at.now) ? [] : [plain];
  });
  return new Map(
    named.map((way) => [
      way.serverName,
      book.pace(way).starts.filter((start) => start <= at.now && start > at.now - minuteMs),
    ]),
  );
}
