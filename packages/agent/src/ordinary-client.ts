import { openClient, type Client, type ClientStore } from '@tern/core';
import { httpsTransport, nodePrimitives, nodeWorld } from '@tern/reach/node';
import type { Transport } from '@tern/reach';
import { nodeGroupPrimitives } from './group-primitives.ts';

/** What reaches relays from a terminal. Whoever opens it closes it, after the clients that use it. */
export function ordinaryTransport(): Transport & Disposable {
  return httpsTransport();
}

/** The client of a home as the command has it: this machine's clock and chance, and OpenSSL. */
export function openOrdinaryClient(store: ClientStore, transport: Transport): Promise<Client> {
  return openClient({
    store,
    world: nodeWorld,
    primitives: nodePrimitives,
    groupPrimitives: nodeGroupPrimitives,
    transport,
  });
}
