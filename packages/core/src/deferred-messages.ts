import {
  bool,
  bytes,
  cardCodec,
  entryIdCodec,
  field,
  hintCodec,
  limits,
  struct,
  uint,
  type Card,
  type EntryId,
  type Hint,
} from '@tern/protocol';
import type { StoreView } from './client-store.ts';
import type { Outgoing } from './outbox.ts';
import { recordTable, type RecordTable } from './record-table.ts';

/** A relay as it was when it was last reached: what is needed to leave something for it elsewhere. */
export interface ReachedRelay {
  /** it names the keys that a batch can be sealed to */
  readonly card: Card;
  /** when every log there had been read to its end, ms since 1970; 0 where that is known to be of no use any more */
  readonly readAt: number;
}

/** Key: name of the host. */
export const reachedRelayTable: RecordTable<ReachedRelay> = recordTable(
  'reached',
  struct<ReachedRelay>({ card: field(1, cardCodec), readAt: field(2, uint(limits.millisecond)) }),
);

/**
 * So many messages for one relay are kept elsewhere at a time. Each is billed with 8 kB or more, and what a relay keeps for a link of its own,
 * 10 MiB, is for everybody who has that link.
 */
export const mostDeferred = 100;

/** A message that another relay keeps for the one it belongs on. It waits in the outbox as well, until one of the two ways is confirmed. */
export interface DeferredMessage {
  readonly entry: EntryId;
  readonly far: Hint;
  /** who keeps it, and the ticket under which */
  readonly near: Hint;
  readonly ticket: Uint8Array;
  /** of the exchange, 32 bytes each: they open the far relay's answer */
  readonly secret: Uint8Array;
  readonly salt: Uint8Array;
  /** seconds since 1970: until then it may be handed on */
  readonly notAfter: number;
  /** its answer came, or it is of no use: what is kept is to be let go of */
  readonly ended: boolean;
}

/** Key: that of the outbox. */
export const deferredTable: RecordTable<DeferredMessage> = recordTable(
  'deferred',
  struct<DeferredMessage>({
    entry: field(1, entryIdCodec),
    far: field(2, hintCodec),
    near: field(3, hintCodec),
    ticket: field(4, bytes(16)),
    secret: field(5, bytes(32)),
    salt: field(6, bytes(32)),
    notAfter: field(7, uint(limits.second)),
    ended: field(8, bool()),
  }),
);

/** Does another relay keep this thing of the outbox, as it is sealed now, and may still hand it on? */
export function isKept(
  clock: { readonly now: () => number },
  outgoing: Outgoing | undefined,
  deferred: DeferredMessage | undefined,
): boolean {
  if (deferred === undefined || deferred.ended || deferred.notAfter * 1000 <= clock.now()) return false;
  return outgoing?.sealed?.id === deferred.entry;
}

/** How many things are left elsewhere. */
export async function countDeferred(view: StoreView): Promise<number> {
  return (await deferredTable.list(view, '')).length;
}
