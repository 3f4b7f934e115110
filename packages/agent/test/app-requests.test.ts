import { contactTable } from '@tern/core/testing';
import type { MessageId } from '@tern/protocol';
import { expect, test } from 'vitest';
import { attacker } from './support/attacker.ts';
import { conversationWith, meet, say, settle, soon, town, type Resident, type Town } from './support/town.ts';

/** Boris has used an invitation of Anna's, who is asked before anything of hers leaves for him. */
async function stranger(place: Town): Promise<readonly [Resident, Resident]> {
  const anna = await place.person('Anna', { asksFirst: true });
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  return [anna, boris];
}

async function isRequest(who: Resident): Promise<boolean | undefined> {
  return (await who.client.overview())[0]?.request;
}

test('rule 22: who uses an invitation is a request, and no receipt leaves before the person here says yes', async () => {
  await using place = await town();
  const [anna, boris] = await stranger(place);
  const id = (await say(boris, anna, 'hello, do you know me?')) as MessageId;
  await settle(boris, anna);
  const conversation = await conversationWith(anna, boris);
  expect(await isRequest(anna)).toBe(true);
  expect((await anna.client.window(conversation)).unread).toBe(1);
  await anna.client.markRead(conversation, [id]);
  await settle(anna, boris);
  expect((await boris.client.message(id))?.status).toBe('stored');
  const before = place.relays[0]?.exchanges ?? 0;
  await anna.client.sync({ signal: soon });
  expect((place.relays[0]?.exchanges ?? 0) - before).toBe(1); // one look: what is held back makes no turn
  await anna.client.acceptRequest(conversation);
  await settle(anna, boris);
  expect(await isRequest(anna)).toBe(false);
  expect((await boris.client.message(id))?.status).toBe('read');
});

test('to write to somebody is to say yes to them', async () => {
  await using place = await town();
  const [anna, boris] = await stranger(place);
  const id = (await say(boris, anna, 'hello')) as MessageId;
  await settle(boris, anna);
  await say(anna, boris, 'hello yourself');
  expect(await isRequest(anna)).toBe(false);
  await settle(anna, boris);
  expect((await boris.client.message(id))?.status).toBe('delivered');
});

test('rule 22: a file of a request is not fetched before', async () => {
  await using place = await town();
  const [anna, boris] = await stranger(place);
  const bytes = new Uint8Array(50_000).fill(7);
  const id = await boris.client.sendFile(await conversationWith(boris, anna), {
    name: 'a.bin',
    type: 'application/octet-stream',
    size: bytes.length,
    content: (async function* () {
      yield bytes;
    })(),
  });
  await settle(boris, anna);
  const read = async (): Promise<number> => {
    let length = 0;
    for await (const piece of anna.client.fileContent(id, { signal: soon })) length += piece.length;
    return length;
  };
  await expect(read()).rejects.toMatchObject({ code: 'request' });
  await anna.client.acceptRequest(await conversationWith(anna, boris));
  expect(await read()).toBe(bytes.length);
});

test('rule 22: what was said before is not sent again to who has become a request', async () => {
  await using place = await town();
  const [anna, boris] = await stranger(place);
  await say(anna, boris, 'from better days');
  await settle(anna, boris);
  const conversation = await conversationWith(anna, boris);
  const device = (await anna.client.me())?.device;
  if (device === undefined) throw new Error('nobody');
  const askedAgain = async (): Promise<number> => {
    const load = { kind: 'again', device, numbers: [[1, 1]] } as const;
    await (await attacker(place, boris)).frame(conversation, load, 0);
    await boris.client.sync({ signal: soon });
    const before = place.relays[0]?.exchanges ?? 0;
    await anna.client.sync({ signal: soon });
    return (place.relays[0]?.exchanges ?? 0) - before;
  };
  const answered = await askedAgain();
  await anna.store.change(async (change) => {
    for (const [person, contact] of await contactTable.list(change, ''))
      contactTable.put(change, '', person, { ...contact, request: true });
  });
  expect(await askedAgain()).toBeLessThan(answered);
});

test('who accepted an invitation of theirs knows them: nobody is asked', async () => {
  await using place = await town();
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [], asksFirst: true });
  await meet(anna, boris);
  expect(await isRequest(boris)).toBe(false);
});

test('in a home that does not ask, the invitation is the yes', async () => {
  await using place = await town();
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  const id = (await say(boris, anna, 'hello')) as MessageId;
  await settle(boris, anna);
  expect((await boris.client.message(id))?.status).toBe('delivered');
});
