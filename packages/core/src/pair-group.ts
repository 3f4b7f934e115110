import { RefusedError, type ConversationId, type Hint, type PersonId } from '@tern/protocol';
import { pairRule, type MemberRule } from './authorise.ts';
import type { StoreChange } from './client-store.ts';
import type { Contact } from './contact.ts';
import {
  conversationTable,
  emptyConversation,
  pairConversationId,
  withGroup,
  withNotice,
  type Conversation,
} from './conversation.ts';
import type { Engine } from './engine.ts';
import { followedLogTable, keepLogKeys } from './followed-log.ts';
import {
  groupRecordTable,
  newGroupRecord,
  refreshEveryMs,
  saveGroup,
  type AddIntent,
} from './group-record.ts';
import { epochKeys } from './group-session.ts';
import type { Credentials, Identity } from './identity.ts';
import { conversationLog } from './log-keys.ts';

/** A new group for a conversation, with this device alone in it and others waiting to be added by its first commit. */
export async function beginGroup(
  engine: Engine,
  change: StoreChange,
  begin: {
    readonly id: ConversationId;
    readonly rule: MemberRule;
    readonly host: Hint;
    readonly adds: readonly AddIntent[];
    readonly self: Identity & Credentials;
  },
): Promise<void> {
  const { self, host } = begin;
  if (host.relay === undefined)
    throw new RefusedError('unknown-relay', 'a conversation needs a relay whose id is known');
  const made = await engine.groups.createKeyPackage({
    credential: self.certificate,
    signatureKeys: { publicKey: self.deviceKey, privateKey: self.deviceSeed },
    now: engine.now(),
  });
  const group = await engine.groups.createGroup({ ...made, groupId: engine.world.randomBytes(32) });
  const keys = await epochKeys(engine, group);
  const own = conversationLog(engine.primitives, host.relay, { keys, nonce: engine.world.randomBytes(16) });
  keepLogKeys(change, own.log, { number: 0, keys });
  followedLogTable.put(change, '', own.log, {
    log: own.log,
    kind: 'group',
    host,
    firstPolicy: own.firstPolicy,
    policy: own.firstPolicy.payload,
    number: 0,
    cursor: 0,
    toCreate: true,
    conversation: begin.id,
    ended: false,
    revoked: [],
  });
  groupRecordTable.put(change, '', own.log, {
    ...newGroupRecord(engine.now() + refreshEveryMs),
    adds: begin.adds,
  });
  await saveGroup(change, engine.groups, { log: own.log, current: group, staged: undefined });
  const people = [...new Set<PersonId>(begin.adds.map((add) => add.person))].filter(
    (person) => person !== self.person,
  );
  const known = await conversationTable.get(change, '', begin.id);
  const conversation: Conversation = known ?? { ...emptyConversation(begin.id, begin.rule), people };
  const [person] = people;
  const notice = {
    at: engine.now(),
    kind: known === undefined || known.groups.length === 0 ? 'joined' : 'rejoined',
    ...(person === undefined ? {} : { person }),
  } as const;
  conversationTable.put(
    change,
    '',
    begin.id,
    withNotice(withGroup(conversation, { log: own.log, state: 'joined' }), notice),
  );
}

/** The group of two people, begun by whoever the other one asked. */
export async function beginPairGroup(
  engine: Engine,
  change: StoreChange,
  begin: {
    readonly contact: Contact;
    readonly host: Hint;
    readonly add: AddIntent;
    readonly self: Identity & Credentials;
  },
): Promise<void> {
  const { contact, self } = begin;
  await beginGroup(engine, change, {
    id: pairConversationId(engine.primitives, self.rootKey, contact.rootKey),
    rule: pairRule(self.rootKey, contact.rootKey),
    host: begin.host,
    adds: [begin.add],
    self,
  });
}
