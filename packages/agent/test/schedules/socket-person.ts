import { memoryStore, type Client, type ClientStore } from '@tern/core';
import type { Dialer } from '@tern/reach';
import { nodeDialer } from '@tern/reach/node';
import { openOrdinaryClient } from '../../src/ordinary-client.ts';
import { here } from './prepared.ts';
import type { QuickWorld } from './quick-world.ts';
import type { Somebody } from './schedule-check.ts';

export interface SocketPersonParts {
  readonly name: string;
  readonly world: QuickWorld;
  /** whom they trust to vouch for relays, PEM */
  readonly authorities: string;
  /** what their system's resolver says of a name; nobody else is asked */
  readonly bySystem: (host: string) => Promise<readonly string[]>;
  /** told of what no client may do */
  readonly fault: (text: string) => void;
}

/** One life of it. */
interface Running {
  readonly client: Client;
  readonly dialer: Dialer;
  readonly over: AbortController;
  readonly staying: Promise<unknown>;
}

/** A client and a dialer as the command has them, over real sockets, that ends and begins again over its store, which is in memory. */
export class SocketPerson implements Somebody {
  readonly store: ClientStore;
  readonly #parts: SocketPersonParts;
  #here: Running | undefined;

  constructor(parts: SocketPersonParts) {
    this.#parts = parts;
    this.store = memoryStore({ world: parts.world });
  }

  get client(): Client | undefined {
    return this.#here?.client;
  }

  async open(): Promise<Client> {
    const { world, authorities, bySystem } = this.#parts;
    // relays of this internet are on this machine
    const isOfInternet = (address: string): boolean => address.startsWith('127.');
    const dialer = nodeDialer({ world, authorities, bySystem, isOfInternet, dohServers: [] });
    const client = await openOrdinaryClient(this.store, dialer, { world });
    const over = new AbortController();
    this.#here = { client, dialer, over, staying: Promise.resolve() };
    return client;
  }

  /** From now on it stays online, from the beginning where it was not there. */
  async start(): Promise<void> {
    if (this.#here === undefined) await this.open();
    const { name, fault } = this.#parts;
    const { client, over } = here(this.#here);
    const staying = client.run({ signal: over.signal }).then(
      () => over.signal.aborted || fault(`${name} went offline by itself`),
      (error: unknown) => fault(`${name} failed: ${error instanceof Error ? (error.stack ?? '') : ''}`),
    );
    this.#here = { ...here(this.#here), staying };
  }

  /** Nothing of it goes on; what it has promised is in its store. */
  async stop(): Promise<void> {
    const ending = this.#here;
    this.#here = undefined;
    if (ending === undefined) return;
    ending.over.abort();
    await ending.staying;
    await ending.client[Symbol.asyncDispose]();
    ending.dialer[Symbol.dispose]();
  }

  async ask<T>(work: (client: Client) => Promise<T>): Promise<T | undefined> {
    return this.client === undefined ? undefined : work(this.client);
  }
}
