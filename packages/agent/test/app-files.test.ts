import type { Client, FileSource, TransferView } from '@tern/core';
import { messageById } from '@tern/core/testing';
import { randomId, UnreachableError, type ConversationId, type MessageId } from '@tern/protocol';
import type { Transport } from '@tern/reach';
import { describe, expect, test } from 'vitest';
import { attacker } from './support/attacker.ts';
import {
  conversationWith,
  meet,
  say,
  seen,
  settle,
  soon,
  town,
  type Resident,
  type Town,
} from './support/town.ts';

function bytesOf(length: number, seed = 31): Uint8Array {
  return new Uint8Array(length).map((_, at) => (at * seed + (at >> 8)) & 255);
}

function source(bytes: Uint8Array, name = 'a.bin', type = 'application/octet-stream'): FileSource {
  return {
    name,
    type,
    size: bytes.length,
    content: (async function* () {
      for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
    })(),
  };
}

/** What a message says of its file, the key and the names of its pieces included: no view shows that. */
async function partOf({ store }: Resident, id: MessageId): Promise<string> {
  const message = await store.read((view) => messageById(view, id));
  return JSON.stringify(message?.content.part);
}

async function pair(
  place: Town,
  options: Parameters<Town['person']>[1] = {},
): Promise<readonly [Resident, Resident]> {
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [], ...options });
  await meet(anna, boris);
  return [anna, boris];
}

async function content(client: Client, id: MessageId): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of client.fileContent(id, { signal: soon })) pieces.push(piece.slice());
  return Buffer.concat(pieces);
}

/** Lets so many bytes through, both ways, and no more until told otherwise. */
function cuttable(): {
  readonly through: (transport: Transport) => Transport;
  left: number;
  carried: number;
} {
  const state = {
    left: Number.POSITIVE_INFINITY,
    carried: 0,
    through: (transport: Transport): Transport => ({
      name: transport.name,
      async *carry(to, request, options) {
        weigh(request.length);
        for await (const piece of transport.carry(to, request, options)) {
          weigh(piece.length);
          yield piece;
        }
      },
    }),
  };
  const weigh = (bytes: number): void => {
    if (state.left < bytes) throw new UnreachableError('cut');
    state.left -= bytes;
    state.carried += bytes;
  };
  return state;
}

const preview = { type: 'image/webp', bytes: bytesOf(6000) };
const picture = { width: 4000, height: 3000, thumbhash: bytesOf(25), preview };

describe('a file', () => {
  test('brings its caption, and of a picture what is shown before it is here', async () => {
    await using place = await town();
    const [anna, boris] = await pair(place);
    const conversation = await conversationWith(anna, boris);
    const file = source(bytesOf(70_000), 'sea.jpg', 'image/jpeg');
    const id = await anna.client.sendFile(conversation, file, { caption: 'the sea', picture });
    await settle(anna, boris);
    const message = await boris.client.message(id);
    expect(message).toMatchObject({ text: 'the sea', newer: false });
    expect(message?.file).toEqual({
      name: 'sea.jpg',
      type: 'image/jpeg',
      size: 70_000,
      here: false,
      picture,
    });
    expect((await boris.client.overview())[0]?.last).toMatchObject({ kind: 'picture', text: 'the sea' });
    await anna.client.edit(id, 'the sea at night');
    await settle(anna, boris);
    expect(await boris.client.message(id)).toMatchObject({ text: 'the sea at night', file: { picture } });
    expect((await content(boris.client, id)).equals(bytesOf(70_000))).toBe(true);
    expect((await boris.client.message(id))?.file?.here).toBe(true);
  });

  test('with a preview that is too large, of another type, or without sides is refused before anything is kept', async () => {
    await using place = await town();
    const [anna, boris] = await pair(place);
    const conversation = await conversationWith(anna, boris);
    for (const wrong of [
      { ...picture, preview: { type: 'image/svg+xml', bytes: bytesOf(100) } },
      { ...picture, preview: { type: 'image/png', bytes: bytesOf(6145) } },
      { ...picture, width: 0 },
      { ...picture, height: 2 ** 20 + 1 },
      { ...picture, thumbhash: bytesOf(33) },
    ]) {
      const sending = anna.client.sendFile(conversation, source(bytesOf(100)), { picture: wrong });
      await expect(sending).rejects.toMatchObject({ code: 'malformed' });
    }
    expect((await anna.client.window(conversation)).lines.filter((line) => line.kind === 'message')).toEqual(
      [],
    );
    expect(await anna.client.fileBytes()).toBe(0);
  });

  test('that was loaded in part is not loaded again from the beginning, also after a restart', async () => {
    await using place = await town();
    const line = cuttable();
    const [anna, boris] = await pair(place, { through: line.through });
    const bytes = bytesOf(2_000_000);
    const id = await anna.client.sendFile(await conversationWith(anna, boris), source(bytes));
    await settle(anna, boris);
    const before = line.carried;
    await content(boris.client, id);
    const wholeCost = line.carried - before;
    await boris.client.clearFiles();
    line.left = Math.floor(wholeCost / 2);
    await expect(content(boris.client, id)).rejects.toMatchObject({ code: 'unreachable' });
    expect(await boris.client.fileBytes()).toBeGreaterThan(0);
    line.left = Number.POSITIVE_INFINITY;
    const again = await place.person('Boris', { relays: [], store: boris.store, through: line.through });
    const restart = line.carried;
    expect((await content(again.client, id)).equals(bytes)).toBe(true);
    expect(line.carried - restart).toBeLessThan(wholeCost * 0.75);
    line.left = 0;
    expect((await content(again.client, id)).equals(bytes)).toBe(true);
  });

  test('that one sent stays readable without a network, and is fetched again once it was cleared', async () => {
    await using place = await town();
    const [anna, boris] = await pair(place);
    const bytes = bytesOf(600_000);
    const conversation = await conversationWith(anna, boris);
    const id = await anna.client.sendFile(conversation, source(bytes));
    const waiting = await anna.client.fileBytes();
    expect(await anna.client.fileBytes({ conversation })).toBe(waiting);
    expect(await anna.client.fileBytes({ conversation: 'another' as ConversationId })).toBe(0);
    await anna.client.clearFiles();
    expect(await anna.client.fileBytes()).toBe(waiting); // it has yet to leave
    await settle(anna, boris);
    const [relay] = place.relays;
    if (relay === undefined) throw new Error('no relay');
    relay.up = false;
    expect((await content(anna.client, id)).equals(bytes)).toBe(true);
    await anna.client.clearFiles({ conversation });
    expect(await anna.client.fileBytes()).toBe(0);
    await expect(content(anna.client, id)).rejects.toMatchObject({ code: 'unreachable' });
    relay.up = true;
    expect((await content(anna.client, id)).equals(bytes)).toBe(true);
  });

  test('is forgotten first where it was used longest ago', async () => {
    await using place = await town();
    const [anna, boris] = await pair(place, { keptFileBytes: 1_000_000 });
    const conversation = await conversationWith(anna, boris);
    const ids: MessageId[] = [];
    for (let at = 0; at < 3; at += 1)
      ids.push(await anna.client.sendFile(conversation, source(bytesOf(400_000, at + 1))));
    await settle(anna, boris);
    for (const id of ids) {
      place.world.move(1000);
      await content(boris.client, id);
    }
    const here = await Promise.all(ids.map(async (id) => (await boris.client.message(id))?.file?.here));
    expect(here).toEqual([false, true, true]);
    expect(await boris.client.fileBytes()).toBeLessThanOrEqual(1_000_000);
  });

  test('is forwarded as a file of its own, with its caption', async () => {
    await using place = await town();
    const [anna, boris] = await pair(place);
    const clara = await place.person('Clara', { relays: [] });
    await meet(anna, clara);
    const bytes = bytesOf(300_000);
    const id = await boris.client.sendFile(
      await conversationWith(boris, anna),
      source(bytes, 'map.png', 'image/png'),
      {
        caption: 'the way',
        picture,
      },
    );
    await settle(boris, anna);
    const toClara = await conversationWith(anna, clara);
    await anna.client.forward(id, [toClara], { signal: soon });
    await settle(anna, clara);
    const [line] = (await clara.client.window(toClara)).lines.filter((one) => one.kind === 'message');
    expect(line).toMatchObject({ text: 'the way', file: { name: 'map.png', picture } });
    if (line === undefined) return;
    expect((await content(clara.client, line.id)).equals(bytes)).toBe(true);
    const [theirs, ours] = await Promise.all([partOf(boris, id), partOf(clara, line.id)]);
    expect(theirs).toContain('external');
    expect(theirs).not.toBe(ours);
  });
});

describe('while a large file leaves', () => {
  test('what is written meanwhile arrives before it', async () => {
    await using place = await town();
    const [anna, boris] = await pair(place);
    const stop = new AbortController();
    const size = 12 * 1024 * 1024;
    const conversation = await conversationWith(anna, boris);
    await anna.client.sendFile(conversation, {
      name: 'film.mp4',
      type: 'video/mp4',
      size,
      content: (async function* () {
        for (let at = 0; at < size; at += 1 << 20) yield new Uint8Array(1 << 20).fill(at >> 20);
      })(),
    });
    const running = anna.client.run({ signal: stop.signal });
    const moving = firstTransfer(anna.client, stop.signal);
    expect(await moving).toMatchObject({ direction: 'up', total: size });
    await say(anna, boris, 'it is on its way');
    await until(anna.client, stop.signal, async () => {
      await boris.client.sync({ signal: soon });
      return (await seen(boris, anna)).length > 0;
    });
    expect((await seen(boris, anna))[0]).toBe('it is on its way');
    expect((await seen(boris, anna)).length).toBe(1);
    await until(anna.client, stop.signal, async () => {
      await boris.client.sync({ signal: soon });
      return (await seen(boris, anna)).length === 2;
    });
    stop.abort();
    await running;
    expect(await seen(boris, anna)).toEqual(['it is on its way', 'film.mp4']);
  });

  test('a kill in the middle costs no piece that had arrived', async () => {
    await using place = await town();
    const line = cuttable();
    const anna = await place.person('Anna', { through: line.through });
    const boris = await place.person('Boris', { relays: [] });
    await meet(anna, boris);
    const bytes = bytesOf(3_000_000);
    const id = await anna.client.sendFile(await conversationWith(anna, boris), source(bytes));
    line.left = 1_500_000;
    await anna.client.sync({ signal: soon });
    line.left = Number.POSITIVE_INFINITY;
    const before = line.carried;
    const again = await place.person('Anna', { relays: [], store: anna.store, through: line.through });
    await settle(again, boris);
    const resumed = line.carried - before;
    expect((await content(boris.client, id)).equals(bytes)).toBe(true);
    const whole = await again.client.sendFile(await conversationWith(again, boris), source(bytes));
    const fresh = line.carried;
    await settle(again, boris);
    expect(resumed).toBeLessThan(line.carried - fresh);
    expect((await again.client.message(whole))?.status).toBe('delivered');
  });
});

test('a file that says it is small and names a gigabyte of pieces is not fetched at all', async () => {
  await using place = await town();
  const line = cuttable();
  const [anna, boris] = await pair(place, { through: line.through });
  const conversation = await conversationWith(anna, boris);
  const sent = await anna.client.sendFile(conversation, source(bytesOf(2_000_000)));
  const part = await anna.store.read(async (view) => (await messageById(view, sent))?.content.part);
  if (part?.kind !== 'external') throw new Error('no file');
  await settle(anna, boris);
  const id = randomId<MessageId>(globalThis.crypto.getRandomValues(new Uint8Array(16)));
  const load = { kind: 'content', content: { id, at: 1, part: { ...part, size: 900_000 } } } as const;
  await (await attacker(place, anna)).frame(conversation, load, 2);
  await settle(anna, boris);
  expect((await boris.client.message(id))?.file?.size).toBe(900_000);
  const before = line.carried;
  await expect(content(boris.client, id)).rejects.toMatchObject({ code: 'malformed' });
  expect(line.carried).toBe(before);
  expect((await content(boris.client, sent)).length).toBe(2_000_000);
});

async function firstTransfer(client: Client, signal: AbortSignal): Promise<TransferView | undefined> {
  for await (const transfers of client.transfers(signal)) if (transfers[0] !== undefined) return transfers[0];
  return undefined;
}

/** Looks again whenever something changed at home. */
async function until(client: Client, signal: AbortSignal, isSo: () => Promise<boolean>): Promise<void> {
  const changes = client.changes(signal);
  if (await isSo()) return;
  for await (const _ of changes) if (await isSo()) return;
}
