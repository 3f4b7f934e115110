import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  base32,
  decodeBatch,
  encodeBatch,
  encodeOperation,
  MalformedError,
  type BatchId,
  type Operation,
  type WireOperation,
} from '@tern/protocol';
import { nextPolicy, smallEntry } from '../src/testing/index.ts';
import { follow, openSetting, primitives, type Setting } from './setting.ts';

const { signal } = new AbortController();

test('whatever a transport brings, a relay answers it or calls it malformed', async () => {
  await using setting = await openSetting();
  const { relay } = setting;
  const heads = fc.constantFrom([], [1], [1, 1], [1, 2], [0, 1]);
  await fc.assert(
    fc.asyncProperty(heads, fc.uint8Array({ maxLength: 300 }), async (head, tail) => {
      const request = new Uint8Array([...head, ...tail]);
      try {
        expect((await relay.answer(request, { signal })).length).toBeGreaterThan(0);
      } catch (cause) {
        expect(cause).toBeInstanceOf(MalformedError);
      }
    }),
    { numRuns: 500 },
  );
});

test('whatever an opened envelope holds, it is answered', async () => {
  await using setting = await openSetting();
  const { client } = setting;
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (plaintext) => {
      expect(await client.send(plaintext)).toMatchObject({ problem: 'malformed' });
    }),
    { numRuns: 200 },
  );
});

function samples({ made, right, world }: Setting): readonly Operation[] {
  const { log, signed } = made;
  const entry = smallEntry(world);
  const chunk = log as never;
  return [
    { kind: 'hello' },
    { kind: 'create', policy: signed, right },
    { kind: 'append', log, number: 0, entry },
    { kind: 'append', log, number: 0, entry, next: nextPolicy({ primitives, world }, made).signed },
    { kind: 'append', log, number: 0, entry, capability: signed },
    { kind: 'amend', log, policy: nextPolicy({ primitives, world }, made).signed },
    { kind: 'put', log, number: 0, chunk, length: 2000, offset: 0, bytes: world.randomBytes(500) },
    { kind: 'get', log, number: 0, chunk, fromLeaf: 0, leaves: 3 },
    { kind: 'watch', add: [{ log, after: 0, number: 0 }], drop: [log], waitSeconds: 0 },
    { kind: 'erase', log, number: 0, seqs: [1, 2, 3] },
  ];
}

/** A byte may have become a wait: time goes on until the answer is there. */
async function answered<T>({ world }: Setting, work: Promise<T>): Promise<T> {
  const over = Symbol('over');
  const end = work.then(
    () => over,
    () => over,
  );
  for (let turns = 1; (await Promise.race([end, turn()])) !== over; turns += 1)
    if (turns % 100 === 0) world.pass(1000);
  return work;
}

test('an operation with any byte changed is answered, and the batch goes on', async () => {
  await using setting = await openSetting();
  const { client, made, world } = setting;
  const all = samples(setting);
  const change = fc.record({
    which: fc.nat({ max: all.length - 1 }),
    at: fc.nat({ max: 5000 }),
    byte: fc.nat({ max: 255 }),
    cut: fc.boolean(),
    proofs: fc.array(fc.uint8Array({ minLength: 64, maxLength: 64 }), { maxLength: 2 }),
  });
  const plain = { cut: false, proofs: [] };
  const waits = all.findIndex(({ kind }) => kind === 'watch');
  const lastByte = encodeOperation(all[waits] ?? { kind: 'hello' }).body.length - 1;
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
      const operations = changes.map(({ which, at, byte, cut, proofs }): WireOperation => {
        const { type, body } = encodeOperation(all[which] ?? { kind: 'hello' });
        const changed = Uint8Array.from(body);
        if (changed.length > 0) changed[at % changed.length] = byte;
        return { type, body: cut ? changed.subarray(0, at % (changed.length + 1)) : changed, proofs };
      });
      const header = decodeBatch(client.batch([], { id: base32(world.randomBytes(16)) as BatchId }));
      const answer = await answered(setting, client.send(encodeBatch({ ...header, operations })));
      for (const at of operations.keys()) expect(answer.of(at).length).toBeGreaterThan(0);
    }),
    { numRuns: 400, examples: [[[{ ...plain, which: waits, at: lastByte, byte: 5 }]]] },
  );
  const { log, seeds } = made;
  expect(
    await client.one({ kind: 'append', log, number: 0, entry: smallEntry(world) }, seeds.append),
  ).toEqual({
    kind: 'stored',
    seq: 1,
  });
  expect((await follow(client, made)).length).toBe(2);
});
