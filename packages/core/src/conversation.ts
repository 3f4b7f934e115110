import {
  base32,
  base32Bytes,
  bool,
  bytes,
  compareBytes,
  conversationIdCodec,
  deviceIdCodec,
  field,
  hash,
  list,
  logIdCodec,
  personIdCodec,
  struct,
  tuple,
  uint,
  limits,
  optional,
  type Codec,
  type ConversationId,
  type DeviceId,
  type LogId,
  type NumberRange,
  type PersonId,
  type Primitives,
} from '@tern/protocol';
import type { MemberRule } from './authorise.ts';
import { recordTable, type RecordTable } from './record-table.ts';

/**
 * One group of a conversation: usually the only one. There are two when two people accepted each other's invitations at once
 * (rule 21), and more when a group had to be begun anew.
 */
export interface ConversationGroup {
  readonly log: LogId;
  /** `lost`: this device has no state for it any more; `left`: it was removed; `void`: somebody broke it */
  readonly state: 'joined' | 'lost' | 'left' | 'void';
}

/** A conversation as this device keeps it, whatever logs it uses. */
export interface Conversation {
  readonly id: ConversationId;
  readonly rule: MemberRule;
  /** everybody else in it */
  readonly people: readonly PersonId[];
  readonly groups: readonly ConversationGroup[];
  /** next running number of this device (rule 14) */
  readonly nextNumber: number;
  /** next place in the message list */
  readonly nextPosition: number;
  /** next place beside the list, where edits, deletes and reactions lie; absent for the first */
  readonly nextBeside?: number;
  /** something arrived or was read that no receipt has told yet */
  readonly receiptDue: boolean;
  /** what happened that the people in it should know, oldest first */
  readonly notices: readonly Notice[];
}

/** Always visible, never a message: a change of trust, of members, or a recovery. */
export interface Notice {
  /** milliseconds since 1970 */
  readonly at: number;
  readonly kind:
    | 'joined'
    | 'rejoined'
    | 'device-added'
    | 'device-removed'
    | 'removed'
    | 'broken'
    | 'histories-differ'
    | 'copied-device';
  readonly person?: PersonId;
}

const groupStates = ['joined', 'lost', 'left', 'void'] as const;
const noticeKinds = [
  'joined',
  'rejoined',
  'device-added',
  'device-removed',
  'removed',
  'broken',
  'histories-differ',
  'copied-device',
] as const;

function oneOf<T extends string>(words: readonly T[]): Codec<T> {
  const number = uint(words.length - 1);
  return {
    toItem: (word) => number.toItem(words.indexOf(word)),
    fromItem(item) {
      const [first] = words;
      const word = words[number.fromItem(item)] ?? first;
      if (word === undefined) throw new TypeError('no words to choose from');
      return word;
    },
    shape: number.shape,
  };
}

const ruleCodec: Codec<MemberRule> = (() => {
  const keys = list(bytes(32), 64);
  const pair: Codec<readonly [number, readonly Uint8Array[]]> = tuple(uint(1), keys);
  return {
    toItem: (rule: MemberRule) =>
      pair.toItem(rule.kind === 'pair' ? [0, rule.rootKeys] : [1, rule.adminKeys]),
    fromItem(item: unknown): MemberRule {
      const [kind, list] = pair.fromItem(item);
      return kind === 0 ? { kind: 'pair', rootKeys: list } : { kind: 'group', adminKeys: list };
    },
    shape: pair.shape,
  };
})();

export const conversationTable: RecordTable<Conversation> = recordTable(
  'conversations',
  struct<Conversation>({
    id: field(1, conversationIdCodec),
    rule: field(2, ruleCodec),
    people: field(3, list(personIdCodec, 1000)),
    groups: field(
      4,
      list(struct<ConversationGroup>({ log: field(1, logIdCodec), state: field(2, oneOf(groupStates)) }), 64),
    ),
    nextNumber: field(5, uint(2 ** 48)),
    nextPosition: field(6, uint(2 ** 48)),
    receiptDue: field(7, bool()),
    notices: field(
      8,
      list(
        struct<Notice>({
          at: field(1, uint(limits.millisecond)),
          kind: field(2, oneOf(noticeKinds)),
          person: optional(3, personIdCodec),
        }),
        200,
      ),
    ),
    nextBeside: optional(9, uint(2 ** 48)),
  }),
);

/** A conversation before anything was said. */
export function emptyConversation(id: Conversation['id'], rule: MemberRule): Conversation {
  return { id, rule, people: [], groups: [], nextNumber: 1, nextPosition: 0, receiptDue: false, notices: [] };
}

/** Two people have one conversation, which both name alike without asking. */
export function pairConversationId(
  primitives: Primitives,
  one: Uint8Array,
  other: Uint8Array,
): ConversationId {
  const [first, second] = compareBytes(one, other) <= 0 ? [one, other] : [other, one];
  const id = hash(primitives, 'pair', first, second).slice(0, 16);
  id[0] = (id[0] ?? 0) | pairBit;
  return base32(id) as ConversationId;
}

/** Ids of pairs and of groups never meet, so that nobody begins a group where two others will talk one day. */
const pairBit = 0x80;

/** @param random 16 bytes */
export function groupConversationId(random: Uint8Array): ConversationId {
  const id = random.slice();
  id[0] = (id[0] ?? 0) & ~pairBit;
  return base32(id) as ConversationId;
}

export function isPairId(id: ConversationId): boolean {
  return ((base32Bytes(id)[0] ?? 0) & pairBit) !== 0;
}

/** Where this conversation is written now: among the groups that work the one with the smallest LogId (rule 21). */
export function activeLog(conversation: Conversation): LogId | undefined {
  return conversation.groups
    .filter((group) => group.state === 'joined')
    .map((group) => group.log)
    .toSorted()[0];
}

/** Somebody sent this device away from a group of several, and nothing that is written here could reach anybody. */
export function isLeft({ rule, groups }: Conversation): boolean {
  return rule.kind === 'group' && groups.at(-1)?.state === 'left';
}

export function withGroup(conversation: Conversation, group: ConversationGroup): Conversation {
  const others = conversation.groups.filter((one) => one.log !== group.log);
  return { ...conversation, groups: [...others, group].slice(-64) };
}

export function withNotice(conversation: Conversation, notice: Notice): Conversation {
  return { ...conversation, notices: [...conversation.notices, notice].slice(-200) };
}

/** What one device's numbered messages have come to here. */
export interface ReceivedFrom {
  readonly person: PersonId;
  readonly delivered: readonly NumberRange[];
  readonly read: readonly NumberRange[];
  /** the number from which they are ours to have: a newcomer to a group has no right to what was said before */
  readonly first: number;
  /** when missing ones were last asked for, milliseconds since 1970, and how often since one last came */
  readonly askedAt: number;
  readonly asked: number;
}

const ranges: Codec<readonly NumberRange[]> = list(tuple(uint(2 ** 48), uint(2 ** 48)), 100_000);

/** Partition: conversation; key: the sending device. */
export const receivedTable: RecordTable<ReceivedFrom> = recordTable(
  'received',
  struct<ReceivedFrom>({
    person: field(1, personIdCodec),
    delivered: field(2, ranges),
    read: field(3, ranges),
    askedAt: field(4, uint(limits.millisecond)),
    first: field(5, uint(2 ** 48)),
    asked: field(6, uint(1000)),
  }),
);

/** Somebody's device from which nothing has come yet. */
export function nothingFrom(person: PersonId, first: number): ReceivedFrom {
  return { person, delivered: [], read: [], first, askedAt: 0, asked: 0 };
}

/** What others have told they have of the messages of one device of ours. */
export interface ToldBy {
  readonly person: PersonId;
  readonly device: DeviceId;
  readonly delivered: readonly NumberRange[];
  readonly read: readonly NumberRange[];
}

/** Partition: conversation; key: `person/our device`. */
export const toldTable: RecordTable<ToldBy> = recordTable(
  'told',
  struct<ToldBy>({
    person: field(1, personIdCodec),
    device: field(2, deviceIdCodec),
    delivered: field(3, ranges),
    read: field(4, ranges),
  }),
);
