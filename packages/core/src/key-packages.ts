import {
  base32,
  bytes,
  conversationIdCodec,
  field,
  hash,
  personIdCodec,
  struct,
  type ConversationId,
  type PersonId,
} from '@tern/protocol';
import type { StoreChange } from './client-store.ts';
import type { Engine } from './engine.ts';
import type { Credentials, Identity } from './identity.ts';
import { recordTable, type RecordTable } from './record-table.ts';

/** A key package of ours that somebody may use once to add this device. */
export interface OwnKeyPackage {
  readonly keyPackage: Uint8Array;
  readonly secrets: Uint8Array;
  /** who may use it, and for what */
  readonly person: PersonId;
  readonly conversation: ConversationId;
}

/** Key: name of the key package. */
export const keyPackageTable: RecordTable<OwnKeyPackage> = recordTable(
  'key-packages',
  struct<OwnKeyPackage>({
    keyPackage: field(1, bytes(1, 4096)),
    secrets: field(2, bytes(1, 4096)),
    person: field(3, personIdCodec),
    conversation: field(4, conversationIdCodec),
  }),
);

/** A fresh key package of this device; its secrets stay in the store until somebody used it. */
export async function newKeyPackage(
  engine: Engine,
  change: StoreChange,
  use: {
    readonly self: Identity & Credentials;
    readonly person: PersonId;
    readonly conversation: ConversationId;
  },
): Promise<Uint8Array> {
  const { self, person, conversation } = use;
  const made = await engine.groups.createKeyPackage({
    credential: self.certificate,
    signatureKeys: { publicKey: self.deviceKey, privateKey: self.deviceSeed },
    now: engine.now(),
  });
  const name = base32(keyPackageName(engine, made.keyPackage));
  keyPackageTable.put(change, '', name, { ...made, person, conversation });
  return made.keyPackage;
}

/** A key package is named by its hash, in Welcomes and in the store of whoever made it. */
export function keyPackageName(engine: Pick<Engine, 'primitives'>, keyPackage: Uint8Array): Uint8Array {
  return hash(engine.primitives, 'key package', keyPackage);
}
