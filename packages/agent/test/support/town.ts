import { memoryStore, openClient, type Client, type ClientStore, type GroupPrimitives } from '@tern/core';
import {
  formatRelayLink,
  peerPathOf,
  UnreachableError,
  type Hint,
  type Primitives,
  type World,
} from '@tern/protocol';
import { memoryTransport, type Transport } from '@tern/reach';
import { nodePrimitives } from '@tern/reach/node';
import {
  openMemoryStore,
  openRelay,
  type Forwarder,
  type ForwarderParts,
  type Relay,
  type RelayLimits,
  type RelayStore,
} from '@tern/relay';
import { nodeGroupPrimitives } from '../../src/group-primitives.ts';

/** A clock that only the test moves; whoever waits for longer than it moves goes on waiting. */
export interface TownWorld extends World {
  move(ms: number): void;
  /** The same, but who waits is not woken before it moves again. */
  pass(ms: number): void;
}

function townWorld(randomBytes: World['randomBytes']): TownWorld {
  let now = Date.UTC(2026, 10, 23);
  const sleepers = new Set<{ readonly until: number; readonly wake: () => void }>();
  return {
    now: () => now,
    randomBytes,
    wait: (ms, { signal }) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const sleeper = { until: now + ms, wake: resolve };
        sleepers.add(sleeper);
        signal.addEventListener('abort', () => {
          sleepers.delete(sleeper);
          reject(signal.reason as Error);
        });
      }),
    pass(ms) {
      now += ms;
    },
    move(ms) {
      now += ms;
      for (const sleeper of sleepers) {
        if (sleeper.until > now) continue;
        sleepers.delete(sleeper);
        sleeper.wake();
      }
    },
  };
}

/** One relay of a town, reachable as long as `up`. */
export interface TownRelay {
  readonly hint: Hint;
  readonly link: string;
  readonly store: RelayStore;
  relay: Relay;
  up: boolean;
  /** other relays reach it */
  upForRelays: boolean;
  /** what it is to hand on, it answers itself, with nonsense */
  lies: boolean;
  /** requests answered so far */
  exchanges: number;
}

/** Everybody in one process: real relays, real clients, a network that is a function call. */
export interface Town extends AsyncDisposable {
  readonly world: TownWorld;
  readonly relays: readonly TownRelay[];
  readonly transport: Transport;
  /** a home with an identity, and a right to store at some of the relays */
  person(
    name: string,
    options?: {
      readonly relays?: readonly number[];
      readonly store?: ClientStore;
      /** a clock that is off by so much */
      readonly offsetMs?: number;
      /** what this person's requests go through */
      readonly through?: (transport: Transport) => Transport;
      /** who uses an invitation of theirs is a request first */
      readonly asksFirst?: boolean;
      readonly keptFileBytes?: number;
    },
  ): Promise<Resident>;
}

export interface Resident {
  readonly name: string;
  readonly store: ClientStore;
  readonly client: Client;
}

export const soon: AbortSignal = new AbortController().signal;

const anyChance: World['randomBytes'] = (length) => globalThis.crypto.getRandomValues(new Uint8Array(length));

/** @param options `chance`: where all of it comes from, for a town that repeats */
export async function town(
  options: {
    readonly relays?: number;
    readonly chance?: World['randomBytes'];
    readonly primitives?: Primitives;
    readonly groupPrimitives?: GroupPrimitives;
    /** relays keep what is for others and hand it on */
    readonly handOn?: boolean;
    /** of all but the first */
    readonly limits?: Partial<RelayLimits>;
  } = {},
): Promise<Town> {
  const { primitives = nodePrimitives, groupPrimitives = nodeGroupPrimitives } = options;
  const world = townWorld(options.chance ?? anyChance);
  const relays: TownRelay[] = [];
  const closing = new AbortController();
  const couriers: Promise<void>[] = [];
  const forwarder = ({ relay: near }: ForwarderParts): Forwarder => {
    const deliver: Forwarder['deliver'] = async ({ to, request, signal }) => {
      if (relays.some(({ relay, lies }) => lies && relay.id === near))
        return { bytes: new Uint8Array(300), stood: true };
      const far = relays.find(({ hint }) => peerPathOf(nodePrimitives, hint.path) === to.path);
      if (far?.upForRelays !== true) return { bytes: new Uint8Array(), trouble: 'silent', stood: false };
      far.exchanges += 1;
      return { bytes: await far.relay.answer(request, { signal, peer: true }), stood: true };
    };
    return {
      deliver,
      forward: (ask) => deliver(ask),
      mayKeep: () => true,
      mayReach: () => true,
      hurry: () => undefined,
      [Symbol.asyncDispose]: async () => undefined,
    };
  };
  for (let at = 0; at < (options.relays ?? 1); at += 1) {
    const store = openMemoryStore();
    const relay = await openRelay({
      store,
      world,
      primitives,
      ...(at > 0 && options.limits !== undefined && { limits: options.limits }),
      ...(options.handOn === true && { forwarder }),
    });
    if (options.handOn === true) couriers.push(relay.deliver({ signal: closing.signal }));
    const hint: Hint = {
      relay: relay.id,
      address: `relay-${at}.example`,
      port: 443,
      tls: true,
      path: `path-${at}`,
    };
    const link = formatRelayLink({ hint, right: await relay.newRight() });
    relays.push({ hint, link, store, relay, up: true, upForRelays: true, lies: false, exchanges: 0 });
  }
  const transport = memoryTransport({
    answer: async (to, request, { signal }) => {
      const found = relays.find((one) => one.hint.address === to.address && one.hint.path === to.path);
      if (found?.up !== true) throw new UnreachableError('this relay is away');
      found.exchanges += 1;
      return found.relay.answer(request, { signal, path: to.path });
    },
  });
  const clients: Client[] = [];
  return {
    world,
    relays,
    transport,
    async person(
      name,
      {
        relays: wanted = [0],
        store = memoryStore({ world }),
        offsetMs = 0,
        through = (same: Transport): Transport => same,
        ...parts
      } = {},
    ) {
      const client = await openClient({
        store,
        world: { ...world, now: () => world.now() + offsetMs },
        primitives,
        transport: through(transport),
        groupPrimitives,
        ...parts,
      });
      clients.push(client);
      if ((await client.me()) === undefined) await client.init(name);
      for (const at of wanted) {
        const { hint } = relays[at] ?? { hint: undefined };
        const right = await relays[at]?.relay.newRight();
        if (hint !== undefined && right !== undefined)
          await client.addRelay({ hint, right }, { signal: soon });
      }
      return { name, store, client };
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) await client[Symbol.asyncDispose]();
      closing.abort();
      await Promise.all(couriers);
      for (const { relay, store } of relays) {
        await relay[Symbol.asyncDispose]();
        await store[Symbol.asyncDispose]();
      }
    },
  };
}

/** Everybody synchronises, so often that nothing is left to do. */
export async function settle(...people: readonly Resident[]): Promise<void> {
  for (let round = 0; round < 6; round += 1)
    for (const { client } of people) await client.sync({ signal: soon });
}

/** Two people meet by an invitation of the first. */
export async function meet(inviter: Resident, guest: Resident): Promise<void> {
  const { link } = await inviter.client.invite();
  const accepted = await guest.client.accept(link);
  if (accepted.kind !== 'accepted') throw new Error(`the invitation was not accepted: ${accepted.kind}`);
  await settle(inviter, guest);
}

export async function conversationWith(
  one: Resident,
  other: Resident,
): Promise<Parameters<Client['sendText']>[0]> {
  const contact = (await one.client.contacts()).find((each) => each.ownName === other.name);
  if (contact === undefined) throw new Error(`${one.name} does not know ${other.name}`);
  return contact.conversation;
}

export async function say(from: Resident, to: Resident, text: string): Promise<string> {
  return from.client.sendText(await conversationWith(from, to), text);
}

/** What one person sees of the conversation with another: texts, and gaps as `(n missing)`. */
export async function seen(by: Resident, other: Resident): Promise<readonly string[]> {
  const lines = await by.client.messages(await conversationWith(by, other));
  return lines.map((line) =>
    line.kind === 'gap' ? `(${line.missing} missing)` : (line.text ?? line.file?.name ?? ''),
  );
}
