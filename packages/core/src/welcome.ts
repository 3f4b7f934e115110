import {
  base32,
  decodePolicy,
  equalBytes,
  logIdOf,
  MalformedError,
  type ConversationId,
  type PersonId,
  type WelcomeParcel,
} from '@tern/protocol';
import { authorise, pairRule, type MemberRule } from './authorise.ts';
import type { StoreChange } from './client-store.ts';
import type { Contact } from './contact.ts';
import {
  conversationTable,
  emptyConversation,
  isPairId,
  pairConversationId,
  withGroup,
  withNotice,
  type Conversation,
} from './conversation.ts';
import { hostName, type Engine } from './engine.ts';
import { followedLogTable, keepLogKeys, type FollowedLog } from './followed-log.ts';
import { epochOf, membersOf, type Group } from './group-crypto.ts';
import { groupRecordTable, newGroupRecord, saveGroup } from './group-record.ts';
import { epochKeys } from './group-session.ts';
import { holderOf, type Credentials, type Identity } from './identity.ts';
import { keyPackageTable, type OwnKeyPackage } from './key-packages.ts';

/** A Welcome out of a meeting log, and who left it there. */
export interface WelcomeArrival {
  readonly welcome: WelcomeParcel;
  /** the conversation it claims to be for */
  readonly conversation: ConversationId;
  readonly meeting: FollowedLog;
  readonly contact: Contact;
  readonly person: PersonId;
  readonly self: Identity & Credentials;
}

/** Joins the group that a Welcome leads to, if everything about it is what the invitation promised. */
export async function receiveWelcome(
  engine: Engine,
  change: StoreChange,
  arrival: WelcomeArrival,
): Promise<void> {
  const { welcome, self, person } = arrival;
  const name = base32(welcome.keyPackage);
  const own = await keyPackageTable.get(change, '', name);
  // not for this device, used before, or not what we asked this person for
  if (own === undefined || own.person !== person || own.conversation !== arrival.conversation) return;
  const known = await conversationTable.get(change, '', arrival.conversation);
  const rule = ruleOf(engine, known, arrival);
  if (rule === undefined) return;
  const id = arrival.conversation;
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
  const conversation: Conversation = known ?? emptyConversation(id, rule);
  const kind = known === undefined || known.groups.length === 0 ? 'joined' : 'rejoined';
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

/**
 * Who may change the members there, if this person may lead us in: for two people the two, on the host that the invitation
 * named (rule 22); for a group those who may already, or those it names when it is new to us.
 */
function ruleOf(
  engine: Engine,
  known: Conversation | undefined,
  arrival: WelcomeArrival,
): MemberRule | undefined {
  const { welcome, contact, self } = arrival;
  if (arrival.conversation === pairConversationId(engine.primitives, self.rootKey, contact.rootKey)) {
    const there =
      welcome.adminKeys === undefined && hostName(welcome.host) === hostName(arrival.meeting.host);
    return there ? pairRule(self.rootKey, contact.rootKey) : undefined;
  }
  if (isPairId(arrival.conversation)) return undefined;
  const rule = known?.rule ?? { kind: 'group', adminKeys: welcome.adminKeys ?? [] };
  const leads = rule.kind === 'group' && rule.adminKeys.some((key) => equalBytes(key, contact.rootKey));
  return leads ? rule : undefined;
}

async function joined(
  engine: Engine,
  {
    own,
    welcome,
    rule,
  }: { readonly own: OwnKeyPackage; readonly welcome: WelcomeParcel; readonly rule: MemberRule },
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
      first.relay === welcome.host.relay &&
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
