import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { peerPathOf, type Hint } from '@tern/protocol';
import { nodePrimitives as primitives } from '@tern/reach/node';
import {
  nodeForwarder,
  openLmdbStore,
  openRelay,
  serve,
  type CertificatePair,
  type Forwarder,
  type Relay,
} from '@tern/relay';
import type { Door } from './cutting-network.ts';
import { here } from './prepared.ts';
import type { QuickWorld } from './quick-world.ts';

/** A request that arrives a second time, as where a front repeats what it is not sure of: the n-th of those that a relay is asked. */
export interface Again {
  readonly request: number;
  /** ms of the schedule's world */
  readonly afterMs: number;
}

export interface SocketRelayParts {
  readonly name: string;
  /** where its folder is to be */
  readonly dir: string;
  readonly world: QuickWorld;
  /** each with a name that one of the certificates is for; the first stands in its link */
  readonly doors: readonly { readonly host: string; readonly door: Door }[];
  readonly certificates: readonly [CertificatePair, ...CertificatePair[]];
  /** whom it trusts to vouch for others, PEM */
  readonly authorities: string;
  readonly resolve: (name: string) => Promise<readonly string[]>;
  /** told of what no relay may do */
  readonly fault: (text: string) => void;
}

const host = '127.0.0.1';
/** The machine's time, in which a relay hands on: somebody who is silent is not waited for longer. */
const forwardSeconds = 3;
/** of the schedule's world, in which a copy has come and was judged */
const arrivedMs = 2000;
const { signal: forever } = new AbortController();

/** One life of a relay. */
interface Running {
  readonly relay: Relay;
  readonly port: number;
  end(): Promise<void>;
}

/**
 * A relay with TLS, its folder, and another relay to which it hands on and for which it keeps. It is put together as `runRelay` does, but for
 * whom it trusts and where it is told that names are. When it ends, everything but its folder is gone, its port too.
 */
export class SocketRelay {
  /** kept requests that it handed on, tries included */
  handedOn = 0;
  /** requests that it was asked before, byte for byte: by whoever lost the answer, or by {@link again} */
  repeated = 0;
  readonly #parts: SocketRelayParts;
  readonly #path: string;
  readonly #asked = new Set<string>();
  readonly #copies = new Set<Promise<void>>();
  #again: readonly Again[] = [];
  #requests = 0;
  #running: Running | undefined;

  constructor(parts: SocketRelayParts) {
    this.#parts = parts;
    this.#path = `path-of-${parts.name}`;
  }

  get port(): number | undefined {
    return this.#running?.port;
  }

  async start(): Promise<void> {
    if (this.#running !== undefined) return;
    const { dir, name, world, doors, certificates, authorities, resolve, fault } = this.#parts;
    const store = await openLmdbStore({
      dir: join(dir, name),
      aroundFlush: (flush) => world.during(flush()),
    });
    const forward = nodeForwarder({ alsoPrivate: true, authorities, resolve });
    const relay = await openRelay({
      store,
      world,
      primitives,
      limits: { forwardSeconds },
      card: { endpoints: doors.map((one) => `https://${one.host}:${one.door.port}`) },
      forwarder: (of) => this.#counting(forward(of)),
    });
    const end = new AbortController();
    const answer: Relay['answer'] = (body, asker) => {
      this.#note(body, asker.peer === true);
      return relay.answer(body, asker);
    };
    const server = await serve(
      { limits: relay.limits, answer, hurry: () => relay.hurry() },
      {
        host,
        port: 0,
        path: this.#path,
        peerPath: peerPathOf(primitives, this.#path),
        tls: certificates,
        signal: end.signal,
      },
    );
    const delivering = relay
      .deliver({ signal: end.signal })
      .catch((error: unknown) => fault(`a relay ended handing on: ${String(error)}`));
    this.#running = {
      relay,
      port: server.port,
      async end() {
        end.abort();
        await Promise.all([delivering, server.ended]);
        await relay[Symbol.asyncDispose]();
        await store[Symbol.asyncDispose]();
      },
    };
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.end();
  }

  hint(): Hint {
    const [first] = this.#parts.doors;
    const { host: address, door } = here(first);
    return {
      relay: here(this.#running).relay.id,
      address,
      port: door.port,
      tls: true,
      path: this.#path,
    };
  }

  newRight(): Promise<Uint8Array> {
    return here(this.#running).relay.newRight();
  }

  /** From now on requests are counted, and these come again. */
  storm(again: readonly Again[]): void {
    this.#again = again;
    this.#requests = 0;
    this.#asked.clear();
    this.repeated = 0;
  }

  /** Nothing more comes again. @returns when all copies have come */
  async calm(): Promise<void> {
    this.#again = [];
    await Promise.all(this.#copies);
  }

  #note(body: Uint8Array, peer: boolean): void {
    const known = Buffer.from(primitives.sha256(body)).toString('hex');
    if (body.length > 0 && this.#asked.has(known)) this.repeated += 1;
    this.#asked.add(known);
    const copy = this.#again.find(({ request }) => request === this.#requests);
    this.#requests += 1;
    if (copy === undefined) return;
    const coming = this.#comeAgain(body.slice(), peer, copy.afterMs).finally(() =>
      this.#copies.delete(coming),
    );
    this.#copies.add(coming);
  }

  /** To the relay itself: whatever network lies in between, a copy that arrives is what there is to look at. */
  async #comeAgain(body: Uint8Array, peer: boolean, afterMs: number): Promise<void> {
    const { world, authorities } = this.#parts;
    await world.wait(afterMs, { signal: forever });
    const port = this.port;
    if (port === undefined) return;
    const path = peer ? peerPathOf(primitives, this.#path) : this.#path;
    const [first] = this.#parts.doors;
    const post = httpsRequest({
      host,
      port,
      path: `/${path}`,
      method: 'POST',
      agent: false,
      ca: authorities,
      servername: here(first).host,
    });
    post.on('error', () => undefined); // the relay may be gone
    post.end(body);
    // what is kept back for a watch nobody waits for
    await Promise.race([once(post, 'close'), world.wait(arrivedMs, { signal: forever })]);
    post.destroy();
  }

  #counting(forwarder: Forwarder): Forwarder {
    return {
      forward: (ask, payer) => forwarder.forward(ask, payer),
      deliver: (ask) => {
        this.handedOn += 1;
        return forwarder.deliver(ask);
      },
      mayKeep: (ask, payer) => forwarder.mayKeep(ask, payer),
      mayReach: (to) => forwarder.mayReach(to),
      hurry: () => forwarder.hurry(),
      [Symbol.asyncDispose]: () => forwarder[Symbol.asyncDispose](),
    };
  }
}
