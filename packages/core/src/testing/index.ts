/**
 * For tests of this package and of those above it: contract suites, and the inside of a client, to look at it and to play the
 * part of somebody who obeys no rule.
 */
export { renewLeaf } from '../circle.ts';
export type { StoreChange } from '../client-store.ts';
export { argon2idContract } from './argon2id-contract.ts';
export { clientStoreContract } from './client-store-contract.ts';
export type { RegisterTest } from './client-store-contract.ts';
export type { TaskKnowledge } from './task-promises.ts';
export { getChunk, putChunk } from '../chunk-transfer.ts';
export { contactTable } from '../contact.ts';
export {
  activeLog,
  conversationTable,
  emptyConversation,
  pairConversationId,
  receivedTable,
} from '../conversation.ts';
export { deferredTable } from '../deferred-messages.ts';
export { openEngine, selfOf } from '../engine.ts';
export type { Engine } from '../engine.ts';
export { followedLogTable, knownRelayTable, logKeysAt } from '../followed-log.ts';
export { readGroupEntries } from '../group-reader.ts';
export { groupRecordTable } from '../group-record.ts';
export { openSession, policyAfter, saveSession } from '../group-session.ts';
export type { GroupSession } from '../group-session.ts';
export { mlsIn } from '../group-sighting.ts';
export type { Sighting } from '../group-sighting.ts';
export { acceptInvitation } from '../invitation.ts';
export { newKeyPackage } from '../key-packages.ts';
export { followingPolicy } from '../log-keys.ts';
export { askToJoin } from '../meeting.ts';
export { messageById } from '../message-store.ts';
export { outbox, putOutgoing, replaceOutgoing } from '../outbox.ts';
export type { SealedEntry } from '../outbox.ts';
export { beginGroup } from '../pair-group.ts';
export { makeEntry } from '../sealed-entry.ts';
export type { ArrivedEntry } from '../sealed-entry.ts';
