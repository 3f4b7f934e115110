import {
  askToJoin,
  beginGroup,
  contactTable,
  conversationTable,
  emptyConversation,
  followedLogTable,
  knownRelayTable,
  pairConversationId,
  renewLeaf,
  selfOf,
} from '@tern/core/testing';
import { describe, expect, test } from 'vitest';
import type { Content, ConversationId, MessageId, PersonId } from '@tern/protocol';
import { nodePrimitives } from '@tern/reach/node';
import { attacker } from './support/attacker.ts';
import { conversationWith, meet, say, seen, settle, town, type Resident } from './support/town.ts';

const text = (id: MessageId, words: string): Content => ({
  id,
  at: 1,
  part: {
    kind: 'single',
    disposition: 1,
    type: 'text/plain;charset=utf-8',
    content: new TextEncoder().encode(words),
  },
});

async function personOf(one: Resident): Promise<PersonId> {
  const me = await one.client.me();
  if (me === undefined) throw new Error('nobody');
  return me.person;
}

async function texts(by: Resident, group: ConversationId): Promise<readonly string[]> {
  return (await by.client.messages(group)).map((line) =>
    line.kind === 'gap' ? `(${line.missing} missing)` : (line.text ?? ''),
  );
}

async function kinds(by: Resident, group: ConversationId): Promise<readonly string[]> {
  return (await by.client.notices(group)).map((notice) => notice.kind);
}

describe('a member or contact who obeys no rule', () => {
  test("cannot keep another's message away by sending its id first", async () => {
    await using place = await town();
    const anna = await place.person('Anna');
    const boris = await place.person('Boris', { relays: [] });
    const mallory = await place.person('Mallory', { relays: [] });
    await meet(anna, boris);
    await meet(anna, mallory);
    const evil = await attacker(place, mallory);
    const id = (await say(boris, anna, 'the truth')) as MessageId;
    await evil.frame(
      await conversationWith(mallory, anna),
      { kind: 'content', content: text(id, 'a lie') },
      1,
    );
    await settle(mallory, anna, boris, anna);
    expect(await seen(anna, boris)).toEqual(['the truth']);
    expect(await seen(anna, mallory)).toEqual(['a lie']);
  });

  test('rule 24: a member who may not change the members breaks nothing by wanting to', async () => {
    await using place = await town();
    const anna = await place.person('Anna');
    const boris = await place.person('Boris', { relays: [] });
    const clara = await place.person('Clara', { relays: [] });
    await meet(anna, boris);
    await meet(anna, clara);
    const group = await anna.client.beginGroup([await personOf(boris), await personOf(clara)]);
    await settle(anna, boris, clara, anna, boris, clara);
    await boris.client.removeFromGroup(group, await personOf(clara)).catch(() => undefined);
    await settle(boris, anna, clara);
    await anna.client.sendText(group, 'still here');
    await settle(anna, boris, clara);
    expect(await texts(boris, group)).toContain('still here');
    expect(await texts(clara, group)).toContain('still here');
    expect(await kinds(anna, group)).not.toContain('broken');
  });

  test('rule 24: a lost device asks everybody, and who may not add it leaves that to those who may', async () => {
    await using place = await town({ relays: 2 });
    const anna = await place.person('Anna');
    const boris = await place.person('Boris', { relays: [1] });
    const clara = await place.person('Clara', { relays: [] });
    await meet(anna, boris);
    await meet(anna, clara);
    await meet(boris, clara);
    const group = await anna.client.beginGroup([await personOf(boris), await personOf(clara)]);
    await settle(anna, boris, clara, anna, boris, clara);
    const evil = await attacker(place, clara);
    await clara.store.change(async (change) => {
      const self = await selfOf(evil.engine, change);
      const meeting = (await contactTable.get(change, '', await personOf(boris)))?.meetings.at(-1);
      const followed = await followedLogTable.get(change, '', meeting?.log ?? '');
      if (followed === undefined) throw new Error('no meeting');
      await askToJoin(evil.engine, change, {
        meeting: followed,
        conversation: group,
        replaces: [self.deviceKey],
        self,
      });
    });
    await settle(clara, boris, anna);
    await anna.client.sendText(group, 'still here');
    await settle(anna, boris, clara);
    expect(await texts(boris, group)).toContain('still here');
    expect(await kinds(anna, group)).not.toContain('broken');
  });

  test('rules 12 and 28: a newcomer starts at its own epoch, and is refused what was said before, however it asks', async () => {
    await using place = await town();
    const anna = await place.person('Anna');
    const boris = await place.person('Boris', { relays: [] });
    const clara = await place.person('Clara', { relays: [] });
    await meet(anna, boris);
    await meet(anna, clara);
    const group = await anna.client.beginGroup([await personOf(boris), await personOf(clara)]);
    await settle(anna, boris, anna, boris);
    await anna.client.sendText(group, 'before Clara');
    await settle(anna, boris);
    expect(await texts(boris, group)).toEqual(['before Clara']);
    await settle(clara, anna, boris, clara);
    await anna.client.sendText(group, 'with Clara');
    await settle(anna, boris, clara);
    for (let round = 0; round < 3; round += 1) {
      place.world.move(120_000);
      await settle(clara, anna, clara);
    }
    expect(await texts(clara, group)).toContain('with Clara');
    expect(await texts(clara, group)).not.toContain('before Clara');
  });

  test('cannot take the place of a conversation of two that has not begun', async () => {
    await using place = await town({ relays: 2 });
    const anna = await place.person('Anna', { relays: [0] });
    const boris = await place.person('Boris', { relays: [1] });
    const mallory = await place.person('Mallory', { relays: [1] });
    await meet(mallory, boris);
    const { link } = await anna.client.invite();
    await boris.client.accept(link);
    const evil = await attacker(place, mallory);
    const keyOf = async (one: Resident): Promise<Uint8Array> => {
      const { engine } = await attacker(place, one);
      return one.store.read(async (view) => (await selfOf(engine, view)).rootKey);
    };
    const id = pairConversationId(nodePrimitives, await keyOf(anna), await keyOf(boris));
    await mallory.store.change(async (change) => {
      const self = await selfOf(evil.engine, change);
      const rule = { kind: 'group', adminKeys: [self.rootKey] } as const;
      const host = (await knownRelayTable.list(change, ''))[0]?.[1].hint;
      if (host === undefined) throw new Error('no relay');
      conversationTable.put(change, '', id, {
        ...emptyConversation(id, rule),
        people: [await personOf(boris)],
      });
      await beginGroup(evil.engine, change, { id, rule, host, adds: [], self });
    });
    await evil.parcel(await personOf(boris), { conversation: id });
    await settle(mallory, boris, mallory, boris);
    await boris.client.sendText(id, 'for Anna only');
    await settle(boris, mallory);
    expect((await mallory.client.messages(id)).length).toBe(0);
    await settle(anna, boris, anna);
    expect(await seen(anna, boris)).toEqual(['for Anna only']);
  });

  test('somebody who joins late is still expected', async () => {
    await using place = await town();
    const anna = await place.person('Anna');
    const boris = await place.person('Boris', { relays: [] });
    const clara = await place.person('Clara', { relays: [] });
    await meet(anna, boris);
    await meet(anna, clara);
    const group = await anna.client.beginGroup([await personOf(boris), await personOf(clara)]);
    await settle(anna, boris, anna, boris, anna);
    await boris.store.change((change) => renewLeaf(change, group));
    await settle(boris, anna);
    await settle(clara, anna, clara);
    await anna.client.sendText(group, 'all of you');
    await settle(anna, boris, clara);
    expect(await texts(clara, group)).toContain('all of you');
  });

  test('what is written before anybody has joined waits for those who join', async () => {
    await using place = await town();
    const anna = await place.person('Anna');
    const boris = await place.person('Boris', { relays: [] });
    await meet(anna, boris);
    const group = await anna.client.beginGroup([await personOf(boris)]);
    await anna.client.sendText(group, 'the first word');
    await settle(anna);
    expect(await texts(anna, group)).toEqual(['the first word']);
    await settle(boris, anna, boris);
    expect(await texts(boris, group)).toEqual(['the first word']);
  });
});
