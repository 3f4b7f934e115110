import { createCipheriv, createDecipheriv } from 'node:crypto';
import { base64url, base64urlBytes, concat, MalformedError, utf8, utf8Text } from '@tern/protocol';
import type { World } from '@tern/protocol';
import { fastArgon2id } from './argon2id.ts';

/** What the file `key` of a home holds: the master key itself, or the master key wrapped by a passphrase. */
export type HomeKey =
  | { readonly kind: 'file'; readonly key: Uint8Array }
  | {
      readonly kind: 'passphrase';
      readonly cost: PassphraseCost;
      readonly salt: Uint8Array;
      readonly wrapped: Uint8Array;
    };

/** What one guess costs: Argon2id (RFC 9106) with one lane. */
export interface PassphraseCost {
  readonly memoryKiB: number;
  readonly passes: number;
}

export const masterKeyBytes = 32;

/** 0.3 s on one core of a laptop; a guesser pays it, and 64 MiB, for every guess. */
export const defaultPassphraseCost: PassphraseCost = { memoryKiB: 65_536, passes: 3 };

/** Below the lower one guessing is cheap; above the upper one a hostile key file could take the machine's memory or time. */
export const passphraseCostLimits: {
  readonly memoryKiB: readonly [number, number];
  readonly passes: readonly [number, number];
} = {
  memoryKiB: [19_456, 262_144],
  passes: [2, 8],
};

export const largestHomeKeyFileBytes = 4096;

/** The file's bytes: JSON, so that a person who opens it reads what it is. */
export function encodeHomeKey(homeKey: HomeKey): Uint8Array {
  const fields =
    homeKey.kind === 'file'
      ? {
          about: 'The key of this Tern home. Anyone who can read this file can read everything here.',
          kind: homeKey.kind,
          key: base64url(homeKey.key),
        }
      : {
          about:
            'The key of this Tern home, locked with a passphrase. Without the passphrase everything here is lost.',
          kind: homeKey.kind,
          argon2id: homeKey.cost,
          salt: base64url(homeKey.salt),
          wrapped: base64url(homeKey.wrapped),
        };
  return utf8(`${JSON.stringify({ format, ...fields }, undefined, 2)}\n`);
}

/** @throws {MalformedError} for anything {@link encodeHomeKey} would not have written, costs beyond the limits included */
export function decodeHomeKey(bytes: Uint8Array): HomeKey {
  if (bytes.length > largestHomeKeyFileBytes) throw new MalformedError('a key file is at most 4 KiB');
  const fields = objectFields(parsedJson(utf8Text(bytes)));
  if (fields.get('format') !== format) throw new MalformedError(`not a key file of the format ${format}`);
  const kind = fields.get('kind');
  if (kind === 'file') return { kind, key: bytesField(fields, 'key', masterKeyBytes) };
  if (kind !== 'passphrase') throw new MalformedError('a key of no known kind');
  const cost = objectFields(fields.get('argon2id'));
  return {
    kind,
    cost: {
      memoryKiB: limitedField(cost, 'memoryKiB', passphraseCostLimits.memoryKiB),
      passes: limitedField(cost, 'passes', passphraseCostLimits.passes),
    },
    salt: bytesField(fields, 'salt', saltBytes),
    wrapped: bytesField(fields, 'wrapped', nonceBytes + masterKeyBytes + tagBytes),
  };
}

/** @param passphrase not empty */
export async function lockHomeKey(
  masterKey: Uint8Array,
  passphrase: string,
  options: { readonly world: Pick<World, 'randomBytes'>; readonly cost?: PassphraseCost },
): Promise<HomeKey> {
  const cost = options.cost ?? defaultPassphraseCost;
  const salt = options.world.randomBytes(saltBytes);
  const nonce = options.world.randomBytes(nonceBytes);
  const key = await stretched(passphrase, salt, cost);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(associated(cost));
  const wrapped = concat(nonce, cipher.update(masterKey), cipher.final(), cipher.getAuthTag());
  key.fill(0);
  return { kind: 'passphrase', cost, salt, wrapped };
}

/** @returns the master key, or undefined when the passphrase is another one */
export async function unlockHomeKey(
  homeKey: Extract<HomeKey, { readonly kind: 'passphrase' }>,
  passphrase: string,
): Promise<Uint8Array | undefined> {
  const { wrapped, salt, cost } = homeKey;
  const key = await stretched(passphrase, salt, cost);
  const end = wrapped.length - tagBytes;
  const cipher = createDecipheriv('aes-256-gcm', key, wrapped.subarray(0, nonceBytes))
    .setAAD(associated(cost))
    .setAuthTag(wrapped.subarray(end));
  key.fill(0);
  const masterKey = cipher.update(wrapped.subarray(nonceBytes, end));
  try {
    cipher.final();
  } catch {
    masterKey.fill(0);
    return undefined; // the only failure left here is a tag that does not match
  }
  return new Uint8Array(masterKey);
}

const format = 'tern home key 1';
const saltBytes = 16;
const nonceBytes = 12;
const tagBytes = 16;

async function stretched(passphrase: string, salt: Uint8Array, cost: PassphraseCost): Promise<Uint8Array> {
  return fastArgon2id({
    password: utf8(passphrase.normalize('NFC')), // the same passphrase from another keyboard is the same bytes (RFC 8265)
    salt,
    memoryKiB: cost.memoryKiB,
    passes: cost.passes,
    bytes: 32,
  });
}

function associated(cost: PassphraseCost): Uint8Array {
  return utf8(`${format} ${cost.memoryKiB} ${cost.passes}`);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MalformedError('a key file is JSON', { cause });
  }
}

function objectFields(value: unknown): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new MalformedError('not an object');
  return new Map<string, unknown>(Object.entries(value));
}

function bytesField(fields: ReadonlyMap<string, unknown>, name: string, length: number): Uint8Array {
  const text = fields.get(name);
  const bytes = typeof text === 'string' ? base64urlBytes(text) : new Uint8Array();
  if (bytes.length !== length) throw new MalformedError(`${name} is not ${length} bytes`);
  return bytes;
}

function limitedField(
  fields: ReadonlyMap<string, unknown>,
  name: string,
  [least, most]: readonly [number, number],
): number {
  const value = fields.get(name);
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most) {
    throw new MalformedError(`${name} is not a whole number from ${least} to ${most}`);
  }
  return value;
}
