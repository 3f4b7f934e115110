import {
  bytes,
  conversationIdCodec,
  decode,
  decodeContent,
  deviceIdCodec,
  encode,
  encodeContent,
  field,
  limits,
  list,
  MalformedError,
  personIdCodec,
  personIdOf,
  struct,
  text,
  uint,
  type Codec,
  type ConversationId,
  type DeviceId,
  type PersonId,
  type Primitives,
  type World,
} from '@tern/protocol';
import { beginAnew } from './begin-anew.ts';
import type { ClientStore, StoreChange, StoreView } from './client-store.ts';
import { contactTable } from './contact.ts';
import {
  conversationTable,
  nothingFrom,
  receivedTable,
  toldTable,
  type Conversation,
} from './conversation.ts';
import { choicesTable } from './conversation-choices.ts';
import { openEngine, selfOf, type EngineParts } from './engine.ts';
import { openExport, sealExport, type Argon2id, type ExportCost } from './export-seal.ts';
import { followedLogTable, keepLogKeys, knownRelayTable, type FollowedLog } from './followed-log.ts';
import { identityTable, type Identity } from './identity.ts';
import { invitationTable } from './invitation.ts';
import { inboxLog, meetingLog } from './log-keys.ts';
import { takeMessage } from './message-marks.ts';
import { messageById, messagesBeside, messagesFrom, numberMessage, type Message } from './message-store.ts';
import { outbox, putOutgoing } from './outbox.ts';
import { rangesHave, rangesUnion } from './ranges.ts';

/*
 * What a person takes along to another machine: who they are, whom they know, what was said and how far. Never what belongs
 * to one device only: MLS state, key packages, keys of groups' logs, what is sealed and waits (rule 27).
 */

/** Tables that go as they are, one partition each. */
const wholeTables = [
  'self',
  'contacts',
  'conversations',
  'relays',
  'invitations',
  'logs',
  'choices',
] as const;
/** Tables that go as they are, one partition a conversation. */
const conversationTables = ['received', 'told'] as const;

interface PortableRecord {
  readonly table: string;
  readonly partition: string;
  readonly key: string;
  readonly value: Uint8Array;
}

interface PortableMessage {
  readonly from: PersonId;
  readonly device: DeviceId;
  /** 0 for one of ours that had not left */
  readonly number: number;
  readonly arrivedAt: number;
  readonly content: Uint8Array;
}

interface History {
  readonly conversation: ConversationId;
  readonly messages: readonly PortableMessage[];
}

interface Portable {
  readonly records: readonly PortableRecord[];
  readonly histories: readonly History[];
}

const portableCodec: Codec<Portable> = struct<Portable>({
  records: field(
    1,
    list(
      struct<PortableRecord>({
        table: field(1, text(32)),
        partition: field(2, text(64)),
        key: field(3, text(1024)),
        value: field(4, bytes(0, 1_048_576)),
      }),
      1_000_000,
    ),
  ),
  histories: field(
    2,
    list(
      struct<History>({
        conversation: field(1, conversationIdCodec),
        messages: field(
          2,
          list(
            struct<PortableMessage>({
              from: field(1, personIdCodec),
              device: field(2, deviceIdCodec),
              number: field(3, uint(2 ** 48)),
              arrivedAt: field(4, uint(limits.millisecond)),
              content: field(5, bytes(1, 1_000_000)),
            }),
            4_000_000,
          ),
        ),
      }),
      100_000,
    ),
  ),
});

/** @returns the bytes of a file @throws {UsageError} without an identity @throws {MalformedError} for more than a file may hold */
export async function exportHome(
  parts: {
    readonly store: ClientStore;
    readonly world: Pick<World, 'randomBytes'>;
    readonly primitives: Primitives;
    readonly argon2id: Argon2id;
  },
  passphrase: string,
  options: { readonly cost?: ExportCost } = {},
): Promise<Uint8Array> {
  const portable = await parts.store.read((view) => gathered(parts.primitives, view));
  return sealExport(parts, encode(portableCodec, portable), { ...options, passphrase });
}

async function gathered(primitives: Primitives, view: StoreView): Promise<Portable> {
  const self = await selfOf({ primitives }, view);
  const conversations = (await conversationTable.list(view, '')).map(([, conversation]) => conversation);
  const records: PortableRecord[] = [];
  const take = async (table: string, partition: string): Promise<void> => {
    for (const record of await view.list({ table, partition })) records.push({ table, partition, ...record });
  };
  for (const table of wholeTables) await take(table, '');
  for (const { id } of conversations) for (const table of conversationTables) await take(table, id);
  const waiting = await waitingMessages(view);
  const histories: History[] = [];
  for (const conversation of conversations) {
    const told = (await toldTable.list(view, conversation.id)).map(([, one]) => one);
    const hasArrived = (message: Message): boolean =>
      told.some((one) => one.device === message.device && rangesHave(one.delivered, message.number));
    const isUnsent = (message: Message): boolean =>
      message.from === self.person && waiting.has(message.content.id) && !hasArrived(message);
    // what was done to lines comes after all of them, and takes effect again; what nobody has seen of that does not
    const lines = (await messagesFrom(view, conversation, 0)).filter((one) => one.marks?.hidden !== true);
    const beside = (await messagesBeside(view, conversation)).filter((one) => !isUnsent(one));
    const messages = [...lines, ...beside].map((message): PortableMessage => {
      const unsent = isUnsent(message);
      const { from, device, number, arrivedAt, kept = encodeContent(message.content) } = message;
      return { from, device, number: unsent ? 0 : number, arrivedAt, content: kept };
    });
    histories.push({ conversation: conversation.id, messages });
  }
  return { records, histories };
}

/** Messages that have not left this device, those that only go again left out. */
async function waitingMessages(view: StoreView): Promise<ReadonlySet<string>> {
  const waiting = new Set<string>();
  for (const [, one] of await outbox(view)) {
    if (one.kind === 'message' && (one.number === undefined || one.sealed !== undefined))
      waiting.add(one.message);
  }
  return waiting;
}

/** What became of an import. */
export type Imported =
  | {
      readonly kind: 'imported';
      readonly name: string;
      readonly person: PersonId;
      readonly contacts: number;
      readonly messages: number;
    }
  | { readonly kind: 'not-empty' }
  | { readonly kind: 'wrong-passphrase' }
  /** written by a newer Tern */
  | { readonly kind: 'newer' };

/**
 * Fills an empty home with what an export holds, all of it or nothing, as a new device of the same person.
 * @throws {MalformedError} for what is no export, or was damaged
 */
export async function importHome(
  parts: EngineParts & { readonly argon2id: Argon2id },
  file: Uint8Array,
  passphrase: string,
): Promise<Imported> {
  if (!(await parts.store.read(isEmpty))) return { kind: 'not-empty' };
  const opened = await openExport(parts, file, passphrase);
  if (opened.kind !== 'opened') return opened;
  const portable = decode(portableCodec, opened.content);
  await using engine = await openEngine(parts);
  return await parts.store.change(async (change) => {
    if (!(await isEmpty(change))) return { kind: 'not-empty' };
    putRecords(change, portable.records);
    const identity = await checkedIdentity(change);
    const self = await selfOf(parts, change);
    await restoreLogKeys(parts.primitives, change, identity);
    let messages = 0;
    for (const history of portable.histories) messages += await restoreHistory(change, history, self.person);
    await checkRecords(parts.primitives, change);
    await beginAnew(engine, change, { inDoubt: false });
    await failUnsent(change, self.person);
    const contacts = (await contactTable.list(change, '')).filter(([, contact]) => !contact.removed).length;
    return { kind: 'imported', name: identity.name, person: self.person, contacts, messages };
  });
}

async function isEmpty(view: StoreView): Promise<boolean> {
  return (await view.list({ table: 'self', partition: '' })).length === 0;
}

function putRecords(change: StoreChange, records: readonly PortableRecord[]): void {
  const whole: ReadonlySet<string> = new Set(wholeTables);
  const partitioned: ReadonlySet<string> = new Set(conversationTables);
  for (const { table, partition, key, value } of records) {
    const known = partition === '' ? whole.has(table) : partitioned.has(table);
    if (!known) throw new MalformedError('an export holds a table that does not belong there');
    change.put({ table, partition }, key, value);
  }
}

async function checkedIdentity(change: StoreChange): Promise<Identity> {
  const identity = await identityTable.get(change, '', 'self');
  if (identity === undefined) throw new MalformedError('an export without an identity');
  return identity;
}

/** Reads every record that was put as what it must be. @throws {MalformedError} */
async function checkRecords(primitives: Primitives, change: StoreChange): Promise<void> {
  await knownRelayTable.list(change, '');
  await invitationTable.list(change, '');
  await choicesTable.list(change, '');
  await followedLogTable.list(change, '');
  for (const [person, contact] of await contactTable.list(change, '')) {
    if (personIdOf(primitives, contact.rootKey) !== person)
      throw new MalformedError('a contact under the id of another');
  }
  for (const [, { id }] of await conversationTable.list(change, '')) {
    await receivedTable.list(change, id);
    await toldTable.list(change, id);
  }
}

/** Keys of inboxes and meetings come from secrets that the export holds. Those of groups do not, and must not. */
async function restoreLogKeys(
  primitives: Primitives,
  change: StoreChange,
  identity: Identity,
): Promise<void> {
  const meetings = (await contactTable.list(change, '')).flatMap(([, contact]) => contact.meetings);
  for (const [, followed] of await followedLogTable.list(change, '')) {
    const keys = keysOf(primitives, followed, { identity, meetings });
    if (keys !== undefined) keepLogKeys(change, followed.log, { number: 0, keys });
  }
}

function keysOf(
  primitives: Primitives,
  { kind, host, log }: FollowedLog,
  secrets: {
    readonly identity: Identity;
    readonly meetings: readonly { readonly log: string; readonly secret: Uint8Array }[];
  },
): ReturnType<typeof inboxLog>['keys'] | undefined {
  if (host.relay === undefined) return undefined;
  if (kind === 'inbox') return inboxLog(primitives, host.relay, secrets.identity.inboxSecret).keys;
  const secret = secrets.meetings.find((meeting) => meeting.log === log)?.secret;
  return kind === 'group' || secret === undefined
    ? undefined
    : meetingLog(primitives, host.relay, secret).keys;
}

async function restoreHistory(change: StoreChange, history: History, self: PersonId): Promise<number> {
  const found = await conversationTable.get(change, '', history.conversation);
  if (found === undefined) throw new MalformedError('a history without its conversation');
  let conversation: Conversation = { ...found, nextPosition: 0, nextBeside: 0 };
  const own = new Map<DeviceId, number[]>();
  for (const { content: encoded, ...about } of history.messages) {
    const content = decodeContent(encoded);
    conversation = await takeMessage(change, conversation, { ...about, content, kept: encoded }, { self });
    const message = await messageById(change, content.id);
    if (message === undefined) continue;
    if (message.from !== self || message.number === 0) continue;
    numberMessage(change, message, { device: message.device, number: message.number });
    const numbers = own.get(message.device);
    if (numbers === undefined) own.set(message.device, [message.number]);
    else numbers.push(message.number);
  }
  conversationTable.put(change, '', conversation.id, conversation);
  await rememberOwn(change, conversation.id, { self, own });
  return history.messages.length;
}

/** What our other devices wrote and we hold is not taken for new when it comes again. */
async function rememberOwn(
  change: StoreChange,
  conversation: ConversationId,
  { self, own }: { readonly self: PersonId; readonly own: ReadonlyMap<DeviceId, readonly number[]> },
): Promise<void> {
  for (const [device, numbers] of own) {
    const known = (await receivedTable.get(change, conversation, device)) ?? nothingFrom(self, 1);
    const delivered = rangesUnion(
      known.delivered,
      numbers.map((number) => [number, number] as const),
    );
    receivedTable.put(change, conversation, device, {
      ...known,
      delivered,
      read: rangesUnion(known.read, delivered),
    });
  }
}

/** Why an own message of an import did not leave: the device that wrote it may still send it, this one must not. */
export const unsentBecause = 'not-sent-before-export';

async function failUnsent(change: StoreChange, self: PersonId): Promise<void> {
  for (const [, conversation] of await conversationTable.list(change, '')) {
    for (const message of await messagesFrom(change, conversation, 0)) {
      if (message.from !== self || message.number > 0) continue;
      const { id } = message.content;
      await putOutgoing(change, {
        kind: 'message',
        conversation: conversation.id,
        message: id,
        blobs: [],
        failed: unsentBecause,
      });
    }
  }
}
