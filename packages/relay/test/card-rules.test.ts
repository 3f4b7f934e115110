import { openCard } from '@tern/protocol';
import { memoryTransport, openPath } from '@tern/reach';
import { nodePrimitives, nodeWorld } from '@tern/reach/node';
import { expect, test } from 'vitest';
import { openMemoryStore, openRelay } from '../src/index.ts';

test('rule 2: a relay that is host and door says so in its card, and cards of others are never handed on unless they are public', async ({
  signal,
}) => {
  await using store = openMemoryStore();
  await using relay = await openRelay({
    store,
    world: nodeWorld,
    primitives: nodePrimitives,
    card: { host: true, door: true, public: false },
  });
  const transport = memoryTransport({ answer: (_to, request, options) => relay.answer(request, options) });
  const hint = { relay: relay.id, address: 'relay.example', port: 443, tls: true, path: 'path' };
  await using path = openPath({ hint, transport, primitives: nodePrimitives, world: nodeWorld });
  const { results } = await path.exchange([{ operation: { kind: 'hello' } }], { signal });
  const result = results[0]?.at(-1);
  if (result?.kind !== 'card') throw new Error('no card came');
  expect(result.others).toEqual([]);
  const opened = openCard(nodePrimitives, result.card);
  expect(opened?.card).toMatchObject({ host: true, door: true, public: false });
});
