import { openClient, type Client, type ClientStore } from '@tern/core';
import type { World } from '@tern/protocol';
import { forwardTransport, type Dialer } from '@tern/reach';
import { nodeDialer, nodePrimitives, nodeWorld } from '@tern/reach/node';
import { nodeGroupPrimitives } from './group-primitives.ts';
import { keepAttempts } from './kept-attempts.ts';

/** What reaches relays from a terminal. Whoever opens it closes it, after the clients that use it. */
export function ordinaryTransport(): Dialer {
  return nodeDialer();
}

/**
 * The client of a home as the command has it: this machine's clock and chance, and OpenSSL. What hindered its attempts is kept in the home
 * for `tern diagnose`.
 * @param options `world`: the machine's own unless given
 */
export async function openOrdinaryClient(
  store: ClientStore,
  transport: Dialer,
  { world = nodeWorld }: { readonly world?: World } = {},
): Promise<Client> {
  const client = await openClient({
    store,
    world,
    primitives: nodePrimitives,
    groupPrimitives: nodeGroupPrimitives,
    transport,
    dialer: transport,
    forward: (near) => forwardTransport({ near, primitives: nodePrimitives }),
  });
  const keeping = keepAttempts({ store, world, transport, client });
  return {
    ...client,
    async [Symbol.asyncDispose]() {
      try {
        await keeping[Symbol.asyncDispose]();
      } finally {
        await client[Symbol.asyncDispose]();
      }
    },
  };
}
