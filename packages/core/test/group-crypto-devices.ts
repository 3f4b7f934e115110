import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

import { ed25519 } from '@noble/curves/ed25519.js';

import { groupPrimitivesOver, type GroupPrimitives } from '../src/group-primitives.ts';
import { nodePrimitives } from '@tern/reach/node';
import {
  openGroupCrypto,
  type Group,
  type GroupCrypto,
  type Opened,
  type OwnKeyPackage,
} from '../src/group-crypto.ts';

export const now: number = Date.UTC(2026, 10, 23);
export const day: number = 24 * 60 * 60 * 1000;

/** Credentials in these tests are the name and the signature key, so that a wrong key is noticed. */
export function credentialOf(name: string, publicKey: Uint8Array): Uint8Array {
  return Uint8Array.from([...publicKey, ...new TextEncoder().encode(name)]);
}

export function vouches(credential: Uint8Array, signatureKey: Uint8Array): boolean {
  return signatureKey.every((byte, at) => byte === credential[at]);
}

/** AES-GCM without WebCrypto's way to a thread and back: the random groups seal and open some hundred thousand times. */
const synchronous: GroupPrimitives = {
  ...groupPrimitivesOver(nodePrimitives),
  seal(key, nonce, plaintext, associated) {
    const cipher = createCipheriv('aes-128-gcm', key, nonce).setAAD(associated);
    return new Uint8Array(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]));
  },
  open(key, nonce, ciphertext, associated) {
    const end = Math.max(0, ciphertext.length - 16);
    const decipher = createDecipheriv('aes-128-gcm', key, nonce).setAAD(associated);
    decipher.setAuthTag(ciphertext.subarray(end));
    return new Uint8Array(Buffer.concat([decipher.update(ciphertext.subarray(0, end)), decipher.final()]));
  },
};

export function testCrypto(): Promise<GroupCrypto> {
  return openGroupCrypto({
    verifyCredential: vouches,
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    primitives: synchronous,
  });
}

export async function keyPackageFor(
  crypto: GroupCrypto,
  name: string,
  at: number = now,
): Promise<OwnKeyPackage> {
  const privateKey = new Uint8Array(randomBytes(32));
  const publicKey = ed25519.getPublicKey(privateKey);
  return crypto.createKeyPackage({
    credential: credentialOf(name, publicKey),
    signatureKeys: { publicKey, privateKey },
    now: at,
  });
}

/** One group as all its members see it, by name. */
export type Circle = ReadonlyMap<string, Group>;

export async function circleOf(crypto: GroupCrypto, names: readonly string[]): Promise<Circle> {
  const [founder, ...others] = names;
  if (founder === undefined) throw new Error('a circle has a founder');
  const alone = await crypto.createGroup({
    ...(await keyPackageFor(crypto, founder)),
    groupId: new Uint8Array(randomBytes(16)),
  });
  return changed(crypto, new Map([[founder, alone]]), { by: founder, add: others });
}

export interface Change {
  readonly by: string;
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

/** `by` commits, all others follow, newcomers join; who is removed is gone from the result. */
export async function changed(
  crypto: GroupCrypto,
  circle: Circle,
  { by, add = [], remove = [] }: Change,
): Promise<Circle> {
  const author = must(circle.get(by));
  const packages = await Promise.all(add.map((name) => keyPackageFor(crypto, name)));
  const staged = await crypto.stageCommit(author, {
    now,
    add: packages.map(({ keyPackage }) => keyPackage),
    remove: remove.map((name) => must(circle.get(name)).mls.privatePath.leafIndex),
  });
  const next = new Map<string, Group>([[by, crypto.adoptCommit(author, staged.next)]]);
  for (const [name, group] of circle) {
    if (name === by) continue;
    const opened = await crypto.openMessage(group, staged.commit, { now, authorise: () => true });
    if (remove.includes(name)) expectKind(opened, 'removed');
    else next.set(name, expectKind(opened, 'commit').next);
  }
  for (const [at, name] of add.entries())
    next.set(name, await crypto.joinGroup({ ...must(packages[at]), welcome: must(staged.welcome) }));
  return next;
}

export function expectKind<K extends Opened['kind']>(opened: Opened, kind: K): Extract<Opened, { kind: K }> {
  if (opened.kind !== kind)
    throw new Error(
      `expected ${kind}, was ${opened.kind}${'because' in opened ? ` (${opened.because})` : ''}`,
    );
  return opened as Extract<Opened, { kind: K }>;
}

export function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a test expected a value');
  return value;
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** xorshift32: enough chance for a test, and the same again from the same seed. */
export function chance(seed: number): (below: number) => number {
  let state = seed | 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
