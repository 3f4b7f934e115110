import { chunkIdOf } from '@tern/protocol';
import { describe, expect, test } from 'vitest';
import { openMemoryStore } from '../src/index.ts';
import { smallEntry, TestClient } from '../src/testing/index.ts';
import { openSetting, primitives, type Setting } from './setting.ts';

const hourMs = 3_600_000;

/** A batch that stores something, with what is needed to send it again. */
function writing({ client, made, world }: Setting): Uint8Array {
  const { log, seeds } = made;
  const operation = { kind: 'append', log, number: 0, entry: smallEntry(world) } as const;
  return client.batch([{ operation, seeds: [seeds.append] }]);
}

async function outcome(client: TestClient, batch: Uint8Array): Promise<string> {
  const { problem, results } = await client.send(batch);
  return problem ?? results.map(({ kind }) => kind).join(' ');
}

function from({ relay, world }: Setting, source: string): TestClient {
  return new TestClient(
    { id: relay.id, answer: (bytes, asker) => relay.answer(bytes, { ...asker, source }) },
    primitives,
    world,
  );
}

describe('what is remembered of batches', () => {
  test('rules 6 and 33: counts as room of the relay, which it gives back when its hour is over', async () => {
    await using setting = await openSetting();
    const { client, relay, store, world } = setting;
    await client.send(writing(setting));
    const before = store.room().usedBytes;
    const { log, seeds } = setting.made;
    const bytes = new Uint8Array(2000);
    const chunk = chunkIdOf(primitives, bytes);
    const put = async (offset: number): Promise<unknown> =>
      client.one(
        { kind: 'put', log, number: 0, chunk, length: bytes.length, offset, bytes: bytes.subarray(0, 1) },
        seeds.append,
      );
    // one byte each, and ever longer results
    for (let offset = 0; offset < 200; offset += 2) await put(offset);
    const remembered = store.room().usedBytes - before;
    expect(remembered).toBeGreaterThan(100 * 150);
    world.pass(2 * hourMs);
    await relay.sweep();
    expect(store.room().usedBytes).toBeLessThan(before);
  });

  test('rules 6 and 33: takes so many bytes; then a batch does not happen, whatever came keeps its result, and time makes room', async () => {
    await using setting = await openSetting({ limits: { rememberedBytes: 1000 } });
    const { client, world } = setting;
    const first = writing(setting);
    expect(await outcome(client, first)).toBe('stored');
    let last = first;
    let said = 'stored';
    for (let count = 0; count < 50 && said === 'stored'; count += 1) {
      last = writing(setting);
      said = await outcome(client, last);
    }
    expect(said).toBe('busy');
    expect(await outcome(client, first)).toBe('stored');
    expect((await client.ask([{ operation: { kind: 'hello' } }])).results).toMatchObject([{ kind: 'card' }]);
    const { head, entries } = await state(setting);
    expect(head).toBe(entries);
    // nobody has swept: the oldest go when a new one comes
    world.pass(2 * hourMs);
    expect(await outcome(client, writing(setting))).toBe('stored');
    expect(await outcome(client, last)).toBe('clock');
    expect((await state(setting)).entries).toBe(entries + 1);
  });

  test('rule 33: one source has a share of it, beyond which it is refused while others go on, and a repeat is still answered', async () => {
    await using setting = await openSetting({ limits: { rememberedBytesOfOne: 300 } });
    const one = from(setting, '192.0.2.1');
    const first = writing(setting);
    expect(await outcome(one, first)).toBe('stored');
    let said = 'stored';
    for (let count = 0; count < 10 && said === 'stored'; count += 1)
      said = await outcome(one, writing(setting));
    expect(said).toBe('busy');
    expect(await outcome(one, first)).toBe('stored');
    expect(await outcome(from(setting, '192.0.2.2'), writing(setting))).toBe('stored');
    setting.world.pass(hourMs);
    expect(await outcome(one, writing(setting))).toBe('stored');
  });

  test('rule 33: batches that come together cannot all slip through while a share is almost used up', async () => {
    await using setting = await openSetting({ limits: { rememberedBytesOfOne: 100 } });
    const one = from(setting, '192.0.2.1');
    const answers = await Promise.all(Array.from({ length: 20 }, () => outcome(one, writing(setting))));
    expect(answers.filter((said) => said === 'stored')).toHaveLength(1);
    expect(answers.filter((said) => said === 'busy')).toHaveLength(19);
  });

  test('rule 18: where nothing more fits, whatever frees room is still done and remembered', async () => {
    const store = openMemoryStore({ roomBytes: 4000 });
    await using setting = await openSetting({ store });
    const { client, made } = setting;
    const { log, seeds } = made;
    let said = 'stored';
    while (said === 'stored') said = await outcome(client, writing(setting));
    expect(said).toBe('full');
    const erase = client.batch([
      { operation: { kind: 'erase', log, number: 0, seqs: [1, 2] }, seeds: [seeds.change] },
    ]);
    expect(await outcome(client, erase)).toBe('done');
    expect(await outcome(client, erase)).toBe('done');
    expect(await outcome(client, writing(setting))).toBe('stored');
  });
});

/** The place of the newest entry, and how many there are. */
async function state({
  client,
  made,
}: Setting): Promise<{ readonly head: number; readonly entries: number }> {
  const add = [{ log: made.log, after: 0, number: 0 }];
  const { results } = await client.ask(
    [{ operation: { kind: 'watch', add, drop: [], waitSeconds: 0 }, seeds: [made.seeds.read] }],
    { room: 200_000 },
  );
  const seqs = results.flatMap((one) => (one.kind === 'entry' ? [one.seq] : []));
  return { head: Math.max(0, ...seqs), entries: seqs.length };
}
