import { formatRelayLink, UnreachableError, type Hint, type World } from '@tern/protocol';
import { memoryTransport, type Transport } from '@tern/reach';
import { nodePrimitives } from '@tern/reach/node';
import { openMemoryStore } from '../memory-store.ts';
import { openRelay } from '../relay.ts';

/** A relay in this very process with everything in memory, for tests of those who use one. */
export interface TestRelay extends AsyncDisposable {
  /** a link with a fresh right to store */
  link(): Promise<string>;
  readonly transport: Transport;
  /** false makes it unreachable; what it holds stays */
  up: boolean;
}

export async function openTestRelay(options: {
  readonly world: World;
  /** one label of its address, which is all that tells several apart */
  readonly name?: string;
}): Promise<TestRelay> {
  const store = openMemoryStore();
  const relay = await openRelay({ store, world: options.world, primitives: nodePrimitives });
  const hint: Hint = {
    relay: relay.id,
    address: `${options.name ?? 'relay'}.example`,
    port: 443,
    tls: true,
    path: 'path',
  };
  const opened: TestRelay = {
    up: true,
    link: async () => formatRelayLink({ hint, right: await relay.newRight() }),
    transport: memoryTransport({
      async answer(to, request, { signal }) {
        if (!opened.up || to.address !== hint.address || to.path !== hint.path)
          throw new UnreachableError('nobody is there');
        return relay.answer(request, { signal });
      },
    }),
    async [Symbol.asyncDispose]() {
      await relay[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
  return opened;
}
