import { noblePrimitives, type Hint, type Primitives } from '@tern/protocol';
import type { Observation } from '../src/diagnosis/observation.ts';
import { memoryTransport, openPath, type Outgoing, type Path } from '../src/index.ts';
import { faultyTransport, type Fault } from '../src/testing/index.ts';
import { handWorld } from '@tern/relay/testing';
import { tinyRelay, type TinyRelay, type TinyRelayParts } from './tiny-relay.ts';

export const hello: Outgoing = { operation: { kind: 'hello' } };
interface Scene {
  readonly relay: TinyRelay;
  readonly path: Path;
  readonly world: ReturnType<typeof handWorld>;
}

export function pathScene(
  options: Partial<TinyRelayParts> & {
    readonly hint?: Partial<Hint>;
    readonly trustOnFirstUse?: boolean;
    readonly faultOf?: (request: number) => Fault | undefined;
    readonly answer?: (
      relay: TinyRelay,
      request: Uint8Array,
    ) => Promise<Uint8Array> | AsyncIterable<Uint8Array>;
    readonly clientPrimitives?: Primitives;
    readonly observe?: (observation: Observation) => void;
  } = {},
): Scene {
  const world = handWorld(options.seed);
  const relay = tinyRelay({
    primitives: noblePrimitives,
    randomBytes: handWorld(2).randomBytes,
    now: () => world.now(),
    ...options,
  });
  const inner = memoryTransport({
    answer: async (_to, request) => (options.answer ?? ((one, bytes) => one.answer(bytes)))(relay, request),
  });
  const path = openPath({
    hint: { ...relay.hint, ...options.hint },
    transport: faultyTransport(inner, { world, faultOf: options.faultOf ?? (() => undefined) }),
    primitives: options.clientPrimitives ?? options.primitives ?? noblePrimitives,
    world,
    ...(options.observe !== undefined && { observe: options.observe }),
    ...(options.trustOnFirstUse === true && { trustOnFirstUse: true }),
  });
  return { relay, path, world };
}
