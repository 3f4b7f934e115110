import { equalBytes, RefusedError, type Load, type ReceiptLine } from '@tern/protocol';
import { authorise } from './authorise.ts';
import type { StoreChange } from './client-store.ts';
import { noteChanged } from './conversation-digest.ts';
import { receivedTable } from './conversation.ts';
import { selfOf, type Engine } from './engine.ts';
import { followedLogTable, logKeysAt } from './followed-log.ts';
import { membersOf, ownLeaf, type CommitView, type Member } from './group-crypto.ts';
import { refreshEveryMessages, refreshEveryMs, type AddIntent, type StagedRecord } from './group-record.ts';
import {
  dropStaged,
  enterEpoch,
  hasMember,
  noteInConversation,
  policyAfter,
  sealLoad,
  signPolicy,
  type GroupSession,
} from './group-session.ts';
import { holderOf, type Credentials } from './identity.ts';
import { joinLogKeys, splitLogKeys } from './log-keys.ts';
import { notePeriods } from './membership.ts';
import { messageById, numberMessage } from './message-store.ts';
import { keyPackageName } from './key-packages.ts';
import { parcelEntry } from './meeting-log.ts';
import {
  deleteOutgoing,
  putOutgoing,
  rememberOwnEntry,
  replaceOutgoing,
  type Outgoing,
  type OutboxKey,
} from './outbox.ts';
import { makeEntry } from './sealed-entry.ts';

/** What waits for one conversation, sealed in its group as far as it was not yet. @returns the sealed things, oldest first */
export async function sealWaiting(
  engine: Engine,
  change: StoreChange,
  session: GroupSession,
  waiting: { readonly items: readonly (readonly [OutboxKey, Outgoing])[]; readonly self: Credentials },
): Promise<void> {
  // to a group in which nobody else has arrived yet nothing is said: it would be for nobody, and newcomers could not have it
  const people = membersOf(session.group).map(
    ({ credential }) => holderOf(engine.primitives, credential)?.person,
  );
  if (session.conversation.people.length > 0 && people.every((one) => one === waiting.self.person)) return;
  for (const [key, item] of waiting.items) {
    if (item.kind === 'message' && item.sealed === undefined && item.failed === undefined)
      await sealMessage(engine, change, session, { key, item, self: waiting.self });
    if (item.kind === 'again' && item.sealed === undefined) {
      const load: Load = { kind: 'again', device: item.device, numbers: item.numbers };
      replaceOutgoing(change, key, {
        ...item,
        sealed: await sealLoad(engine, change, session, { load, number: 0 }),
      });
    }
  }
}

async function sealMessage(
  engine: Engine,
  change: StoreChange,
  session: GroupSession,
  {
    key,
    item,
    self,
  }: {
    readonly key: OutboxKey;
    readonly item: Extract<Outgoing, { kind: 'message' }>;
    readonly self: Credentials;
  },
): Promise<void> {
  const message = await messageById(change, item.message);
  // numbers of a device that this home no longer is belong to nobody any more
  if (message === undefined || (item.device !== undefined && item.device !== self.device)) {
    deleteOutgoing(change, key);
    return;
  }
  const number = item.number ?? session.conversation.nextNumber;
  if (item.number === undefined) {
    session.conversation = { ...session.conversation, nextNumber: number + 1 };
    numberMessage(change, message, { device: self.device, number });
    await noteChanged(change, session.conversation, { ...message, number, device: self.device });
  }
  const sealed = await sealLoad(engine, change, session, {
    load: { kind: 'content', content: message.content },
    number,
  });
  replaceOutgoing(change, key, { ...item, number, device: self.device, sealed });
}

/** One receipt for everything that came since the last one (never for receipts themselves). */
export async function sealReceipt(
  engine: Engine,
  change: StoreChange,
  session: GroupSession,
  self: Credentials,
): Promise<void> {
  if (!session.conversation.receiptDue) return;
  const lines: ReceiptLine[] = [];
  for (const [device, from] of await receivedTable.list(change, session.conversation.id)) {
    if (from.person === self.person) continue;
    lines.push({
      device: device as ReceiptLine['device'],
      delivered: from.delivered.slice(-256),
      read: from.read.slice(-256),
    });
  }
  session.conversation = { ...session.conversation, receiptDue: false };
  if (lines.length === 0) return;
  const sealed = await sealLoad(engine, change, session, {
    load: { kind: 'receipt', lines: lines.slice(0, 64) },
    number: 0,
  });
  await putOutgoing(change, { kind: 'receipt', conversation: session.conversation.id, sealed });
}

/**
 * Stages a commit where somebody waits to be added or removed, or a fresh leaf is due (rule 26). It is durable before it
 * is sent, and is sent unchanged until the relay says which commit won (rule 13).
 */
export async function stageWanted(engine: Engine, change: StoreChange, session: GroupSession): Promise<void> {
  if (session.record.staged !== undefined) return;
  const now = engine.now();
  const members = membersOf(session.group);
  const { wanted, later, newcomers } = await usableAdds(engine, session, now);
  const remove = members.filter(
    (member) =>
      member.leafIndex !== ownLeaf(session.group) &&
      leaves(engine, session, { member, wanted }) &&
      may(engine, session, { adds: newcomers, removes: [member] }),
  );
  const due = now >= session.record.refreshAt || session.record.messagesSinceRefresh >= refreshEveryMessages;
  // kept until a commit of ours has won
  const removes = session.record.removes.filter((key) =>
    remove.some((member) => equalBytes(member.signatureKey, key)),
  );
  session.record = { ...session.record, adds: [...wanted, ...later], removes };
  if (wanted.length === 0 && remove.length === 0 && !due) return;
  let commit;
  try {
    commit = await engine.groups.stageCommit(session.group, {
      add: wanted.map((one) => one.keyPackage),
      remove: remove.map((member) => member.leafIndex),
      now,
    });
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    session.record = { ...session.record, adds: later }; // somebody offered what cannot be used: they will ask again
    return;
  }
  const { payload, keys } = await policyAfter(engine, session, {
    group: commit.next,
    closes: remove.length > 0,
  });
  const wrap = (await currentKeys(change, session)).wrap;
  const made = makeEntry(engine, session.followed.log, { wrap, plaintext: commit.commit });
  const staged: StagedRecord = {
    entry: made.entry,
    id: made.id,
    next: await signPolicy(engine, change, session, payload),
    ...(made.chunk === undefined ? {} : { chunk: made.chunk }),
    ...(commit.welcome === undefined ? {} : { welcome: commit.welcome }),
    adds: wanted,
    keys: joinLogKeys(keys),
  };
  session.record = { ...session.record, staged };
  session.staged = commit.next;
  rememberOwnEntry(change, session.followed.log, made.id);
}

/** Would everybody follow a commit of ours that wants this? One that they would not would end the group for all (rule 24). */
function may(engine: Engine, session: GroupSession, wish: Pick<CommitView, 'adds' | 'removes'>): boolean {
  const members = membersOf(session.group);
  const by = members.find((member) => member.leafIndex === ownLeaf(session.group));
  const { rule } = session.conversation;
  return by !== undefined && authorise(engine.primitives, rule, { members, by, ...wish });
}

/** Is this device to go: because somebody wants it, or because its own person puts another in its place? */
function leaves(
  engine: Engine,
  session: GroupSession,
  { member, wanted }: { readonly member: Member; readonly wanted: readonly AddIntent[] },
): boolean {
  const isMember = (key: Uint8Array): boolean => equalBytes(key, member.signatureKey);
  if (session.record.removes.some(isMember)) return true;
  const person = holderOf(engine.primitives, member.credential)?.person;
  return wanted.some((add) => add.person === person && add.replaces.some(isMember));
}

/** Those whose key package still works. A device that is in the group yet comes `later`, once it was removed. */
async function usableAdds(
  engine: Engine,
  session: GroupSession,
  now: number,
): Promise<{
  readonly wanted: readonly AddIntent[];
  readonly later: readonly AddIntent[];
  readonly newcomers: readonly Member[];
}> {
  const wanted: AddIntent[] = [];
  const newcomers: Member[] = [];
  const later: AddIntent[] = [];
  const taken: Uint8Array[] = [];
  for (const intent of session.record.adds) {
    const checked = await engine.groups.checkKeyPackage(intent.keyPackage, { now });
    if (checked.kind !== 'usable' || taken.some((key) => equalBytes(key, checked.signatureKey))) continue;
    const newcomer: Member = { leafIndex: 0, ...checked };
    if (!may(engine, session, { adds: [newcomer], removes: [] })) continue;
    taken.push(checked.signatureKey);
    if (!hasMember(session, checked.signatureKey)) {
      wanted.push(intent);
      newcomers.push(newcomer);
    } else if (session.record.removes.some((key) => equalBytes(key, checked.signatureKey))) {
      later.push(intent);
    }
  }
  return { wanted, later, newcomers };
}

/** Our commit won: its state is ours, and the Welcomes leave (never before: rule 13). */
export async function adoptStaged(engine: Engine, change: StoreChange, session: GroupSession): Promise<void> {
  const { staged } = session.record;
  if (staged === undefined || session.staged === undefined) return;
  const before = membersOf(session.group);
  const group = engine.groups.adoptCommit(session.group, session.staged);
  enterEpoch(change, session, { group, payload: staged.next.payload, keys: splitLogKeys(staged.keys) });
  dropStaged(session);
  const { device } = await selfOf(engine, change);
  await notePeriods(engine, change, session, { before, device });
  const done = new Set(staged.adds.map((one) => one.keyPackage));
  session.record = {
    ...session.record,
    adds: session.record.adds.filter(
      (one) => ![...done].some((keyPackage) => equalBytes(keyPackage, one.keyPackage)),
    ),
    refreshAt: engine.now() + refreshEveryMs,
    messagesSinceRefresh: 0,
  };
  for (const add of staged.adds) {
    // the first device of somebody is that person; that a pair's other half joined was noted when the group began
    const known = before.some(
      (member) => holderOf(engine.primitives, member.credential)?.person === add.person,
    );
    if (known || session.conversation.rule.kind === 'group')
      noteInConversation(session, {
        at: engine.now(),
        kind: known ? 'device-added' : 'joined',
        person: add.person,
      });
    if (staged.welcome !== undefined)
      await leaveWelcome(engine, change, session, { add, welcome: staged.welcome });
  }
}

async function leaveWelcome(
  engine: Engine,
  change: StoreChange,
  session: GroupSession,
  { add, welcome }: { readonly add: AddIntent; readonly welcome: Uint8Array },
): Promise<void> {
  const meeting = await followedLogTable.get(change, '', add.meeting);
  if (meeting === undefined) return;
  const { followed, conversation } = session;
  const sealed = await parcelEntry(engine, change, meeting, {
    conversation: conversation.id,
    welcome: {
      welcome,
      keyPackage: keyPackageName(engine, add.keyPackage),
      host: followed.host,
      firstPolicy: followed.firstPolicy.payload,
      policy: followed.policy,
      ...(conversation.rule.kind === 'group' ? { adminKeys: conversation.rule.adminKeys } : {}),
    },
  });
  await putOutgoing(change, { kind: 'entry', sealed });
}

async function currentKeys(
  change: StoreChange,
  session: GroupSession,
): Promise<ReturnType<typeof splitLogKeys>> {
  const keys = await logKeysAt(change, session.followed.log, session.followed.number);
  if (keys === undefined) throw new TypeError('a group without the keys of its own epoch');
  return keys;
}
