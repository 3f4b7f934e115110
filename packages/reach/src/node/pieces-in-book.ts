import { originOf, type Hint } from '@tern/protocol';
import { WayBook, type WayBookRecord } from '../dialer/way-book.ts';
import { entranceOf, waysOf, withEndpoints } from '../dialer/way.ts';
import { keptAttemptsMs } from './kept-attempts.ts';

/**
 * Which of these relays a dialer reaches in small pieces on this network, because connections to them were frozen in the last ten minutes:
 * by the way book, which takes what one way of a relay showed for true of its others.
 * @returns their origins
 */
export function piecesInBook(
  record: WayBookRecord,
  hints: readonly Hint[],
  at: { readonly network: string; readonly now: number },
): ReadonlySet<string> {
  const book = new WayBook(() => at.network);
  book.load(record, at.now);
  const inPieces = hints.filter((hint) => {
    const entrance = entranceOf(hint);
    const all = hint.relay === undefined ? entrance : withEndpoints(entrance, book.endpoints(hint.relay));
    const [plain] = waysOf(all, { choosesAddress: false, remembers: () => false });
    if (plain === undefined) return false;
    const { grade, stoppedAt = -Infinity } = book.standing(plain);
    // a clock that was set back says nothing of how long ago that was
    return grade === 'text' && stoppedAt <= at.now && stoppedAt > at.now - keptAttemptsMs;
  });
  return new Set(inPieces.map((hint) => originOf(hint)));
}
