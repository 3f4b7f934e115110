import {
  decode,
  encode,
  limits as wireLimits,
  responseItemCodec,
  signedCodec,
  type Delivered,
  type LogId,
  type ResponseItem,
  type Result,
} from '@tern/protocol';
import type { JudgeContext } from './judge-context.ts';
import { readHead, readRange } from './log-ledger.ts';
import { decodeEntryRecord, keys } from './log-records.ts';
import type { StoreView } from './store.ts';

/** Bytes of a frame's length. */
const frameBytes = 3;

/** Collects the items of one response within the room its path has. */
export class ItemTray {
  readonly #items: ResponseItem[] = [];
  #freeBytes: number;

  constructor(roomBytes: number) {
    this.#freeBytes = Math.min(roomBytes, wireLimits.responseBytes);
  }

  get items(): readonly ResponseItem[] {
    return this.#items;
  }

  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** For what must be said however little room there is. */
  add(operation: number, result: Result): void {
    this.#freeBytes -= itemBytes({ operation, result });
    this.#items.push({ operation, result });
  }

  /** Keeps room for what comes last. */
  reserve(bytes: number): void {
    this.#freeBytes -= bytes;
  }

  /** @returns false when it does not fit */
  offer(operation: number, result: Result): boolean {
    const bytes = itemBytes({ operation, result });
    if (bytes > this.#freeBytes) return false;
    this.#freeBytes -= bytes;
    this.#items.push({ operation, result });
    return true;
  }
}

function itemBytes(item: ResponseItem): number {
  // an entry's frame is its bytes and at most this much around them; exact where a policy comes with it
  const { result } = item;
  if (result.kind === 'entry' && result.next === undefined) return result.entry.length + 80 + frameBytes;
  return encode(responseItemCodec, item).length + frameBytes;
}

/** How far a reader has come in one log, under one policy's read key. */
export interface ReadPlace {
  readonly after: number;
  readonly number: number;
}

/** What reading on came to, `after` is how far. */
export type ReadOn =
  /** everything that is there was delivered */
  | { readonly kind: 'through'; readonly after: number }
  /** the response is full */
  | { readonly kind: 'more'; readonly after: number }
  /** the policy ended, and all it opens was delivered */
  | { readonly kind: 'turned' };

/**
 * Delivers what a policy's read key opens behind `after` (rule 12): the commit that began the policy, what was stored while it was
 * current, and the commit that ended it. Checked against the log as it is now, at every delivery (rule 17). Stops after each entry that it
 * delivered and says where that stands, so that several logs can be read in turn; what it came to is said when it ends.
 */
export function* readOn(
  view: StoreView,
  context: Pick<JudgeContext, 'vault' | 'second'>,
  place: { readonly log: LogId; readonly at: ReadPlace; readonly tray: ItemTray; readonly operation: number },
): Generator<number, ReadOn, undefined> {
  const { log, at, tray, operation } = place;
  const head = readHead(view, log);
  const found = readRange(view, log, at.number);
  if (head === undefined || found === undefined) return { kind: 'through', after: at.after };
  const { range } = found;
  const last = range.ended === 1 ? range.to : head.last;
  let after = Math.max(at.after, range.from - 1, head.gone);
  for (let seq = after + 1; seq <= last; seq += 1) {
    const delivered = entryAt(view, context, { log, seq });
    if (delivered !== undefined && !tray.offer(operation, { kind: 'entry', ...delivered }))
      return { kind: 'more', after: Math.max(at.after, after) };
    after = seq;
    if (delivered !== undefined) yield after;
  }
  if (range.ended === 1) {
    return tray.offer(operation, { kind: 'turned', log })
      ? { kind: 'turned' }
      : { kind: 'more', after: Math.max(at.after, after) };
  }
  return { kind: 'through', after: Math.max(at.after, after) };
}

/** @returns undefined for what is erased or has ended */
function entryAt(
  view: StoreView,
  context: Pick<JudgeContext, 'vault' | 'second'>,
  place: { readonly log: LogId; readonly seq: number },
): Delivered | undefined {
  const { log, seq } = place;
  const key = keys.entry(log, seq);
  const stored = view.get(key);
  if (stored === undefined) return undefined;
  const { head, sealed } = decodeEntryRecord(stored);
  if (head.until < context.second) return undefined;
  const entry = context.vault.open(head.day, sealed, key);
  if (entry === undefined) return undefined;
  const next = head.commit === 1 ? view.get(keys.policy(log, head.begins)) : undefined;
  return {
    log,
    seq,
    number: head.number,
    entry,
    at: head.at,
    ...(next === undefined ? {} : { next: decode(signedCodec, next) }),
  };
}
