import {
  entryIdOf,
  equalBytes,
  field,
  MalformedError,
  openParcel,
  personIdOf,
  struct,
  uint,
  type ConversationId,
  type Parcel,
  type PersonId,
  type RejoinParcel,
} from '@tern/protocol';
import type { StoreChange } from './client-store.ts';
import { contactTable, hasDevice, withDevices, type Contact } from './contact.ts';
import { conversationTable, pairConversationId } from './conversation.ts';
import type { Engine } from './engine.ts';
import { logKeysAt, storingHost, type FollowedLog } from './followed-log.ts';
import type { AddIntent } from './group-record.ts';
import { endGroup, hasMember, openSession, saveSession } from './group-session.ts';
import { holderOf, identityTable, withOwnDevices, type Credentials, type Identity } from './identity.ts';
import { newKeyPackage } from './key-packages.ts';
import { parcelEntry } from './meeting-log.ts';
import { settleOwn } from './outbox-settling.ts';
import { putOutgoing, takeOwnEntry } from './outbox.ts';
import { beginGroup, beginPairGroup } from './pair-group.ts';
import { recordTable, type RecordTable } from './record-table.ts';
import { openArrived, type ArrivedEntry } from './sealed-entry.ts';
import { receiveWelcome } from './welcome.ts';

interface ReadParcel {
  readonly seq: number;
}

/** Partition: meeting log; key: id of the entry. */
const readParcelTable: RecordTable<ReadParcel> = recordTable(
  'read-parcels',
  struct<ReadParcel>({ seq: field(1, uint(2 ** 48)) }),
);

/** Reads what the other person left in a meeting log. @returns the log with its new cursor */
export async function readMeetingEntries(
  engine: Engine,
  change: StoreChange,
  meeting: FollowedLog,
  arrived: { readonly entries: readonly ArrivedEntry[]; readonly self: Identity & Credentials },
): Promise<FollowedLog> {
  let { cursor } = meeting;
  for (const entry of arrived.entries) {
    if (entry.seq <= cursor) continue;
    cursor = entry.seq;
    const id = entryIdOf(engine.primitives, meeting.log, entry.entry);
    if (await takeOwnEntry(change, meeting.log, id)) {
      await settleOwn(change, id);
      continue;
    }
    // a relay that brings an old parcel again must not make its wish come true again
    if ((await readParcelTable.get(change, meeting.log, id)) !== undefined) continue;
    readParcelTable.put(change, meeting.log, id, { seq: entry.seq });
    const keys = await logKeysAt(change, meeting.log, 0);
    const contact =
      meeting.person === undefined ? undefined : await contactTable.get(change, '', meeting.person);
    const plaintext =
      keys === undefined
        ? undefined
        : openArrived(engine.primitives, meeting.log, { wrap: keys.wrap, body: entry.body });
    if (plaintext === undefined || contact === undefined || contact.blocked) continue;
    await receiveParcel(engine, change, { meeting, contact, plaintext, self: arrived.self });
  }
  return { ...meeting, cursor };
}

interface ParcelArrival {
  readonly meeting: FollowedLog;
  readonly contact: Contact;
  readonly plaintext: Uint8Array;
  readonly self: Identity & Credentials;
}

async function receiveParcel(engine: Engine, change: StoreChange, arrival: ParcelArrival): Promise<void> {
  let opened;
  try {
    opened = openParcel(engine.primitives, arrival.plaintext);
  } catch (error) {
    if (error instanceof MalformedError) return;
    throw error;
  }
  if (opened === undefined) return;
  const { parcel, sender } = opened;
  // both know the meeting's secret: another device of ours leaves parcels there too
  if (equalBytes(sender.rootKey, arrival.self.rootKey))
    return learnOwnDevices(engine, change, parcel.devices);
  if (!equalBytes(sender.rootKey, arrival.contact.rootKey)) return;
  const person = personIdOf(engine.primitives, sender.rootKey);
  const contact = withDevices(engine.primitives, arrival.contact, parcel.devices);
  if (!hasDevice(engine.primitives, contact, sender.deviceKey)) return; // a device that its person has ended (rule 26)
  contactTable.put(change, '', person, contact);
  const { conversation, welcome, rejoin } = parcel;
  if (welcome !== undefined)
    await receiveWelcome(engine, change, { ...arrival, contact, person, conversation, welcome });
  else if (rejoin !== undefined)
    await receiveRejoin(engine, change, { ...arrival, contact, person, conversation, rejoin });
  else await answerOffer(engine, change, { ...arrival, parcel });
}

/** Another device of this person has told of a list of theirs: what it names is ours too from now on. */
async function learnOwnDevices(engine: Engine, change: StoreChange, devices: Uint8Array): Promise<void> {
  const identity = await identityTable.get(change, '', 'self');
  const learnt = identity === undefined ? undefined : withOwnDevices(engine.primitives, identity, devices);
  if (learnt !== undefined) identityTable.put(change, '', 'self', learnt);
}

interface RejoinArrival extends ParcelArrival {
  readonly person: PersonId;
  readonly conversation: ConversationId;
  readonly rejoin: RejoinParcel;
}

/** Somebody's device lost its place: it is added again where our group works, or the conversation gets a new group. */
async function receiveRejoin(engine: Engine, change: StoreChange, arrival: RejoinArrival): Promise<void> {
  const { rejoin, person, contact, meeting, self } = arrival;
  const checked = await engine.groups.checkKeyPackage(rejoin.keyPackage, { now: engine.now() });
  if (checked.kind !== 'usable' || holderOf(engine.primitives, checked.credential)?.person !== person) return;
  const pair = pairConversationId(engine.primitives, self.rootKey, contact.rootKey);
  const conversation = await conversationTable.get(change, '', arrival.conversation);
  if (conversation === undefined && arrival.conversation !== pair) return;
  if (conversation !== undefined && !conversation.people.includes(person)) return;
  const add: AddIntent = { ...rejoin, person, meeting: meeting.log };
  for (const { log, state } of conversation?.groups ?? []) {
    const session = state === 'joined' ? await openSession(engine, change, log) : undefined;
    if (session === undefined) continue;
    const present = hasMember(session, checked.signatureKey);
    if (present && arrival.conversation === pair) {
      // the other side of two cannot follow this group, and nobody else is there to go on in it
      endGroup(session, 'void', { at: engine.now(), kind: 'broken', person });
      await saveSession(engine, change, session);
      continue;
    }
    const removes = present ? [...session.record.removes, checked.signatureKey] : session.record.removes;
    session.record = { ...session.record, removes, adds: [...session.record.adds, add].slice(-64) };
    await saveSession(engine, change, session);
    return;
  }
  if (arrival.conversation === pair) {
    await beginPairGroup(engine, change, { contact, host: meeting.host, add, self });
    return;
  }
  // a group that nobody can go on in begins anew with whoever may change it; the others find it by asking too
  const rule = conversation?.rule;
  const leads = rule?.kind === 'group' && rule.adminKeys.some((key) => equalBytes(key, self.rootKey));
  const host = leads ? await storingHost(change) : undefined;
  if (rule !== undefined && host !== undefined)
    await beginGroup(engine, change, { id: arrival.conversation, rule, host, adds: [add], self });
}

/** A contact offers a place in a group of theirs: the answer is a key package. */
async function answerOffer(
  engine: Engine,
  change: StoreChange,
  arrival: ParcelArrival & { readonly parcel: Parcel },
): Promise<void> {
  const known = await conversationTable.get(change, '', arrival.parcel.conversation);
  if (known?.groups.some((group) => group.state === 'joined') === true) return;
  await askToJoin(engine, change, {
    meeting: arrival.meeting,
    conversation: arrival.parcel.conversation,
    replaces: [],
    self: arrival.self,
  });
}

/** "Please add this device": left in a meeting log, with a fresh key package. */
export async function askToJoin(
  engine: Engine,
  change: StoreChange,
  wish: {
    readonly meeting: FollowedLog;
    readonly conversation: ConversationId;
    readonly replaces: readonly Uint8Array[];
    readonly self: Identity & Credentials;
  },
): Promise<void> {
  const { self, conversation } = wish;
  if (wish.meeting.person === undefined) return;
  const keyPackage = await newKeyPackage(engine, change, { self, person: wish.meeting.person, conversation });
  const rejoin = { keyPackage, replaces: wish.replaces };
  await putOutgoing(change, {
    kind: 'entry',
    sealed: await parcelEntry(engine, change, wish.meeting, { conversation: wish.conversation, rejoin }),
  });
}
