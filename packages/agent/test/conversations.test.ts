import { capabilityCodec, decode, encodeEntry, parseInvitationLink } from '@tern/protocol';
import { openPath } from '@tern/reach';
import { nodePrimitives } from '@tern/reach/node';
import { expect, test } from 'vitest';
import { conversationWith, meet, say, seen, settle, soon, town, type Resident } from './support/town.ts';

const texts = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix} ${at + 1}`);

async function status(by: Resident, id: string): Promise<string | undefined> {
  return (await by.client.message(id as never))?.status;
}

test('with a relay each, both talk over the relay that the invitation named (rule 22)', async () => {
  await using place = await town({ relays: 2 });
  const anna = await place.person('Anna', { relays: [0] });
  const boris = await place.person('Boris', { relays: [1] });
  await meet(anna, boris);
  const before = place.relays[1]?.exchanges ?? 0;
  await say(anna, boris, 'one');
  await say(boris, anna, 'two');
  await settle(anna, boris);
  expect((await seen(anna, boris)).toSorted()).toEqual(['one', 'two']);
  expect((await seen(boris, anna)).toSorted()).toEqual(['one', 'two']);
  expect(place.relays[1]?.exchanges ?? 0).toBeGreaterThanOrEqual(before);
});

test("rule 21: two people who accept each other's invitations at once have one conversation", async () => {
  await using place = await town({ relays: 2 });
  const anna = await place.person('Anna', { relays: [0] });
  const boris = await place.person('Boris', { relays: [1] });
  const ofAnna = await anna.client.invite();
  const ofBoris = await boris.client.invite();
  expect((await anna.client.accept(ofBoris.link)).kind).toBe('accepted');
  expect((await boris.client.accept(ofAnna.link)).kind).toBe('accepted');
  await settle(anna, boris);
  expect((await anna.client.contacts()).length).toBe(1);
  expect((await boris.client.contacts()).length).toBe(1);
  await say(anna, boris, 'from Anna');
  await say(boris, anna, 'from Boris');
  await settle(anna, boris);
  expect((await seen(anna, boris)).toSorted()).toEqual(['from Anna', 'from Boris']);
  expect((await seen(boris, anna)).toSorted()).toEqual(['from Anna', 'from Boris']);
});

test('rule 20: an invitation that was used, revoked or has expired is refused, and says why', async () => {
  await using place = await town();
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [] });
  const clara = await place.person('Clara', { relays: [] });
  const dora = await place.person('Dora', { relays: [] });
  const { link } = await anna.client.invite();
  await boris.client.accept(link);
  await settle(anna, boris);
  await clara.client.accept(link);
  expect((await clara.client.sync({ signal: soon })).troubles.map((one) => one.code)).toEqual(['spent']);
  await settle(anna, clara);
  expect((await anna.client.contacts()).map((one) => one.name)).toEqual(['Boris']);
  expect((await clara.client.contacts()).map((one) => one.state)).toEqual(['waiting']);
  const revoked = await anna.client.invite();
  await settle(anna);
  expect(await anna.client.revokeInvitation(revoked.id)).toBe(true);
  await settle(anna);
  await dora.client.accept(revoked.link);
  const report = await dora.client.sync({ signal: soon });
  expect(report.troubles.map((one) => one.code)).toContain('revoked');
  const old = await anna.client.invite({ lifetimeMs: 60_000 });
  await settle(anna);
  place.world.move(120_000);
  expect((await dora.client.accept(old.link)).kind).toBe('expired');
  expect((await anna.client.invitations()).map((one) => one.state)).toEqual(
    expect.arrayContaining(['used', 'revoked', 'expired']),
  );
});

test('an invitation accepted before its maker was online completes when both have been', async () => {
  await using place = await town();
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [] });
  const { link } = await anna.client.invite();
  await boris.client.accept(link);
  await settle(boris);
  expect((await boris.client.contacts()).map((one) => one.state)).toEqual(['waiting']);
  await say(boris, anna, 'written before you answered');
  await settle(anna, boris);
  expect(await seen(anna, boris)).toEqual(['written before you answered']);
});

test('a message is queued, stored, delivered and read, and its sender sees each', async () => {
  await using place = await town();
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  const id = await say(anna, boris, 'where are you?');
  expect(await status(anna, id)).toBe('queued');
  await anna.client.sync({ signal: soon });
  expect(await status(anna, id)).toBe('stored');
  await boris.client.sync({ signal: soon });
  await anna.client.sync({ signal: soon });
  expect(await status(anna, id)).toBe('delivered');
  await boris.client.markRead(await conversationWith(boris, anna), [id as never]);
  await settle(boris, anna);
  expect(await status(anna, id)).toBe('read');
});

test('a receipt is never answered: two quiet people exchange nothing more', async () => {
  await using place = await town();
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  await say(anna, boris, 'hello');
  await settle(anna, boris);
  const quiet = async (): Promise<number> => {
    const before = place.relays[0]?.exchanges ?? 0;
    await anna.client.sync({ signal: soon });
    await boris.client.sync({ signal: soon });
    return (place.relays[0]?.exchanges ?? 0) - before;
  };
  expect(await quiet()).toBe(2); // one look each
});

test('while the relay is away everything can be written, and arrives once it is back, in order', async () => {
  await using place = await town();
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  const [relay] = place.relays;
  if (relay === undefined) throw new Error('no relay');
  relay.up = false;
  for (const text of texts('away', 30)) await say(anna, boris, text);
  expect((await anna.client.sync({ signal: soon })).troubles.map((one) => one.code)).toContain('unreachable');
  place.world.move(86_400_000);
  relay.up = true;
  await settle(anna, boris);
  expect(await seen(boris, anna)).toEqual(texts('away', 30));
});

test('a week without the network is no hindrance, whoever was away', async () => {
  await using place = await town();
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  for (let day = 0; day < 7; day += 1) {
    place.world.move(86_400_000);
    await say(anna, boris, `day ${day}`);
    await anna.client.sync({ signal: soon });
  }
  await settle(boris, anna);
  expect(await seen(boris, anna)).toEqual(Array.from({ length: 7 }, (_, day) => `day ${day}`));
  await say(boris, anna, 'I am back');
  await settle(boris, anna);
  expect((await seen(anna, boris)).at(-1)).toBe('I am back');
});

test('long texts and files arrive byte for byte', async () => {
  await using place = await town();
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  const long = 'much to say '.repeat(4000);
  await say(anna, boris, long);
  const bytes = new Uint8Array(700_001).map((_, at) => (at * 31 + (at >> 8)) & 255);
  const conversation = await conversationWith(anna, boris);
  const id = await anna.client.sendFile(conversation, {
    name: '/tmp/holiday/пляж.jpg',
    type: 'image/jpeg',
    size: bytes.length,
    content: (async function* () {
      for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
    })(),
  });
  await settle(anna, boris);
  expect((await seen(boris, anna)).toSorted()).toEqual([long, 'пляж.jpg'].toSorted());
  const pieces: Uint8Array[] = [];
  for await (const piece of boris.client.fileContent(id, { signal: soon })) pieces.push(piece.slice());
  expect(Buffer.concat(pieces).equals(Buffer.from(bytes))).toBe(true);
});

test("a blocked person's messages do not appear, and nothing tells them", async () => {
  await using place = await town();
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  const [contact] = await anna.client.contacts();
  if (contact === undefined) throw new Error('no contact');
  await anna.client.block(contact.person, true);
  const id = await say(boris, anna, 'let me in');
  await settle(anna, boris);
  expect(await seen(anna, boris)).toEqual([]);
  expect(await status(boris, id)).toBe('stored');
});

test("rule 22: a stranger's noise in an inbox is refused without a word: nothing leaves because of it", async () => {
  await using place = await town();
  const anna = await place.person('Anna');
  const { link } = await anna.client.invite();
  await settle(anna);
  const { capability, seed } = parseInvitationLink(link);
  const { log } = decode(capabilityCodec, capability.payload);
  const [relay] = place.relays;
  if (relay === undefined) throw new Error('no relay');
  const parts = {
    hint: relay.hint,
    transport: place.transport,
    primitives: nodePrimitives,
    world: place.world,
  };
  await using path = openPath(parts);
  const entry = encodeEntry({ kind: 'inline', body: place.world.randomBytes(1023) });
  const append = { kind: 'append', log, number: 0, entry, capability } as const;
  const { results } = await path.exchange([{ operation: append, seeds: [seed] }], { signal: soon });
  expect(results[0]?.at(-1)?.kind).toBe('stored');
  await settle(anna);
  const before = relay.exchanges;
  await anna.client.sync({ signal: soon });
  expect(relay.exchanges - before).toBe(1); // one look, as ever
  expect(await anna.client.contacts()).toEqual([]);
  expect((await anna.client.invitations()).map((one) => one.used)).toEqual([0]);
});

test('rules 1 and 32: a phone that was off for six weeks starts from a card that has expired, which is never discarded', async () => {
  await using place = await town();
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  for (let week = 0; week < 6; week += 1) {
    place.world.move(7 * 86_400_000);
    await place.relays[0]?.relay.sweep();
    await say(anna, boris, `week ${week}`);
    await settle(anna);
  }
  await settle(boris);
  // what is kept for 28 days and more is there; the keys of the first week are not accepted any more
  expect((await seen(boris, anna)).at(-1)).toBe('week 5');
  await say(boris, anna, 'switched on again');
  await settle(boris, anna);
  expect((await seen(anna, boris)).at(-1)).toBe('switched on again');
});

test('rule 21: an invitation of somebody one talks with already never begins a second conversation', async () => {
  await using place = await town();
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  const { link } = await anna.client.invite();
  expect((await boris.client.accept(link)).kind).toBe('known');
  expect((await anna.client.accept(link)).kind).toBe('own');
  await settle(anna, boris);
  expect((await anna.client.conversations()).length).toBe(1);
  expect((await anna.client.invitations()).map((one) => one.state)).toContain('open');
});
