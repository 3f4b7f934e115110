import {
  hpkeKeyPair,
  hpkeReceiver,
  hpkeSender,
  noblePrimitives,
  UsageError,
  type Primitives,
} from '@tern/protocol';
import { nodePrimitives } from '../src/node/index.ts';

export interface Measured {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: number;
}

const shortestRunMs = 60;
const runs = 3;

/** Microseconds for one operation of each kind, portable and by OpenSSL: the best of three runs. */
export async function benchPrimitives(): Promise<readonly Measured[]> {
  const results: Measured[] = [];
  for (const [label, primitives] of [
    ['OpenSSL', nodePrimitives],
    ['portable', noblePrimitives],
  ] as const) {
    for (const [name, work] of Object.entries(operations(primitives))) {
      results.push({ name: `${name}, ${label}`, value: microseconds(work), unit: 'us' });
      await Promise.resolve(); // between two of them others may run
    }
  }
  return results;
}

function operations(primitives: Primitives): Readonly<Record<string, () => unknown>> {
  const key = new Uint8Array(32).fill(1);
  const nonce = new Uint8Array(12);
  const record = new Uint8Array(1024);
  const message = new Uint8Array(118);
  const none = new Uint8Array();
  const sealed = primitives.seal(key, nonce, record, none);
  const theirs = hpkeKeyPair(primitives, new Uint8Array(32).fill(2));
  const publicKey = primitives.ed25519PublicKey(key);
  const signature = primitives.ed25519Sign(key, message);
  const info = message;
  const sender = hpkeSender(primitives, theirs.publicKey, { info, seed: key });
  if (sender === undefined) throw new UsageError('the key is of low order');
  // a fresh key each time, because a client's share is never used twice
  let count = 0;
  const fresh = (): Uint8Array => {
    count += 1;
    const seed = new Uint8Array(32);
    new DataView(seed.buffer).setUint32(0, count);
    return seed;
  };
  return {
    'SHA-256 of 118 B': () => primitives.sha256(message),
    'HMAC of 118 B': () => primitives.hmacSha256(key, message),
    'seal 1,024 B': () => primitives.seal(key, nonce, record, none),
    'open 1,024 B': () => primitives.open(key, nonce, sealed, none),
    'X25519, key known': () => primitives.x25519(key, theirs.publicKey),
    'X25519, key fresh': () => primitives.x25519(fresh(), theirs.publicKey),
    'Ed25519 sign': () => primitives.ed25519Sign(key, message),
    'Ed25519 verify': () => primitives.ed25519Verify(publicKey, message, signature),
    'begin a batch under a key (HPKE sender)': () =>
      hpkeSender(primitives, theirs.publicKey, { info, seed: fresh() }),
    'open a batch under a key (HPKE receiver)': () =>
      hpkeReceiver(primitives, theirs, { info, encapsulated: sender.encapsulated }),
  };
}

function microseconds(work: () => unknown): number {
  work();
  let best = Infinity;
  for (let run = 0; run < runs; run += 1) {
    const startedAt = performance.now();
    let times = 0;
    let passedMs = 0;
    for (; passedMs < shortestRunMs; passedMs = performance.now() - startedAt, times += 1) work();
    best = Math.min(best, (passedMs * 1000) / times);
  }
  return Math.round(best * 10) / 10;
}
