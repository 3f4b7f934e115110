import type { Hint, RelayId, World } from '@tern/protocol';
import { memoryTransport, type Transport } from '@tern/reach';
import { nodePrimitives as primitives } from '@tern/reach/node';
import type { Asker } from '../asker.ts';
import type { ForwardAsk, Forwarded } from '../forward/forwarder.ts';
import { openMemoryStore } from '../memory-store.ts';
import { openRelay } from '../relay.ts';

export type { ForwardAsk, Forwarded };

/** A relay in this very process that hands on to whatever a test puts behind it. */
export interface NearRelay extends AsyncDisposable {
  readonly hint: Hint & { readonly relay: RelayId };
  readonly transport: Transport;
  /** of each request, and of its answer */
  readonly sizes: readonly { readonly requestBytes: number; readonly answerBytes: number }[];
}

export async function openNearRelay(options: {
  readonly world: World;
  readonly forward: (ask: ForwardAsk) => Promise<Forwarded | 'quota'>;
  /** what came over its peer path, unless told otherwise, did not */
  readonly peer?: boolean;
}): Promise<NearRelay> {
  const { world, forward } = options;
  const store = openMemoryStore();
  const relay = await openRelay({
    store,
    world,
    primitives,
    forwarder: () => ({
      forward,
      deliver: async () => ({ bytes: new Uint8Array(), trouble: 'closed', stood: false }),
      mayKeep: () => true,
      mayReach: () => true,
      hurry: () => undefined,
      async [Symbol.asyncDispose]() {},
    }),
  });
  const asker: Omit<Asker, 'signal'> = options.peer === true ? { peer: true } : { path: 'near' };
  const sizes: NearRelay['sizes'][number][] = [];
  return {
    hint: { relay: relay.id, address: 'near.example', port: 443, tls: true, path: 'near' },
    transport: memoryTransport({
      async answer(_to, request, { signal }) {
        const answer = await relay.answer(request, { signal, ...asker });
        sizes.push({ requestBytes: request.length, answerBytes: answer.length });
        return answer;
      },
    }),
    sizes,
    async [Symbol.asyncDispose]() {
      await relay[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}
