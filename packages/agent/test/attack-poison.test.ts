import {
  acceptInvitation,
  newKeyPackage,
  outbox,
  replaceOutgoing,
  type SealedEntry,
  selfOf,
} from '@tern/core/testing';
import { describe, expect, test } from 'vitest';
import {
  base32Bytes,
  capabilityCodec,
  concat,
  decode,
  encodeAcceptance,
  encodeEntry,
  encodeItem,
  entryIdOf,
  frameCodec,
  hpkeSeal,
  invitationIdOf,
  parseInvitationLink,
  randomId,
  uintBytes,
  utf8,
  type Item,
  type MessageId,
  type NumberRange,
} from '@tern/protocol';
import { nodePrimitives } from '@tern/reach/node';
import { attacker, type Attacker } from './support/attacker.ts';
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

const garbage = new Uint8Array(40).fill(7);
const newId = (): MessageId => randomId(globalThis.crypto.getRandomValues(new Uint8Array(16)));

async function two(place: Town): Promise<{ readonly anna: Resident; readonly mallory: Resident }> {
  const anna = await place.person('Anna');
  const mallory = await place.person('Mallory', { relays: [] });
  await meet(anna, mallory);
  return { anna, mallory };
}

async function goesOn(anna: Resident, other: Resident): Promise<void> {
  await say(other, anna, 'after the poison');
  await settle(other, anna);
  const report = await anna.client.sync({ signal: soon });
  expect(report.troubles).toEqual([]);
  expect(await seen(anna, other)).toContain('after the poison');
}

describe('whatever somebody sends, this home goes on reading', () => {
  test('rule 31: a message with a part of a later Tern is kept and shown as such', async () => {
    await using place = await town();
    const { anna, mallory } = await two(place);
    const evil = await attacker(place, mallory);
    const conversation = await conversationWith(mallory, anna);
    const item = frameCodec.toItem({
      number: 1,
      seen: [0, new Uint8Array(8)],
      policy: 0,
      authenticator: new Uint8Array(8),
      load: {
        kind: 'content',
        content: {
          id: newId(),
          at: 1,
          part: { kind: 'single', disposition: 1, type: 'x', content: new Uint8Array() },
        },
      },
    }) as Map<number, Item>;
    const load = item.get(5) as unknown as [number, Map<number, Map<number, unknown>>];
    load[1].get(1)?.set(6, [9, new Map([[1, 1]])]);
    await evil.raw(conversation, encodeItem(item));
    await settle(mallory, anna);
    const lines = await anna.client.messages(conversation);
    expect(lines.map((line) => line.kind === 'message' && line.newer)).toEqual([true]);
  });

  test('receipts of a thousand holes', async () => {
    await using place = await town();
    const { anna, mallory } = await two(place);
    const evil = await attacker(place, mallory);
    const conversation = await conversationWith(mallory, anna);
    const device = (await anna.client.me())?.device;
    if (device === undefined) throw new Error('nobody');
    for (let round = 0; round < 8; round += 1) {
      const lines = Array.from({ length: 64 }, (_, line) => {
        const delivered = Array.from({ length: 256 }, (__, at): NumberRange => {
          const number = ((round * 64 + line) * 256 + at) * 2 + 1;
          return [number, number];
        });
        return { device, delivered, read: [] };
      });
      await evil.frame(conversation, { kind: 'receipt', lines }, 0);
    }
    await settle(mallory, anna);
    await goesOn(anna, mallory);
  }, 60_000);

  test('a parcel whose device list is no list', async () => {
    await using place = await town();
    const { anna, mallory } = await two(place);
    const evil = await attacker(place, mallory);
    const person = (await anna.client.me())?.person;
    if (person === undefined) throw new Error('nobody');
    await evil.parcel(person, { conversation: await conversationWith(mallory, anna), devices: garbage });
    await settle(mallory, anna);
    await goesOn(anna, mallory);
  });

  test('a wish to come back that replaces as many devices as can be named', async () => {
    await using place = await town();
    const { anna, mallory } = await two(place);
    const boris = await place.person('Boris', { relays: [] });
    await meet(anna, boris);
    const evil = await attacker(place, mallory);
    const person = (await anna.client.me())?.person;
    if (person === undefined) throw new Error('nobody');
    const conversation = await conversationWith(mallory, anna);
    const keyPackage = await mallory.store.change(async (change) =>
      newKeyPackage(evil.engine, change, { self: await selfOf(evil.engine, change), person, conversation }),
    );
    const replaces = Array.from({ length: 16 }, (_, at) => new Uint8Array(32).fill(at));
    for (let at = 0; at < 70; at += 1)
      await evil.parcel(person, { conversation, rejoin: { keyPackage, replaces } });
    await settle(mallory, anna);
    await goesOn(anna, boris);
  });

  test("rule 22: a stranger's answer to an invitation with a device list that is no list", async () => {
    await using place = await town();
    const anna = await place.person('Anna');
    const boris = await place.person('Boris', { relays: [] });
    await meet(anna, boris);
    const mallory = await place.person('Mallory', { relays: [] });
    const { link } = await anna.client.invite();
    const evil = await attacker(place, mallory);
    await mallory.store.change(async (change) => {
      const self = await selfOf(evil.engine, change);
      await acceptInvitation(evil.engine, change, link);
      for (const [key, one] of await outbox(change)) {
        if (one.kind === 'entry')
          replaceOutgoing(change, key, { ...one, sealed: await forged(evil, link, self) });
      }
    });
    await settle(mallory, anna);
    await goesOn(anna, boris);
  });
});

async function forged(
  evil: Attacker,
  linkText: string,
  self: Awaited<ReturnType<typeof selfOf>>,
): Promise<SealedEntry> {
  const link = parseInvitationLink(linkText);
  const capability = decode(capabilityCodec, link.capability.payload);
  const invitation = invitationIdOf(nodePrimitives, capability.key);
  const { keyPackage } = await evil.engine.groups.createKeyPackage({
    credential: self.certificate,
    signatureKeys: { publicKey: self.deviceKey, privateKey: self.deviceSeed },
    now: evil.engine.now(),
  });
  const encoded = encodeAcceptance(
    nodePrimitives,
    {
      invitation,
      name: 'Mallory',
      certificate: self.certificate,
      devices: garbage,
      keyPackage,
      meeting: new Uint8Array(32).fill(9),
      hosts: [],
    },
    self.deviceSeed,
  );
  const padded = new Uint8Array(3072 - 1 - 48);
  padded.set(uintBytes(encoded.length, 4));
  padded.set(encoded, 4);
  const body = hpkeSeal(nodePrimitives, link.sealingKey, padded, {
    info: concat(utf8('tern/1 acceptance\0'), base32Bytes(invitation)),
    seed: globalThis.crypto.getRandomValues(new Uint8Array(32)),
  });
  const [host] = link.hosts;
  if (body === undefined || host === undefined) throw new Error('no link');
  const entry = encodeEntry({ kind: 'inline', body });
  return {
    log: capability.log,
    host,
    number: 0,
    entry,
    id: entryIdOf(nodePrimitives, capability.log, entry),
    seed: link.seed,
    capability: link.capability,
  };
}
