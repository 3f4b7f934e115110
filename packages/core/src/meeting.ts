import {
  bytes,
  decodePolicy,
  encodeParcel,
  entryIdOf,
  equalBytes,
  field,
  logIdOf,
  MalformedError,
  openParcel,
  personIdOf,
  struct,
  base32,
  type Hint,
  type Parcel,
  type PersonId,
  type RelayId,
  type WelcomeParcel,
} from '@tern/protocol';
import { authorise, pairRule, type MemberRule } from './authorise.ts';
import type { StoreChange } from './client-store.ts';
import { contactTable, withDevices, type Contact, type Meeting } from './contact.ts';
import {
  conversationTable,
  emptyConversation,
  pairConversationId,
  withGroup,
  withNotice,
  type Conversation,
} from './conversation.ts';
import { hostName, selfOf, type Engine } from './engine.ts';
import { followedLogTable, keepLogKeys, logKeysAt, type FollowedLog } from './followed-log.ts';
import { epochOf, membersOf, type Group } from './group-crypto.ts';
import { groupRecordTable, newGroupRecord, saveGroup } from './group-record.ts';
import { epochKeys, openSession, saveSession } from './group-session.ts';
import { hasMember, keyPackageName } from './group-writer.ts';
import { holderOf, type Credentials, type Identity } from './identity.ts';
import { meetingLog } from './log-keys.ts';
import { beginPairGroup } from './pair-group.ts';
import { putOutgoing, rememberOwnEntry, takeOwnEntry, type SealedEntry } from './outbox.ts';
import { settleOwn } from './outbox-settling.ts';
import { recordTable, type RecordTable } from './record-table.ts';
import { makeEntry, openArrived, type ArrivedEntry } from './sealed-entry.ts';

/** A key package of ours that somebody may use once to add this device. */
interface OwnKeyPackageRecord {
  readonly keyPackage: Uint8Array;
  readonly secrets: Uint8Array;
}

/** Key: name of the key package. */
const keyPackageTable: RecordTable<OwnKeyPackageRecord> = recordTable(
  'key-packages',
  struct<OwnKeyPackageRecord>({ keyPackage: field(1, bytes(1, 4096)), secrets: field(2, bytes(1, 4096)) }),
);

/** A fresh key package of this device; its secrets stay in the store until somebody used it. */
export async function newKeyPackage(
  engine: Engine,
  change: StoreChange,
  self: Identity & Credentials,
): Promise<Uint8Array> {
  const made = await engine.groups.createKeyPackage({
    credential: self.certificate,
    signatureKeys: { publicKey: self.deviceKey, privateKey: self.deviceSeed },
    now: engine.now(),
  });
  keyPackageTable.put(change, '', base32(keyPackageName(engine, made.keyPackage)), made);
  return made.keyPackage;
}

/** Follows the meeting log of a secret, from either side. @param options.create whether this side begins it on the relay */
export async function followMeeting(
  engine: Engine,
  change: StoreChange,
  meeting: {
    readonly secret: Uint8Array;
    readonly host: Hint;
    readonly relay: RelayId;
    readonly person: PersonId;
  },
  options: { readonly create: boolean },
): Promise<Meeting> {
  const own = meetingLog(engine.primitives, meeting.relay, meeting.secret);
  const known = await followedLogTable.get(change, '', own.log);
  if (known === undefined) {
    followedLogTable.put(change, '', own.log, {
      log: own.log,
      kind: 'meeting',
      host: meeting.host,
      firstPolicy: own.firstPolicy,
      policy: own.firstPolicy.payload,
      number: 0,
      cursor: 0,
      toCreate: options.create,
      person: meeting.person,
      ended: false,
      revoked: [],
    });
    keepLogKeys(change, own.log, { number: 0, keys: own.keys });
  }
  return { secret: meeting.secret, host: meeting.host, log: own.log };
}

/** A parcel of ours for a meeting log, signed by this device. */
export async function parcelEntry(
  engine: Engine,
  change: StoreChange,
  meeting: FollowedLog,
  content: Pick<Parcel, 'conversation' | 'welcome' | 'rejoin'>,
): Promise<SealedEntry> {
  const self = await selfOf(engine, change);
  const keys = await logKeysAt(change, meeting.log, 0);
  if (keys === undefined) throw new TypeError('a meeting without its keys');
  const parcel: Parcel = {
    certificate: self.certificate,
    devices: self.devices,
    name: self.name,
    ...content,
  };
  const plaintext = encodeParcel(engine.primitives, parcel, self.deviceSeed);
  const made = makeEntry(engine, meeting.log, { wrap: keys.wrap, plaintext });
  rememberOwnEntry(change, meeting.log, made.id);
  return { ...made, log: meeting.log, host: meeting.host, number: 0, seed: keys.append };
}

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
  // both know the meeting's secret: what comes from ourselves on another device, or from nobody we met there, is passed over
  if (!equalBytes(sender.rootKey, arrival.contact.rootKey)) return;
  const person = personIdOf(engine.primitives, sender.rootKey);
  const contact: Contact = {
    ...withDevices(engine.primitives, arrival.contact, parcel.devices),
    name: parcel.name,
  };
  contactTable.put(change, '', person, contact);
  if (parcel.welcome !== undefined)
    await receiveWelcome(engine, change, { ...arrival, contact, parcel, welcome: parcel.welcome, person });
  else if (parcel.rejoin !== undefined)
    await receiveRejoin(engine, change, { ...arrival, contact, parcel, person });
  else await answerOffer(engine, change, { ...arrival, parcel });
}

interface WelcomeArrival extends ParcelArrival {
  readonly parcel: Parcel;
  readonly welcome: WelcomeParcel;
  readonly person: PersonId;
}

/** Joins the group that a Welcome leads to, if everything about it is what the invitation promised. */
async function receiveWelcome(engine: Engine, change: StoreChange, arrival: WelcomeArrival): Promise<void> {
  const { welcome, contact, self, person } = arrival;
  const name = base32(welcome.keyPackage);
  const own = await keyPackageTable.get(change, '', name);
  if (own === undefined) return; // not for this device, or used before
  const rule: MemberRule =
    welcome.adminKeys === undefined
      ? pairRule(self.rootKey, contact.rootKey)
      : { kind: 'group', adminKeys: welcome.adminKeys };
  const id =
    rule.kind === 'pair'
      ? pairConversationId(engine.primitives, self.rootKey, contact.rootKey)
      : arrival.parcel.conversation;
  // the pair's log lives where the invitation said (rule 22)
  if (rule.kind === 'pair' && hostName(welcome.host) !== hostName(arrival.meeting.host)) return;
  const group = await joined(engine, { own, welcome, rule });
  if (group === undefined) return;
  keyPackageTable.delete(change, '', name);
  const log = logIdOf(engine.primitives, welcome.firstPolicy);
  const number = epochOf(group);
  keepLogKeys(change, log, { number, keys: await epochKeys(engine, group) });
  followedLogTable.put(change, '', log, {
    log,
    kind: 'group',
    host: welcome.host,
    firstPolicy: { payload: welcome.firstPolicy, signature: new Uint8Array(64) },
    policy: welcome.policy,
    number,
    cursor: 0,
    toCreate: false,
    conversation: id,
    ended: false,
    revoked: [],
  });
  groupRecordTable.put(change, '', log, newGroupRecord(0)); // a fresh leaf straight after joining (rule 26)
  await saveGroup(change, engine.groups, { log, current: group, staged: undefined });
  const people = peopleOf(engine, group, self.person);
  const known = await conversationTable.get(change, '', id);
  const conversation: Conversation = known ?? emptyConversation(id, rule);
  const kind = known === undefined ? 'joined' : 'rejoined';
  const withIt = withGroup(
    { ...conversation, people: [...new Set([...conversation.people, ...people])] },
    { log, state: 'joined' },
  );
  conversationTable.put(
    change,
    '',
    id,
    withNotice({ ...withIt, receiptDue: true }, { at: engine.now(), kind, person }),
  );
}

async function joined(
  engine: Engine,
  {
    own,
    welcome,
    rule,
  }: { readonly own: OwnKeyPackageRecord; readonly welcome: WelcomeParcel; readonly rule: MemberRule },
): Promise<Group | undefined> {
  try {
    const group = await engine.groups.joinGroup({ ...own, welcome: welcome.welcome });
    const log = logIdOf(engine.primitives, welcome.firstPolicy);
    const first = decodePolicy(welcome.firstPolicy);
    const policy = decodePolicy(welcome.policy);
    const keys = await epochKeys(engine, group);
    const { primitives } = engine;
    const fits =
      first.number === 0 &&
      policy.log === log &&
      policy.number === epochOf(group) &&
      equalBytes(policy.appendKey, primitives.ed25519PublicKey(keys.append)) &&
      equalBytes(policy.readKey, primitives.ed25519PublicKey(keys.read)) &&
      equalBytes(policy.changeKey, primitives.ed25519PublicKey(keys.change));
    const members = membersOf(group);
    const allowed =
      rule.kind === 'group' ||
      members.every((by) => authorise(primitives, rule, { members, by, adds: [], removes: [] }));
    return fits && allowed ? group : undefined;
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}

function peopleOf(engine: Engine, group: Group, self: PersonId): readonly PersonId[] {
  const people = membersOf(group).flatMap(
    (member) => holderOf(engine.primitives, member.credential)?.person ?? [],
  );
  return [...new Set(people)].filter((person) => person !== self);
}

interface RejoinArrival extends ParcelArrival {
  readonly parcel: Parcel;
  readonly person: PersonId;
}

/** Somebody's device lost its place: it is added again where our group works, or the conversation gets a new group. */
async function receiveRejoin(engine: Engine, change: StoreChange, arrival: RejoinArrival): Promise<void> {
  const { parcel, person, contact, meeting, self } = arrival;
  const { rejoin } = parcel;
  if (rejoin === undefined) return;
  const checked = await engine.groups.checkKeyPackage(rejoin.keyPackage, { now: engine.now() });
  if (checked.kind !== 'usable') return;
  const holder = holderOf(engine.primitives, checked.credential);
  if (holder?.person !== person) return;
  const pair = pairConversationId(engine.primitives, self.rootKey, contact.rootKey);
  const conversation = await conversationTable.get(change, '', parcel.conversation);
  if (conversation === undefined && parcel.conversation !== pair) return;
  if (conversation !== undefined && !conversation.people.includes(person)) return;
  const intent = { keyPackage: rejoin.keyPackage, person, meeting: meeting.log, replaces: rejoin.replaces };
  for (const { log, state } of conversation?.groups ?? []) {
    const session = state === 'joined' ? await openSession(engine, change, log) : undefined;
    if (session === undefined) continue;
    const replaces = hasMember(session, checked.signatureKey)
      ? [...rejoin.replaces, checked.signatureKey]
      : rejoin.replaces;
    session.record = {
      ...session.record,
      adds: [...session.record.adds, { ...intent, replaces }].slice(-64),
    };
    await saveSession(engine, change, session);
    return;
  }
  if (parcel.conversation === pair)
    await beginPairGroup(engine, change, { contact, host: meeting.host, add: intent, self });
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
    readonly conversation: Conversation['id'];
    readonly replaces: readonly Uint8Array[];
    readonly self: Identity & Credentials;
  },
): Promise<void> {
  const keyPackage = await newKeyPackage(engine, change, wish.self);
  const rejoin = { keyPackage, replaces: wish.replaces };
  await putOutgoing(change, {
    kind: 'entry',
    sealed: await parcelEntry(engine, change, wish.meeting, { conversation: wish.conversation, rejoin }),
  });
}
