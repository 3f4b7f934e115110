import {
  encodePolicy,
  limits,
  logIdOf,
  policyHash,
  sign,
  type ChunkId,
  type EntryId,
  type LogId,
  type Policy,
  type RelayId,
  type Signed,
} from '@tern/protocol';
import { primitives } from './primitives.ts';
import type { Chance } from './chance.ts';

/** A policy that a relay has acknowledged, and the places of the log that it covers. */
export interface KnownPolicy {
  readonly policy: Policy;
  readonly signed: Signed;
  readonly from: number;
  /** undefined while it is the current one */
  to: number | undefined;
  /** id of the commit that ended it, if a commit did */
  endedBy: EntryId | undefined;
}

/** An entry that a relay has acknowledged: from now on it must be there. */
export interface KnownEntry {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly until: number;
  readonly next: Signed | undefined;
  erased: boolean;
}

export interface KnownCapability {
  readonly signed: Signed;
  readonly serial: Uint8Array;
  readonly seed: Uint8Array;
}

/** A log as those who were answered know it. */
export class KnownLog {
  readonly log: LogId;
  readonly policies: KnownPolicy[];
  readonly entries: Map<number, KnownEntry> = new Map();
  readonly capabilities: KnownCapability[] = [];
  /** chunks that the relay has said are complete, with the second until which they must be there */
  readonly chunks: Map<ChunkId, number> = new Map();
  /** chunks that may be there until then, and need not: an entry that named them had ended before the last one was erased */
  readonly leftOver: Map<ChunkId, number> = new Map();

  constructor(log: LogId, policy: Policy, signed: Signed) {
    this.log = log;
    this.policies = [{ policy, signed, from: 1, to: undefined, endedBy: undefined }];
  }

  /** place of the newest entry */
  last = 0;

  get current(): KnownPolicy {
    const current = this.policies.at(-1);
    if (current === undefined) throw new Error('a log without a policy');
    return current;
  }

  /** @param commit id of the entry with which the next policy came, already counted in */
  turn(next: Policy, signed: Signed, commit: EntryId | undefined): void {
    this.current.to = this.last;
    this.current.endedBy = commit;
    const from = commit === undefined ? this.last + 1 : this.last;
    this.policies.push({ policy: next, signed, from, to: undefined, endedBy: undefined });
  }
}

interface Pair {
  readonly seed: Uint8Array;
  readonly key: Uint8Array;
}

/** Keys by the dozen, each found again by its public half. */
export class Keyring {
  readonly #pairs: readonly Pair[];
  readonly #byKey: ReadonlyMap<string, Pair>;

  constructor(chance: Chance, size: number) {
    this.#pairs = Array.from({ length: size }, () => {
      const seed = chance.bytes(32);
      return { seed, key: primitives.ed25519PublicKey(seed) };
    });
    this.#byKey = new Map(this.#pairs.map((pair) => [nameOf(pair.key), pair]));
  }

  any(chance: Chance): Pair {
    return chance.of(this.#pairs);
  }

  seedOf(key: Uint8Array): Uint8Array | undefined {
    return this.#byKey.get(nameOf(key))?.seed;
  }
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
}

/** Everything that was acknowledged by one relay. */
export class Known {
  readonly relay: RelayId;
  readonly right: Uint8Array;
  readonly keyring: Keyring;
  readonly logs: Map<LogId, KnownLog> = new Map();
  /** content of every chunk that was ever made, whether put or not */
  readonly contents: Map<ChunkId, Uint8Array> = new Map();

  constructor(options: { readonly relay: RelayId; readonly right: Uint8Array; readonly keyring: Keyring }) {
    this.relay = options.relay;
    this.right = options.right;
    this.keyring = options.keyring;
  }

  /** Logs whose current policy names keys that we have. */
  writable(): readonly KnownLog[] {
    return [...this.logs.values()].filter((log) => {
      const { appendKey, readKey, changeKey } = log.current.policy;
      return [appendKey, readKey, changeKey].every((key) => this.keyring.seedOf(key) !== undefined);
    });
  }

  seedOf(key: Uint8Array | undefined): Uint8Array {
    return (key && this.keyring.seedOf(key)) ?? new Uint8Array(32).fill(9);
  }
}

/** A first policy, or the one that follows. */
export function makePolicy(
  known: Known,
  chance: Chance,
  previous?: KnownLog,
): { readonly policy: Policy; readonly signed: Signed; readonly log: LogId } {
  const keep = previous !== undefined && chance.oneIn(4);
  const before = previous?.current;
  const change = known.keyring.any(chance);
  const keys =
    keep && before !== undefined
      ? before.policy
      : {
          appendKey: known.keyring.any(chance).key,
          readKey: known.keyring.any(chance).key,
          changeKey: change.key,
        };
  const policy: Policy = {
    ...(previous === undefined || before === undefined
      ? { number: 0, nonce: chance.bytes(16), relay: known.relay }
      : {
          number: before.policy.number + 1,
          log: previous.log,
          previous: policyHash(primitives, before.signed.payload),
        }),
    appendKey: keys.appendKey,
    readKey: keys.readKey,
    changeKey: keys.changeKey,
    lifetime: chance.of([28 * 86_400, 28 * 86_400, limits.entryLifetimeSeconds, 3600, 60]),
    roomBytes: chance.of([10_000_000, 10_000_000, 200_000, 5000]),
    closes: chance.oneIn(4),
    revoked: (previous?.capabilities ?? []).filter(() => chance.oneIn(5)).map(({ serial }) => serial),
  };
  const payload = encodePolicy(policy);
  const seed = known.seedOf(before === undefined ? keys.changeKey : before.policy.changeKey);
  const signed = sign(primitives, seed, { label: 'policy', payload });
  return { policy, signed, log: previous?.log ?? logIdOf(primitives, payload) };
}
