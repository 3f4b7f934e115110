import {
  base32Bytes,
  decodePolicy,
  encodeFrame,
  equalBytes,
  sign,
  type Frame,
  type LogId,
  type Load,
} from '@tern/protocol';
import { conversationTable, withGroup, withNotice, type Conversation, type Notice } from './conversation.ts';
import type { StoreChange } from './client-store.ts';
import type { Engine } from './engine.ts';
import { followedLogTable, keepLogKeys, logKeysAt, type FollowedLog } from './followed-log.ts';
import { epochAuthenticator, membersOf, type Group } from './group-crypto.ts';
import { groupRecordTable, loadGroup, saveGroup, type GroupRecord } from './group-record.ts';
import { epochKeysLabel, followingPolicy, logKeysBytes, splitLogKeys, type LogKeys } from './log-keys.ts';
import { rememberOwnEntry, type SealedEntry } from './outbox.ts';
import { makeEntry } from './sealed-entry.ts';

/**
 * One group of one conversation, opened inside one change of the store and written back whole. Everything that moves a
 * ratchet happens here, so that state, outbox and messages are durable together or not at all (rule 27).
 */
export interface GroupSession {
  followed: FollowedLog;
  record: GroupRecord;
  group: Group;
  /** the state our commit on its way would bring */
  staged: Group | undefined;
  conversation: Conversation;
}

/** undefined where this device has no such group, or no state for it any more */
export async function openSession(
  engine: Engine,
  change: StoreChange,
  log: LogId,
): Promise<GroupSession | undefined> {
  const followed = await followedLogTable.get(change, '', log);
  if (followed?.kind !== 'group' || followed.ended || followed.conversation === undefined) return undefined;
  const record = await groupRecordTable.get(change, '', log);
  const conversation = await conversationTable.get(change, '', followed.conversation);
  const group = await loadGroup(change, engine.groups, { log, slot: 'current' });
  if (record === undefined || conversation === undefined || group === undefined) return undefined;
  const staged =
    record.staged === undefined ? undefined : await loadGroup(change, engine.groups, { log, slot: 'staged' });
  return { followed, record, group, staged, conversation };
}

export async function saveSession(engine: Engine, change: StoreChange, session: GroupSession): Promise<void> {
  const { followed, record, group, staged, conversation } = session;
  followedLogTable.put(change, '', followed.log, followed);
  groupRecordTable.put(change, '', followed.log, record);
  conversationTable.put(change, '', conversation.id, conversation);
  await saveGroup(change, engine.groups, { log: followed.log, current: group, staged });
}

/** The keys that the log has in this group's epoch. */
export async function epochKeys(engine: Engine, group: Group): Promise<LogKeys> {
  return splitLogKeys(
    await engine.groups.exportSecret(group, epochKeysLabel, {
      context: new Uint8Array(),
      length: logKeysBytes,
    }),
  );
}

const nothingSeen: readonly [number, Uint8Array] = [0, new Uint8Array(8)];

/** Seals a load for everybody in the group and moves our ratchet on. @param number 0 for what is not numbered */
export async function sealLoad(
  engine: Engine,
  change: StoreChange,
  session: GroupSession,
  content: { readonly load: Load; readonly number: number },
): Promise<SealedEntry> {
  const { followed } = session;
  const keys = await logKeysAt(change, followed.log, followed.number);
  if (keys === undefined) throw new TypeError('a group without the keys of its own epoch');
  const frame: Frame = {
    number: content.number,
    seen: session.record.seen.at(-1) ?? nothingSeen,
    policy: followed.number,
    authenticator: epochAuthenticator(session.group).slice(0, 8),
    load: content.load,
  };
  const { message, next } = await engine.groups.sealMessage(
    session.group,
    encodeFrame(frame),
    base32Bytes(followed.log),
  );
  session.group = next;
  session.record = { ...session.record, messagesSinceRefresh: session.record.messagesSinceRefresh + 1 };
  const made = makeEntry(engine, followed.log, { wrap: keys.wrap, plaintext: message });
  rememberOwnEntry(change, followed.log, made.id);
  return { ...made, log: followed.log, host: followed.host, number: followed.number, seed: keys.append };
}

/** The policy that a commit to `next` must bring, and the keys it names. */
export async function policyAfter(
  engine: Engine,
  session: GroupSession,
  next: { readonly group: Group; readonly closes: boolean },
): Promise<{ readonly payload: Uint8Array; readonly keys: LogKeys }> {
  const keys = await epochKeys(engine, next.group);
  const { followed } = session;
  const previous = { log: followed.log, policy: decodePolicy(followed.policy), payload: followed.policy };
  return { payload: followingPolicy(engine.primitives, previous, { keys, closes: next.closes }), keys };
}

/** The next epoch is in force: its state, its keys, its policy. Whatever we had staged is over. */
export function enterEpoch(
  change: StoreChange,
  session: GroupSession,
  next: { readonly group: Group; readonly payload: Uint8Array; readonly keys: LogKeys },
): void {
  const number = session.followed.number + 1;
  session.group = next.group;
  session.followed = { ...session.followed, number, policy: next.payload };
  keepLogKeys(change, session.followed.log, { number, keys: next.keys });
}

export function dropStaged(session: GroupSession): void {
  const { staged: _, ...record } = session.record;
  session.record = record;
  session.staged = undefined;
}

/** The group is of no more use to this device; the log is read no further. */
export function endGroup(session: GroupSession, state: 'lost' | 'left' | 'void', notice: Notice): void {
  session.followed = { ...session.followed, ended: true };
  session.conversation = withNotice(
    withGroup(session.conversation, { log: session.followed.log, state }),
    notice,
  );
  dropStaged(session);
}

export function noteInConversation(session: GroupSession, notice: Notice): void {
  session.conversation = withNotice(session.conversation, notice);
}

/** Signs the policy that a commit of ours brings, with the key that the epoch it ends has. */
export async function signPolicy(
  engine: Engine,
  change: StoreChange,
  session: GroupSession,
  payload: Uint8Array,
): Promise<{ readonly payload: Uint8Array; readonly signature: Uint8Array }> {
  const keys = await logKeysAt(change, session.followed.log, session.followed.number);
  if (keys === undefined) throw new TypeError('a group without the keys of its own epoch');
  return sign(engine.primitives, keys.change, { label: 'policy', payload });
}

/** Do two members tell the same history (rule 25)? Compares what the sender says it had seen with what we have. */
export function historiesAgree(session: GroupSession, frame: Frame, epoch: number): boolean {
  if (frame.policy !== epoch) return false;
  if (
    epoch === session.followed.number &&
    !equalBytes(frame.authenticator, epochAuthenticator(session.group).slice(0, 8))
  )
    return false;
  const ours = session.record.seen.find(([seq]) => seq === frame.seen[0]);
  return ours === undefined || equalBytes(ours[1], frame.seen[1]);
}

/** Does this conversation hold a device with that key? */
export function hasMember(session: GroupSession, deviceKey: Uint8Array): boolean {
  return membersOf(session.group).some((member) => equalBytes(member.signatureKey, deviceKey));
}
