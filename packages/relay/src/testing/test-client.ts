import {
  base32,
  encodeBatch,
  encodeOperation,
  encodePolicy,
  logIdOf,
  openCard,
  policyHash,
  proofMessage,
  ResponseDecoder,
  ResponseReader,
  sealRequest,
  sealRequestWithTicket,
  sign,
  type BatchId,
  type BatchProblem,
  type LogId,
  type Operation,
  type Policy,
  type Primitives,
  type Result,
  type Signed,
  type Ticket,
  type WireOperation,
  type World,
} from '@tern/protocol';
import type { Relay } from '../relay.ts';

/** An operation and the seeds whose proofs it carries. */
export interface Ask {
  readonly operation: Operation;
  readonly seeds?: readonly Uint8Array[];
}

export interface Answer {
  readonly problem?: BatchProblem;
  /** milliseconds by the relay's clock */
  readonly time: number;
  readonly card: number;
  /** all results, in the order they came */
  readonly results: readonly Result[];
  /** results of one operation */
  of(operation: number): readonly Result[];
  readonly bytes: Uint8Array;
}

/** What a batch may be told beside its operations. */
export interface AskOptions {
  readonly id?: BatchId;
  readonly notAfter?: number;
  readonly room?: number;
  readonly signal?: AbortSignal;
}

/** The smallest honest client: no retries, no outbox, one session. */
export class TestClient {
  readonly #relay: Pick<Relay, 'answer' | 'id'>;
  readonly #primitives: Primitives;
  readonly #world: World;
  /** tickets it holds, oldest first */
  tickets: Ticket[] = [];

  constructor(relay: Pick<Relay, 'answer' | 'id'>, primitives: Primitives, world: World) {
    this.#relay = relay;
    this.#primitives = primitives;
    this.#world = world;
  }

  /** Seals and sends a batch. @throws {Error} when the relay does not know its key or ticket */
  async ask(asks: readonly Ask[], options: AskOptions = {}): Promise<Answer> {
    return this.send(this.batch(asks, options), options);
  }

  async one(operation: Operation, ...seeds: readonly Uint8Array[]): Promise<Result> {
    const answer = await this.ask([{ operation, seeds }]);
    const [result] = answer.results;
    if (result === undefined) throw new Error(`no result (${answer.problem ?? 'no problem'})`);
    return result;
  }

  /** The plaintext of a batch, to be sent as often as wanted. */
  batch(asks: readonly Ask[], options: AskOptions = {}): Uint8Array {
    const id = options.id ?? (base32(this.#world.randomBytes(16)) as BatchId);
    const operations = asks.map(({ operation, seeds }): WireOperation => {
      const wire = encodeOperation(operation);
      const message = proofMessage(this.#primitives, wire, { relay: this.#relay.id, batch: id });
      return { ...wire, proofs: (seeds ?? []).map((seed) => this.#primitives.ed25519Sign(seed, message)) };
    });
    return encodeBatch({
      id,
      notAfter: options.notAfter ?? Math.floor(this.#world.now() / 1000) + 600,
      room: options.room ?? 65_536,
      operations,
    });
  }

  async send(plaintext: Uint8Array, options: { readonly signal?: AbortSignal } = {}): Promise<Answer> {
    const sealed = await this.#seal(plaintext);
    const signal = options.signal ?? new AbortController().signal;
    const bytes = await this.#relay.answer(sealed.bytes, { signal });
    const reader = new ResponseReader(this.#primitives, sealed.exchange);
    const decoder = new ResponseDecoder();
    const items = decoder.push(reader.push(bytes));
    const { header } = decoder;
    if (header === undefined || reader.head?.kind !== 'sealed')
      throw new Error(`answered with ${reader.head?.kind ?? 'nothing'}`);
    const { keys } = reader.head;
    for (const { id, share } of header.tickets) {
      this.tickets.push({ id, share, secret: keys.ticketSecret(id) });
    }
    return {
      ...(header.problem === undefined ? {} : { problem: header.problem }),
      time: header.time,
      card: header.card,
      results: items.map(({ result }) => result),
      of: (operation) => items.filter((item) => item.operation === operation).map(({ result }) => result),
      bytes,
    };
  }

  async #seal(plaintext: Uint8Array): Promise<ReturnType<typeof sealRequest>> {
    const ticket = this.tickets.pop();
    if (ticket !== undefined) {
      const random = this.#world.randomBytes(64);
      return sealRequestWithTicket(this.#primitives, plaintext, { relay: this.#relay.id, ticket, random });
    }
    const answer = await this.#relay.answer(new Uint8Array(), { signal: new AbortController().signal });
    const opened = openCard(this.#primitives, answer.subarray(2));
    const key = opened?.card.keys[0];
    if (key === undefined) throw new Error('the relay has no card');
    return sealRequest(this.#primitives, plaintext, {
      relay: this.#relay.id,
      key,
      seed: this.#world.randomBytes(32),
    });
  }
}

/** Seeds of the three keys of one policy. */
export interface PolicySeeds {
  readonly append: Uint8Array;
  readonly read: Uint8Array;
  readonly change: Uint8Array;
}

/** A policy that was made, with what is needed to use and to follow it. */
export interface MadePolicy {
  readonly log: LogId;
  readonly policy: Policy;
  readonly signed: Signed;
  readonly seeds: PolicySeeds;
}

export type PolicyChanges = Partial<Pick<Policy, 'lifetime' | 'roomBytes' | 'closes' | 'revoked'>>;

function freshSeeds(world: World): PolicySeeds {
  return { append: world.randomBytes(32), read: world.randomBytes(32), change: world.randomBytes(32) };
}

function keysOf(
  primitives: Primitives,
  seeds: PolicySeeds,
): Pick<Policy, 'appendKey' | 'readKey' | 'changeKey'> {
  return {
    appendKey: primitives.ed25519PublicKey(seeds.append),
    readKey: primitives.ed25519PublicKey(seeds.read),
    changeKey: primitives.ed25519PublicKey(seeds.change),
  };
}

/** A first policy with keys of its own. */
export function firstPolicy(
  place: { readonly primitives: Primitives; readonly world: World; readonly relay: Pick<Relay, 'id'> },
  changes: PolicyChanges = {},
): MadePolicy {
  const { primitives, world } = place;
  const seeds = freshSeeds(world);
  const policy: Policy = {
    number: 0,
    nonce: world.randomBytes(16),
    relay: place.relay.id,
    ...keysOf(primitives, seeds),
    lifetime: 28 * 86_400,
    roomBytes: 10_000_000,
    closes: false,
    revoked: [],
    ...changes,
  };
  const payload = encodePolicy(policy);
  const signed = sign(primitives, seeds.change, { label: 'policy', payload });
  return { log: logIdOf(primitives, payload), policy, signed, seeds };
}

/** The policy that follows. @param changes.keep keeps the keys as they are */
export function nextPolicy(
  place: { readonly primitives: Primitives; readonly world: World },
  before: MadePolicy,
  changes: PolicyChanges & { readonly keep?: boolean } = {},
): MadePolicy {
  const { keep, ...changed } = changes;
  const { primitives, world } = place;
  const seeds = keep === true ? before.seeds : freshSeeds(world);
  const { lifetime, roomBytes } = before.policy;
  const policy: Policy = {
    number: before.policy.number + 1,
    log: before.log,
    previous: policyHash(primitives, before.signed.payload),
    ...keysOf(primitives, seeds),
    lifetime,
    roomBytes,
    closes: false,
    revoked: [],
    ...changed,
  };
  const signed = sign(primitives, before.seeds.change, { label: 'policy', payload: encodePolicy(policy) });
  return { log: before.log, policy, signed, seeds };
}

/** A small inline entry that looks like any other. */
export function smallEntry(world: World, bytes = 1024): Uint8Array {
  const entry = world.randomBytes(bytes);
  entry[0] = 0;
  return entry;
}
