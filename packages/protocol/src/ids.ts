import { base32, base32Bytes, concat, uintBytes, utf8 } from './bytes.ts';
import { id, type Codec } from './codec.ts';
import type { Primitives } from './primitives.ts';

declare const brand: unique symbol;
/** Text that only the right function may make. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Hash of a relay's signing key. Like every id: lower-case base32 in memory, bytes on the wire (rule 34). */
export type RelayId = Brand<string, 'RelayId'>;
/** Where entries collect: the hash of the policy that began it, meaningless to the relay. */
export type LogId = Brand<string, 'LogId'>;
/** Hash of log and body, never of a proof: the same entry has one id however often and by whomever it is sent. */
export type EntryId = Brand<string, 'EntryId'>;
/** Root of the tree over a chunk's leaves, with its length. */
export type ChunkId = Brand<string, 'ChunkId'>;
/** 16 random bytes that make sending a batch again harmless. */
export type BatchId = Brand<string, 'BatchId'>;
/** Hash of a person's root key. */
export type PersonId = Brand<string, 'PersonId'>;
/** First 16 bytes of the hash of a device's signature key. */
export type DeviceId = Brand<string, 'DeviceId'>;
/** 16 random bytes, the same in every copy of a message. */
export type MessageId = Brand<string, 'MessageId'>;
/** Hash of an invitation's capability key. */
export type InvitationId = Brand<string, 'InvitationId'>;
/** 16 random bytes, shared by all logs a conversation has had. */
export type ConversationId = Brand<string, 'ConversationId'>;

export const relayIdCodec: Codec<RelayId> = id(32);
export const logIdCodec: Codec<LogId> = id(32);
export const entryIdCodec: Codec<EntryId> = id(32);
export const chunkIdCodec: Codec<ChunkId> = id(32);
export const batchIdCodec: Codec<BatchId> = id(16);
export const personIdCodec: Codec<PersonId> = id(32);
export const deviceIdCodec: Codec<DeviceId> = id(16);
export const messageIdCodec: Codec<MessageId> = id(16);
export const invitationIdCodec: Codec<InvitationId> = id(32);
export const conversationIdCodec: Codec<ConversationId> = id(16);

/** SHA-256 over a label and length-prefixed parts, so that no two meanings share a hash. @returns 32 bytes */
export function hash(primitives: Primitives, label: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const pieces = [utf8(`tern/1 ${label}\0`)];
  for (const part of parts) pieces.push(uintBytes(part.length, 4), part);
  return primitives.sha256(concat(...pieces));
}

export function relayIdOf(primitives: Primitives, signingKey: Uint8Array): RelayId {
  return base32(hash(primitives, 'relay', signingKey)) as RelayId;
}

/** @param firstPolicy the encoded policy, without its signature */
export function logIdOf(primitives: Primitives, firstPolicy: Uint8Array): LogId {
  return base32(hash(primitives, 'log', firstPolicy)) as LogId;
}

/** @param body the entry as it is encoded */
export function entryIdOf(primitives: Primitives, log: LogId, body: Uint8Array): EntryId {
  return base32(hash(primitives, 'entry', base32Bytes(log), body)) as EntryId;
}

export function personIdOf(primitives: Primitives, rootKey: Uint8Array): PersonId {
  return base32(hash(primitives, 'person', rootKey)) as PersonId;
}

export function deviceIdOf(primitives: Primitives, deviceKey: Uint8Array): DeviceId {
  return base32(hash(primitives, 'device', deviceKey).subarray(0, 16)) as DeviceId;
}

export function invitationIdOf(primitives: Primitives, capabilityKey: Uint8Array): InvitationId {
  return base32(hash(primitives, 'invitation', capabilityKey)) as InvitationId;
}

/** A fresh random id. @param bytes 16 or 32 random bytes */
export function randomId<T extends string>(bytes: Uint8Array): T {
  return base32(bytes) as T;
}
