import {
  bool,
  bytes,
  conversationIdCodec,
  field,
  hintCodec,
  list,
  logIdCodec,
  optional,
  personIdCodec,
  signedCodec,
  struct,
  text,
  uint,
  limits,
  type Codec,
  type ConversationId,
  type Hint,
  type LogId,
  type PersonId,
  type Signed,
} from '@tern/protocol';
import type { StoreChange, StoreView } from './client-store.ts';
import { joinLogKeys, logKeysBytes, splitLogKeys, type LogKeys } from './log-keys.ts';
import { orderedKey, recordTable, type RecordTable } from './record-table.ts';

/** A log on a relay that this device reads, with the place up to which it has. */
export interface FollowedLog {
  readonly log: LogId;
  readonly kind: 'inbox' | 'meeting' | 'group';
  readonly host: Hint;
  readonly firstPolicy: Signed;
  /** payload of the policy under which we read now */
  readonly policy: Uint8Array;
  /** its number; in a group's log the epoch */
  readonly number: number;
  /** everything up to here was applied */
  readonly cursor: number;
  /** we began it and the relay has not said yet that it has it */
  readonly toCreate: boolean;
  /** of a meeting: whom we meet */
  readonly person?: PersonId;
  /** of a group */
  readonly conversation?: ConversationId;
  /** nothing more is read or sent; why stands in the conversation */
  readonly ended: boolean;
  /** a policy to publish without an entry, signed: how an invitation is revoked */
  readonly amendment?: Signed;
  /** serials of revoked capabilities, of an inbox */
  readonly revoked: readonly Uint8Array[];
}

const kinds = ['inbox', 'meeting', 'group'] as const;
const kindCodec: Codec<FollowedLog['kind']> = {
  toItem: (kind) => kinds.indexOf(kind),
  fromItem: (item) => kinds[uint(kinds.length - 1).fromItem(item)] ?? 'inbox',
  shape: uint(kinds.length - 1).shape,
};

export const followedLogTable: RecordTable<FollowedLog> = recordTable(
  'logs',
  struct<FollowedLog>({
    log: field(1, logIdCodec),
    kind: field(2, kindCodec),
    host: field(3, hintCodec),
    firstPolicy: field(4, signedCodec),
    policy: field(5, bytes(1, 16_384)),
    number: field(6, uint(limits.policyNumber)),
    cursor: field(7, uint(2 ** 48)),
    toCreate: field(8, bool()),
    person: optional(9, personIdCodec),
    conversation: optional(10, conversationIdCodec),
    ended: field(11, bool()),
    amendment: optional(12, signedCodec),
    revoked: field(13, list(bytes(8), limits.revokedSerials)),
  }),
);

/** A relay this person may store at. */
export interface KnownRelay {
  readonly hint: Hint;
  /** 16 bytes */
  readonly right?: Uint8Array;
  /** milliseconds since 1970 */
  readonly addedAt: number;
  readonly link: string;
}

export const knownRelayTable: RecordTable<KnownRelay> = recordTable(
  'relays',
  struct<KnownRelay>({
    hint: field(1, hintCodec),
    right: optional(2, bytes(16)),
    addedAt: field(3, uint(limits.millisecond)),
    link: field(4, text(limits.linkCharacters)),
  }),
);

/** The first relay that this person may store at. */
export async function storingRelay(view: StoreView): Promise<KnownRelay | undefined> {
  const relays = (await knownRelayTable.list(view, '')).map(([, relay]) => relay);
  return relays.find((relay) => relay.right !== undefined && relay.hint.relay !== undefined);
}

/** How to reach {@link storingRelay}. */
export async function storingHost(view: StoreView): Promise<Hint | undefined> {
  return (await storingRelay(view))?.hint;
}

interface KeptKeys {
  readonly keys: Uint8Array;
}
const keysTable: RecordTable<KeptKeys> = recordTable(
  'log-keys',
  struct<KeptKeys>({ keys: field(1, bytes(logKeysBytes)) }),
);

/** As many as MLS keeps past epochs (rule 28). */
const epochsKept = 64;

/** The keys of one policy of a log; undefined when they are past keeping. */
export async function logKeysAt(view: StoreView, log: LogId, number: number): Promise<LogKeys | undefined> {
  const kept = await keysTable.get(view, log, orderedKey(number));
  return kept === undefined ? undefined : splitLogKeys(kept.keys);
}

export function keepLogKeys(
  change: StoreChange,
  log: LogId,
  at: { readonly number: number; readonly keys: LogKeys },
): void {
  keysTable.put(change, log, orderedKey(at.number), { keys: joinLogKeys(at.keys) });
  if (at.number >= epochsKept) keysTable.delete(change, log, orderedKey(at.number - epochsKept));
}
