import { UnreachableError } from '@tern/protocol';
import type { Transport } from '@tern/reach';
import { expect, test } from 'vitest';
import { meet, say, seen, settle, soon, town } from './support/town.ts';

interface Freeze {
  /** so much of an answer passes */
  downBytes: number;
  /** answers that were longer */
  cut: number;
}

const open = (): Freeze => ({ downBytes: Infinity, cut: 0 });

/** A network known to freeze connections. */
function freezing(freeze: Freeze): (transport: Transport) => Transport {
  return (transport) => ({
    ...transport,
    budget: () => ({ upBytes: 4096, downBytes: 2048, spare: 1 }),
    async *carry(to, request, options) {
      let left = freeze.downBytes;
      for await (const piece of transport.carry(to, request, options)) {
        yield piece.subarray(0, left);
        left -= piece.length;
        if (left >= 0) continue;
        freeze.cut += 1;
        throw new UnreachableError('nothing comes any more', { code: 'silent' });
      }
    },
  });
}

test('where little passes, what waits is asked for one by one, and nothing of it is cut', async () => {
  await using place = await town();
  const freeze = open();
  const anna = await place.person('Anna', { through: freezing(freeze) });
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  freeze.downBytes = 1742;
  const texts = ['one', 'two', 'three', 'four', 'five'];
  for (const text of texts) await say(boris, anna, text);
  await settle(boris, anna);
  expect(await seen(anna, boris)).toEqual(texts);
  expect(freeze.cut).toBe(0);
});

test('what is larger than that is asked for with room for it, and comes between the others', async () => {
  await using place = await town();
  const freeze = open();
  const anna = await place.person('Anna', { through: freezing(freeze) });
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  freeze.downBytes = 3700;
  const texts = ['one', 'long '.repeat(400), 'three'];
  for (const text of texts) await say(boris, anna, text);
  await settle(boris, anna);
  expect(await seen(anna, boris)).toEqual(texts);
});

test('nor is what turns the keys of a group of many too large for that', async () => {
  await using place = await town();
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [], through: freezing(open()) });
  const others = await Promise.all(
    ['Clara', 'Dirk', 'Emil', 'Fanny'].map((name) => place.person(name, { relays: [] })),
  );
  for (const other of [boris, ...others]) await meet(anna, other);
  const all = (await anna.client.contacts()).map(({ person }) => person);
  const group = await anna.client.beginGroup(all);
  await settle(anna, boris, ...others, anna, boris);
  await anna.client.sendText(group, 'all of you');
  await say(anna, boris, 'and you');
  await settle(anna, boris);
  expect((await boris.client.messages(group)).map((line) => line.kind === 'message' && line.text)).toEqual([
    'all of you',
  ]);
  expect(await seen(boris, anna)).toEqual(['and you']);
});

test('where an answer is cut all the same, the next one goes on behind what came', async () => {
  await using place = await town();
  const freeze = open();
  const roomy = freezing(freeze);
  const anna = await place.person('Anna', {
    through: (transport) => ({ ...roomy(transport), budget: () => ({ upBytes: 4096, downBytes: 8192 }) }),
  });
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  freeze.downBytes = 2200;
  const texts = ['one', 'two', 'three', 'four', 'five'];
  for (const text of texts) await say(boris, anna, text);
  await settle(boris, anna);
  expect(await seen(anna, boris)).toEqual(texts);
  expect(freeze.cut).toBeGreaterThan(0);
});

test.for([0, 1])('a long text that does not come keeps no other from being read: %i', async (first) => {
  await using place = await town();
  // requests that are answered
  let left = Infinity;
  const anna = await place.person('Anna', {
    through: (transport) => ({
      ...transport,
      async *carry(to, request, options) {
        left -= 1;
        if (left < 0) throw new UnreachableError('nothing comes any more', { code: 'silent' });
        yield* transport.carry(to, request, options);
      },
    }),
  });
  const others = [
    await place.person('Boris', { relays: [] }),
    await place.person('Clara', { relays: [] }),
  ] as const;
  for (const other of others) await meet(anna, other);
  // whichever of the logs comes first at the relay
  const [long, short] = first === 0 ? others : others.toReversed();
  await say(short, anna, 'one');
  await say(long, anna, 'two');
  await say(long, anna, 'long '.repeat(400));
  await say(long, anna, 'three');
  await settle(short, long);
  left = 1;
  await anna.client.sync({ signal: soon });
  expect([await seen(anna, short), await seen(anna, long)]).toEqual([['one'], ['two']]);
  left = Infinity;
  await settle(anna);
  expect([await seen(anna, short), (await seen(anna, long)).length]).toEqual([['one'], 3]);
});

test('what is waited for is only a sign, which passes where a text may not; that is asked for at once', async () => {
  await using place = await town();
  const freeze = open();
  const held: number[] = [];
  const anna = await place.person('Anna', {
    through: (transport) => {
      const narrow = freezing(freeze)(transport);
      return {
        ...narrow,
        async *carry(to, request, options) {
          let bytes = 0;
          for await (const piece of narrow.carry(to, request, options)) {
            bytes += piece.length;
            yield piece;
          }
          if ((options.heldMs ?? 0) > 0) held.push(bytes);
        },
      };
    },
  });
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  freeze.downBytes = 1742;
  const stop = new AbortController();
  const running = anna.client.run({ signal: stop.signal });
  for (const text of ['one', 'two']) {
    await say(boris, anna, text);
    await boris.client.sync({ signal: stop.signal });
    while (!(await seen(anna, boris)).includes(text)) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(Math.max(...held)).toBeLessThan(600);
  expect(freeze.cut).toBe(0);
  stop.abort();
  await running;
});
