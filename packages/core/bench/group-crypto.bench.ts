import { randomBytes } from 'node:crypto';
import { cpuUsage, memoryUsage } from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { groupPrimitivesOver } from '../src/group-primitives.ts';
import { nodeAes128Gcm, nodePrimitives } from '@tern/reach/node';
import { openGroupCrypto, type Group, type GroupCrypto, type OwnKeyPackage } from '../src/group-crypto.ts';

export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** met when the value is not above it */
  readonly goal?: number;
}

const now = Date.UTC(2026, 10, 23);
const judge = { now, authorise: (): boolean => true };

/** What group encryption costs, in milliseconds of processor time, for messages of 1 KiB. The goals are what was measured before we began. */
export async function benchGroupCrypto(): Promise<readonly Measurement[]> {
  const crypto = await openGroupCrypto({
    verifyCredential: () => true,
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    primitives: groupPrimitivesOver(nodePrimitives, nodeAes128Gcm),
  });
  await benchGroup(crypto, 12, { rounds: 20, goals: { add: 0, join: 0, commit: 0, encrypt: 0, decrypt: 0 } }); // warm
  const two = await benchGroup(crypto, 2, {
    rounds: 30,
    goals: { add: 2.9, join: 2.3, commit: 2.5, encrypt: 0.55, decrypt: 0.49 },
  });
  const many = await benchGroup(crypto, 101, {
    rounds: 8,
    goals: { add: 184, join: 81, commit: 38, encrypt: 0.37, decrypt: 0.4 },
  });
  return [...two, ...many, ...(await benchLost(crypto))];
}

interface Goals {
  readonly add: number;
  readonly join: number;
  readonly commit: number;
  readonly encrypt: number;
  readonly decrypt: number;
}

async function benchGroup(
  crypto: GroupCrypto,
  members: number,
  { rounds, goals }: { readonly rounds: number; readonly goals: Goals },
): Promise<readonly Measurement[]> {
  const founder = await crypto.createGroup({
    ...(await device(crypto)),
    groupId: new Uint8Array(randomBytes(16)),
  });
  const packages: OwnKeyPackage[] = [];
  for (let at = 1; at < members; at += 1) packages.push(await device(crypto));
  const add = packages.map(({ keyPackage }) => keyPackage);
  const [first] = packages;
  if (first === undefined) throw new RangeError('a group to measure has two members');

  await crypto.stageCommit(founder, { add: add.slice(0, 3), now }); // warm
  const [adding, staged] = await timed(rounds, () => crypto.stageCommit(founder, { add, now }));
  const own = { ...first, welcome: staged.welcome ?? new Uint8Array() };
  const [joining, reader] = await timed(rounds, () => crypto.joinGroup(own));
  const fresh = await crypto.stageCommit(staged.next, { now });
  const [following, followed] = await timed(rounds, () => crypto.openMessage(reader, fresh.commit, judge));
  if (followed.kind !== 'commit') throw new Error(`the commit was ${followed.kind}`);

  const [messages, plaintext] = [300, new Uint8Array(1024)];
  const sent: Uint8Array[] = [];
  let writer = fresh.next;
  const [encrypting] = await timed(messages, async () => {
    const { message, next } = await crypto.sealMessage(writer, plaintext);
    sent.push(message);
    writer = next;
  });
  let listener: Group = followed.next;
  let at = 0;
  const [decrypting] = await timed(messages, async () => {
    const opened = await crypto.openMessage(listener, sent[at] ?? new Uint8Array(), judge);
    if (opened.kind !== 'message') throw new Error(`message ${at} was ${opened.kind}`);
    listener = opened.next;
    at += 1;
  });
  const { head, parts } = crypto.encodeGroup(listener);
  const [encoding] = await timed(messages, async () => crypto.encodeGroup(listener));
  const of = `${members} members`;
  return [
    { name: `MLS add all, ${of}`, value: adding, unit: 'ms', goal: goals.add },
    { name: `MLS join, ${of}`, value: joining, unit: 'ms', goal: goals.join },
    { name: `MLS process a commit, ${of}`, value: following, unit: 'ms', goal: goals.commit },
    { name: `MLS encrypt, ${of}`, value: encrypting, unit: 'ms', goal: goals.encrypt },
    { name: `MLS decrypt, ${of}`, value: decrypting, unit: 'ms', goal: goals.decrypt },
    { name: `MLS encode the head, ${of}`, value: encoding, unit: 'ms' },
    { name: `MLS head per message, ${of}`, value: head.length, unit: 'bytes' },
    { name: `MLS parts per epoch, ${of}`, value: sizeOf(parts) / (listener.past.length + 1), unit: 'bytes' },
    { name: `MLS Welcome, ${of}`, value: own.welcome.length, unit: 'bytes' },
    { name: `MLS commit, ${of}`, value: fresh.commit.length, unit: 'bytes' },
    { name: `MLS message of 1 KiB, ${of}`, value: sent[0]?.length ?? 0, unit: 'bytes' },
  ];
}

/** A sender whose last 1,000 messages were lost: what the one that comes then costs, and what keeping their keys does. */
async function benchLost(crypto: GroupCrypto): Promise<readonly Measurement[]> {
  const anna = await crypto.createGroup({
    ...(await device(crypto)),
    groupId: new Uint8Array(randomBytes(16)),
  });
  const ben = await device(crypto);
  const { welcome, next } = await crypto.stageCommit(anna, { add: [ben.keyPackage], now });
  const reader = await crypto.joinGroup({ ...ben, welcome: welcome ?? new Uint8Array() });
  let writer = next;
  let last: Uint8Array = new Uint8Array();
  for (let number = 0; number <= 1000; number += 1) {
    const sealed = await crypto.sealMessage(writer, new Uint8Array(1));
    writer = sealed.next;
    last = sealed.message;
  }
  const kept: unknown[] = [];
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  await settle(collect);
  const before = memoryUsage();
  const [jumping, opened] = await timed(10, async () => {
    const jumped = await crypto.openMessage(reader, last, judge);
    kept.push(jumped);
    return jumped;
  });
  await settle(collect);
  const after = memoryUsage();
  if (opened.kind !== 'message') throw new Error(`after 1,000 lost messages the next was ${opened.kind}`);
  const grown = after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed;
  return [
    { name: 'MLS decrypt after 1,000 lost', value: jumping, unit: 'ms' },
    {
      name: 'MLS head with 1,000 kept generations',
      value: crypto.encodeGroup(opened.next).head.length,
      unit: 'bytes',
    },
    {
      name: 'MLS memory for 1,000 kept generations',
      value: Math.max(0, grown / kept.length / 1024),
      unit: 'KiB',
    },
  ];
}

/** What is garbage twice is garbage: the memory behind typed arrays is given back one round later. */
async function settle(collect: unknown): Promise<void> {
  if (typeof collect !== 'function') throw new TypeError('this engine has no gc');
  for (let round = 0; round < 3; round += 1) {
    (collect as () => void)();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function device(crypto: GroupCrypto): Promise<OwnKeyPackage> {
  const privateKey = new Uint8Array(randomBytes(32));
  const publicKey = nodePrimitives.ed25519PublicKey(privateKey);
  return crypto.createKeyPackage({
    credential: new Uint8Array(64),
    signatureKeys: { privateKey, publicKey },
    now,
  });
}

/** @returns milliseconds of processor time each, and what the last one gave */
async function timed<T>(rounds: number, run: () => Promise<T>): Promise<readonly [ms: number, last: T]> {
  const start = cpuUsage();
  let last = await run();
  for (let round = 1; round < rounds; round += 1) last = await run();
  const { user, system } = cpuUsage(start);
  return [(user + system) / 1000 / rounds, last];
}

function sizeOf(parts: ReadonlyMap<string, Uint8Array>): number {
  return [...parts.values()].reduce((size, { length }) => size + length, 0);
}
