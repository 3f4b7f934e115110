import { openClient, type Client, type ClientStore } from '@tern/core';
import type { World } from '@tern/protocol';
import { forwardTransport } from '@tern/reach';
import { openDialer, SimulatedNetwork, type NetworkRules, type Way } from '@tern/reach/testing';
import { Life, livingStore, livingWorld, orAborted, type Death } from './life.ts';
import { playGroupPrimitives, playPrimitives } from './play-curves.ts';
import type { PersonName } from './schedule.ts';

export interface PersonParts {
  readonly name: PersonName;
  readonly store: ClientStore;
  readonly world: World;
  /** a browser's dialer */
  readonly browser: boolean;
  /** of the network they are in, in all their lives */
  readonly rules: NetworkRules;
  readonly answer: (way: Way, request: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>;
  /** told of what no client may do */
  readonly fault: (text: string) => void;
}

/** A person's device that stays online, dies, and begins again over its store: the client and the dialer themselves. */
export class Person {
  readonly name: PersonName;
  readonly store: ClientStore;
  readonly #parts: PersonParts;
  #life: Life | undefined;
  #client: Client | undefined;

  constructor(parts: PersonParts) {
    this.#parts = parts;
    this.name = parts.name;
    this.store = parts.store;
  }

  /** undefined while dead */
  get client(): Client | undefined {
    return this.alive ? this.#client : undefined;
  }

  get alive(): boolean {
    return this.#life?.over === false;
  }

  async start(): Promise<void> {
    const { store, browser, rules, fault, name } = this.#parts;
    const life = new Life();
    const world = livingWorld(this.#parts.world, life);
    const network = new SimulatedNetwork(world, rules, {
      blind: browser,
      answer: (way, request, { signal }) =>
        this.#parts.answer(way, request, AbortSignal.any([signal, life.signal])),
    });
    const dialer = openDialer({ world, https: network, choosesAddress: !browser, network: () => 'home' });
    const client = await openClient({
      store: livingStore(store, life),
      world,
      primitives: playPrimitives,
      groupPrimitives: playGroupPrimitives,
      transport: dialer,
      dialer,
      forward: (near) => forwardTransport({ near, primitives: playPrimitives }),
    });
    this.#life = life;
    this.#client = client;
    client.run({ signal: new AbortController().signal }).then(
      () => fault(`${name} went offline by itself`),
      (error: unknown) => fault(`${name} failed: ${error instanceof Error ? (error.stack ?? '') : ''}`),
    );
  }

  /** What somebody outside is told; undefined where it is dead, or dies before it has answered. */
  async ask<T>(work: (client: Client) => Promise<T>): Promise<T | undefined> {
    const [life, client] = [this.#life, this.client];
    if (life === undefined || client === undefined) return undefined;
    try {
      return await orAborted(work(client), life.signal);
    } catch (error) {
      if (life.over) return undefined;
      throw error;
    }
  }

  kill(): void {
    this.#life?.end();
  }

  spare(): void {
    this.#life?.spare();
  }

  plan(death: Death, died: () => void): void {
    this.#life?.plan(death, died);
  }
}
