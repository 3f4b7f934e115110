import type { Argon2id } from '@tern/core';
import { RefusedError, utf8, type World } from '@tern/protocol';
import { deleteDB } from 'idb';
import { laterArgon2id } from './argon2id-later.ts';
import {
  decodeHomeKeyRecord,
  defaultPasscodeCost,
  encodeHomeKeyRecord,
  keyBinding,
  keyNonceBytes,
  keySaltBytes,
  longestLockAfter,
  masterKeyBytes,
  type HomeKeyRecord,
  type PasscodeCost,
} from './home-key-record.ts';
import { storageError } from './idb-database.ts';
import { openKeyFile, type KeyFile } from './key-file.ts';
import { owned, type Bytes } from './record-seal.ts';

/*
 * The key that a home of this browser is sealed with. Without a passcode it lies there as it is, and whoever copies the browser's
 * profile can read everything: a CryptoKey that scripts cannot read out lies in the same profile, so it would not help. With a
 * passcode it is wrapped, and a copy is as safe as the passcode: a guess takes 19 MiB and a tenth of a second of one core in
 * WebAssembly, less in native code, so six digits last a day at most.
 */

export interface HomeKeyOptions {
  /** of the home; its database has the same */
  readonly name: string;
  readonly world: Pick<World, 'randomBytes' | 'wait'>;
  /** for a new passcode */
  readonly cost?: PasscodeCost;
  /** default: {@link laterArgon2id} */
  readonly argon2id?: Argon2id;
}

export type OpenedHomeKey =
  /** the caller wipes the master key when the store is open */
  | { readonly kind: 'opened'; readonly masterKey: Uint8Array; readonly created: boolean }
  | { readonly kind: 'passcode-needed' }
  | { readonly kind: 'passcode-wrong' };

/** Makes a key where there is none. Nothing of it stays in memory here: closing the store is what locks a home. */
export async function openHomeKey(options: HomeKeyOptions, passcode?: string): Promise<OpenedHomeKey> {
  await using file = await openKeyFile(options.name, options.world);
  const record = recordIn(file);
  if (record === undefined) {
    const masterKey = options.world.randomBytes(masterKeyBytes);
    await file.replace(encodeHomeKeyRecord({ kind: 'bare', lockAfter: defaultLockAfter, key: masterKey }));
    return { kind: 'opened', masterKey, created: true };
  }
  if (record.kind === 'bare') return { kind: 'opened', masterKey: record.key, created: false };
  if (passcode === undefined) return { kind: 'passcode-needed' };
  const masterKey = await unwrapped(record, passcode, options);
  return masterKey === undefined ? { kind: 'passcode-wrong' } : { kind: 'opened', masterKey, created: false };
}

export interface HomeKeyState {
  /** `none`: nobody has opened a home here yet */
  readonly protection: 'none' | HomeKeyRecord['kind'];
  /** minutes; 0 for never */
  readonly lockAfter: number;
}

export async function homeKeyState({ name, world }: HomeKeyOptions): Promise<HomeKeyState> {
  await using file = await openKeyFile(name, world);
  const record = recordIn(file);
  return { protection: record?.kind ?? 'none', lockAfter: record?.lockAfter ?? defaultLockAfter };
}

/**
 * Wraps the key with another passcode, or with one where it had none. The key stays the same, so a copy of the profile made before
 * stays as readable as it was then.
 * @param change `old` where the home has one
 * @returns false for a wrong old one, and nothing was changed
 * @throws {RefusedError} `passcode-empty`
 */
export async function setPasscode(
  options: HomeKeyOptions,
  change: { readonly old?: string; readonly fresh: string },
): Promise<boolean> {
  if (change.fresh === '') throw new RefusedError('passcode-empty', 'an empty passcode protects nothing');
  return replaced(options, change.old, async (masterKey, lockAfter) => ({
    ...(await wrapped(masterKey, change.fresh, options)),
    lockAfter,
  }));
}

/** From here on the key lies there as it is. @returns false for a wrong passcode, and nothing was changed */
export async function removePasscode(options: HomeKeyOptions, old: string): Promise<boolean> {
  return replaced(options, old, async (masterKey, lockAfter) => ({
    kind: 'bare',
    lockAfter,
    key: masterKey,
  }));
}

/** @param minutes 0 for never, at most a week */
export async function setLockAfter({ name, world }: HomeKeyOptions, minutes: number): Promise<void> {
  await using file = await openKeyFile(name, world);
  const record = recordIn(file);
  if (record === undefined) throw new RefusedError('no-home', 'there is no home here');
  const lockAfter = Math.min(longestLockAfter, Math.max(0, Math.floor(minutes)));
  await file.replace(encodeHomeKeyRecord({ ...record, lockAfter }));
}

/**
 * Deletes a home: first its key is overwritten, then the database goes. Whoever has the database open in another tab loses it. What
 * the browser and the disk keep of deleted records is sealed with a key that is overwritten as far as a file can be; on an SSD, in a
 * snapshot or a backup it may be there still.
 */
export async function wipeHome({ name, world }: HomeKeyOptions): Promise<void> {
  {
    await using file = await openKeyFile(name, world);
    await file.erase();
  }
  try {
    await deleteDB(name);
    await deleteDB(`${name} key`);
  } catch (cause) {
    throw storageError(cause);
  }
}

const defaultLockAfter = 10;

async function replaced(
  options: HomeKeyOptions,
  old: string | undefined,
  fresh: (masterKey: Uint8Array, lockAfter: number) => Promise<HomeKeyRecord>,
): Promise<boolean> {
  await using file = await openKeyFile(options.name, options.world);
  const record = recordIn(file);
  if (record === undefined) throw new RefusedError('no-home', 'there is no home here');
  const masterKey = record.kind === 'bare' ? record.key : await unwrapped(record, old ?? '', options);
  if (masterKey === undefined) return false;
  await file.replace(encodeHomeKeyRecord(await fresh(masterKey, record.lockAfter)));
  masterKey.fill(0);
  return true;
}

function recordIn({ value }: KeyFile): HomeKeyRecord | undefined {
  return value === undefined ? undefined : decodeHomeKeyRecord(value);
}

type WrappedKey = Extract<HomeKeyRecord, { readonly kind: 'passcode' }>;

async function wrapped(
  masterKey: Uint8Array,
  passcode: string,
  options: HomeKeyOptions,
): Promise<Omit<WrappedKey, 'lockAfter'>> {
  const { world, cost = defaultPasscodeCost } = options;
  const salt = world.randomBytes(keySaltBytes);
  const nonce = world.randomBytes(keyNonceBytes);
  const key = await stretched(passcode, { cost, salt }, options);
  const algorithm = { name: 'AES-GCM', iv: owned(nonce), additionalData: owned(keyBinding({ cost, salt })) };
  const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm, key, owned(masterKey)));
  const whole = new Uint8Array(nonce.length + sealed.length);
  whole.set(nonce);
  whole.set(sealed, nonce.length);
  return { kind: 'passcode', cost, salt, wrapped: whole };
}

/** @returns undefined when the passcode is another one */
async function unwrapped(
  record: WrappedKey,
  passcode: string,
  options: HomeKeyOptions,
): Promise<Bytes | undefined> {
  const key = await stretched(passcode, record, options);
  const algorithm = {
    name: 'AES-GCM',
    iv: owned(record.wrapped.subarray(0, keyNonceBytes)),
    additionalData: owned(keyBinding(record)),
  };
  try {
    const masterKey = await crypto.subtle.decrypt(
      algorithm,
      key,
      owned(record.wrapped.subarray(keyNonceBytes)),
    );
    return new Uint8Array(masterKey);
  } catch {
    return undefined; // the only failure left here is a tag that does not match
  }
}

async function stretched(
  passcode: string,
  { cost, salt }: Pick<WrappedKey, 'cost' | 'salt'>,
  { argon2id = laterArgon2id }: HomeKeyOptions,
): Promise<CryptoKey> {
  const bytes = await argon2id({
    password: utf8(passcode.normalize('NFC')), // the same passcode from another keyboard is the same bytes (RFC 8265)
    salt,
    ...cost,
    bytes: 32,
  });
  const key = await crypto.subtle.importKey('raw', owned(bytes), 'AES-GCM', false, ['encrypt', 'decrypt']);
  bytes.fill(0);
  return key;
}
