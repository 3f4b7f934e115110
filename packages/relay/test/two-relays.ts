import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server as HttpServer } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import {
  peerPathOf,
  ResponseDecoder,
  ResponseReader,
  sealRequest,
  openCard,
  type Card,
  type ForwardTrouble,
  type Hint,
  type RelayId,
  type ResponseItem,
  type Result,
} from '@tern/protocol';
import { nodePrimitives as primitives } from '@tern/reach/node';
import {
  nodeForwarder,
  openMemoryStore,
  openRelay,
  serve,
  type ForwarderOptions,
  type Relay,
  type RelayLimits,
  type RelayStore,
  type Server,
} from '../src/index.ts';
import {
  firstPolicy,
  TestClient,
  testWorld,
  type AskOptions,
  type MadePolicy,
  type TestWorld,
} from '../src/testing/index.ts';
import { first as certificate } from '../src/testing/test-certificates.ts';

export const clientPath = 'client-path';
const host = '127.0.0.1';
const farName = 'one.relay.example';

/** A relay behind TLS, with both its paths. */
export interface Standing extends AsyncDisposable {
  readonly relay: Relay;
  readonly server: Server;
  readonly world: TestWorld;
  readonly store: RelayStore;
  /** for whoever hands on to it */
  readonly peerHint: Hint;
  /** resolves when something waits for time to pass */
  slept(): Promise<void>;
  /** stops it: what it holds stays in the store */
  stop(): Promise<void>;
}

export interface StandingOptions {
  readonly seed: string;
  readonly port?: number;
  readonly store?: RelayStore;
  readonly limits?: Partial<RelayLimits>;
  /** false: it hands on nothing */
  readonly forwarder?: ForwarderOptions | false;
  readonly world?: TestWorld;
}

/** Names lead to this machine, which the near relay may reach; its clock is the test's. */
export const openly: ForwarderOptions = {
  alsoPrivate: true,
  authorities: certificate.cert,
  resolve: async () => [host],
};

export async function stand(options: StandingOptions): Promise<Standing> {
  const given = options.world ?? testWorld(Date.UTC(2026, 10, 1), options.seed);
  let asleep = Promise.withResolvers<void>();
  const world: TestWorld = {
    ...given,
    wait(ms, waiting) {
      asleep.resolve();
      asleep = Promise.withResolvers();
      return given.wait(ms, waiting);
    },
  };
  const store = options.store ?? openMemoryStore();
  const forwarder = options.forwarder ?? openly;
  const relay = await openRelay({
    store,
    world,
    primitives,
    limits: { forwardSeconds: 20, ...options.limits },
    ...(forwarder !== false && { forwarder: nodeForwarder(forwarder) }),
  });
  const peerPath = peerPathOf(primitives, clientPath);
  const server = await serve(relay, {
    host,
    port: options.port ?? 0,
    path: clientPath,
    peerPath,
    tls: [certificate],
    signal: new AbortController().signal,
  });
  const stop = async (): Promise<void> => {
    await server[Symbol.asyncDispose]();
    await relay[Symbol.asyncDispose]();
  };
  return {
    relay,
    server,
    world,
    store,
    peerHint: { relay: relay.id, address: farName, port: server.port, tls: true, path: peerPath },
    slept: () => asleep.promise,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** A POST to a path of this machine's port, over TLS. @throws {Error} for an answer with another status than 200 */
async function post(port: number, path: string, body: Uint8Array): Promise<Uint8Array> {
  const sent = request({ host, port, path: `/${path}`, method: 'POST', agent: false, ca: certificate.cert });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const answer = new Uint8Array(await buffer(response));
  if (response.statusCode !== 200) throw new Error(`status ${response.statusCode ?? 0}`);
  return answer;
}

/** A relay as it is reached at one of its paths. */
export function at({ relay, server }: Standing, path: string = clientPath): Pick<Relay, 'answer' | 'id'> {
  return { id: relay.id, answer: (body) => post(server.port, path, body) };
}

/** A client of a relay that comes from a source, over a path of clients, without sockets between. */
export function from({ relay, world }: Pick<Standing, 'relay' | 'world'>, source: string): TestClient {
  const answer: Relay['answer'] = (bytes, { signal }) =>
    relay.answer(bytes, { signal, source, path: clientPath });
  return new TestClient({ id: relay.id, answer }, primitives, world);
}

export interface HandedOn {
  readonly bytes: Uint8Array;
  readonly last: Result;
}

/** What a device is told for one `forward`, its pieces put together. */
export async function handOn(
  client: TestClient,
  forward: { readonly to: Hint; readonly request: Uint8Array; readonly waitSeconds?: number },
  options: AskOptions = {},
): Promise<HandedOn> {
  const operation = { kind: 'forward', waitSeconds: 0, ...forward } as const;
  const { results } = await client.ask([{ operation }], options);
  return joined(results);
}

/** What a device is told at the end of a `forward` of nothing, which brings the card of the far relay. */
export async function knock(client: TestClient, to: Hint): Promise<Result> {
  return (await handOn(client, { to, request: nothing })).last;
}

export const nothing: Uint8Array = new Uint8Array();

export function unreachable(because: ForwardTrouble): Result {
  return { kind: 'unreachable', because };
}

export function joined(results: readonly Result[]): HandedOn {
  const pieces = results.flatMap((result) => (result.kind === 'forwarded' ? [result.bytes] : []));
  const last = results.at(-1);
  if (last === undefined) throw new Error('no result');
  return { bytes: new Uint8Array(Buffer.concat(pieces)), last };
}

/** The far relay as a client reaches it through the near one. */
function through(
  client: TestClient,
  far: Pick<Standing, 'peerHint' | 'relay'>,
): Pick<Relay, 'answer' | 'id'> {
  return {
    id: far.relay.id,
    async answer(request) {
      const { bytes, last } = await handOn(client, { to: far.peerHint, request });
      if (last.kind !== 'forwarded') throw new Error(`not handed on: ${JSON.stringify(last)}`);
      return bytes;
    },
  };
}

export interface TwoRelays extends AsyncDisposable {
  readonly near: Standing;
  readonly far: Standing;
  /** of the near relay */
  readonly client: TestClient;
  /** a log of the far one, begun already */
  readonly made: MadePolicy;
  /** reaches the far one through the near one */
  readonly across: TestClient;
}

export async function openTwo(
  options: {
    readonly near?: Partial<StandingOptions>;
    readonly far?: Partial<StandingOptions>;
  } = {},
): Promise<TwoRelays> {
  const near = await stand({ seed: 'near', ...options.near });
  const far = await stand({ seed: 'far', ...options.far });
  const client = new TestClient(at(near), primitives, near.world);
  const made = firstPolicy({ primitives, world: far.world, relay: far.relay });
  const right = await far.relay.newRight();
  await new TestClient(at(far), primitives, far.world).one({ kind: 'create', policy: made.signed, right });
  return {
    near,
    far,
    client,
    made,
    across: new TestClient(through(client, far), primitives, far.world),
    async [Symbol.asyncDispose]() {
      await near.stop();
      await far.stop();
    },
  };
}

/** A request under the key of a relay's card, as something that may be kept for days is sealed, and what opens its answer. */
export function sealedFor(
  relay: Relay,
  plaintext: Uint8Array,
  { seed }: { readonly seed: Uint8Array },
): SealedForDays {
  const opened = openCard(primitives, relay.card());
  if (opened === undefined) throw new Error('no card');
  return sealedUnder(opened.card, plaintext, { relay: relay.id, seed });
}

export interface SealedForDays {
  readonly bytes: Uint8Array;
  open(answer: Uint8Array): readonly ResponseItem[];
}

export function sealedUnder(
  card: Card,
  plaintext: Uint8Array,
  { relay, seed }: { readonly relay: RelayId; readonly seed: Uint8Array },
): SealedForDays {
  const [key] = card.keys;
  if (key === undefined) throw new Error('a card without a key');
  const sealed = sealRequest(primitives, plaintext, { relay, key, seed });
  return {
    bytes: sealed.bytes,
    open(answer) {
      const reader = new ResponseReader(primitives, sealed.exchange);
      const decoder = new ResponseDecoder();
      const items = decoder.push(reader.push(answer));
      if (decoder.header === undefined || decoder.header.problem !== undefined)
        throw new Error(`a problem: ${decoder.header?.problem ?? 'no header'}`);
      return items;
    },
  };
}

/** Something that answers HTTP and is no relay, or lies. */
export interface Impostor extends AsyncDisposable {
  readonly port: number;
  /** the bodies that came, in order */
  readonly came: readonly Uint8Array[];
}

export async function impostor(
  answer: (
    body: Uint8Array,
    response: Parameters<NonNullable<Parameters<typeof createServer>[1]>>[1],
    request: IncomingMessage,
  ) => void | Promise<void>,
): Promise<Impostor> {
  const came: Uint8Array[] = [];
  const server: HttpServer = createServer((incoming, response) => {
    void buffer(incoming).then((body) => {
      came.push(new Uint8Array(body));
      return answer(new Uint8Array(body), response, incoming);
    });
  });
  server.listen(0, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    came,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
