import type { Client, ConversationWindow, MessageView } from '@tern/core';
import type { ConversationId, MessageId } from '@tern/protocol';
import { describe, expect, test } from 'vitest';
import { conversationWith, meet, say, settle, soon, town, type Resident, type Town } from './support/town.ts';

async function pair(place: Town): Promise<readonly [Resident, Resident]> {
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  return [anna, boris];
}

/** A home opened again: what one client keeps only in memory is gone. */
async function again(place: Town, who: Resident): Promise<Resident> {
  return place.person(who.name, { relays: [], store: who.store });
}

async function windowOf(by: Resident, other: Resident, from?: number): Promise<ConversationWindow> {
  return by.client.window(await conversationWith(by, other), from === undefined ? {} : { from });
}

function said(window: ConversationWindow): readonly string[] {
  return window.lines.flatMap((line) =>
    line.kind === 'message' ? [line.deleted ? '(deleted)' : (line.text ?? line.file?.name ?? '?')] : [],
  );
}

function messagesOf(window: ConversationWindow): readonly MessageView[] {
  return window.lines.filter((line) => line.kind === 'message');
}

async function only(client: Client): ReturnType<Client['overview']> {
  const lines = await client.overview();
  expect(lines.length).toBe(1);
  return lines;
}

describe('what was said', () => {
  test('is edited, reacted to and taken back by its author, and both see the same', async () => {
    await using place = await town();
    const [anna, boris] = await pair(place);
    const id = (await say(anna, boris, 'helo')) as MessageId;
    await settle(anna, boris);
    await anna.client.edit(id, 'hello');
    await boris.client.react(id, '❤');
    await settle(anna, boris);
    for (const [one, other] of [[anna, boris] as const, [boris, anna] as const]) {
      const [message] = messagesOf(await windowOf(one, other));
      expect(message).toMatchObject({ text: 'hello', edited: true, deleted: false });
      expect(message?.reactions.map((one) => one.text)).toEqual(['❤']);
      expect((await one.client.message(id))?.text).toBe('hello');
      expect((await only(one.client))[0]?.last).toMatchObject({ kind: 'text', text: 'hello' });
    }
    await boris.client.react(id, '👍');
    await settle(anna, boris);
    expect((await anna.client.message(id))?.reactions.map((one) => one.text)).toEqual(['👍']);
    await boris.client.react(id, undefined);
    await anna.client.remove(id, { forAll: true });
    await settle(anna, boris);
    for (const [one, other] of [[anna, boris] as const, [boris, anna] as const]) {
      expect(said(await windowOf(one, other))).toEqual(['(deleted)']);
      expect((await only(one.client))[0]?.last).toMatchObject({ kind: 'deleted', text: '' });
    }
  });

  test('rule 24: nobody edits or takes back what somebody else wrote', async () => {
    await using place = await town();
    const [anna, boris] = await pair(place);
    const id = (await say(anna, boris, 'mine')) as MessageId;
    await settle(anna, boris);
    await expect(boris.client.edit(id, 'yours')).rejects.toMatchObject({ code: 'not-the-author' });
    await expect(boris.client.remove(id, { forAll: true })).rejects.toMatchObject({ code: 'not-the-author' });
    expect(said(await windowOf(anna, boris))).toEqual(['mine']);
  });

  test('and deleted only here is not shown here any more, also after a restart, and stays with the others', async () => {
    await using place = await town();
    const [anna, boris] = await pair(place);
    await say(anna, boris, 'first');
    const id = (await say(anna, boris, 'second')) as MessageId;
    await settle(anna, boris);
    await boris.client.remove(id, { forAll: false });
    const reopened = await again(place, boris);
    expect(said(await windowOf(reopened, anna))).toEqual(['first']);
    expect((await only(reopened.client))[0]).toMatchObject({ unread: 1, last: { text: 'first' } });
    expect(await hits(reopened, 'second')).toEqual([]);
    expect(said(await windowOf(anna, boris))).toEqual(['first', 'second']);
  });

  test('before it has left is edited where it lies, and nobody learns that it was', async () => {
    await using place = await town();
    const [anna, boris] = await pair(place);
    const id = (await say(anna, boris, 'to soon')) as MessageId;
    await anna.client.edit(id, 'too soon');
    await settle(anna, boris);
    const [message] = messagesOf(await windowOf(boris, anna));
    expect(message).toMatchObject({ text: 'too soon', edited: false });
  });

  test('ten thousand times by one hand is one reaction, and costs the list nothing', async () => {
    await using place = await town();
    const [anna, boris] = await pair(place);
    const id = (await say(anna, boris, 'look')) as MessageId;
    await settle(anna, boris);
    for (let at = 0; at < 300; at += 1) await boris.client.react(id, `${at}`);
    await settle(anna, boris);
    const window = await windowOf(anna, boris);
    expect(said(window)).toEqual(['look']);
    expect(messagesOf(window)[0]?.reactions.map((one) => one.text)).toEqual(['299']);
    expect((await only(anna.client))[0]?.unread).toBe(0);
  });

  test('with markup, control and bidi characters arrives as it was written', async () => {
    await using place = await town();
    const [anna, boris] = await pair(place);
    const text = '<img src=x onerror=alert(1)>\u202E\u2066\u0000\u0007\u200F\r\n\t\uFEFF';
    await say(anna, boris, text);
    await settle(anna, boris);
    expect(said(await windowOf(boris, anna))).toEqual([text]);
  });
});

describe('a list of conversations', () => {
  test('says who, what was last, how much is unread and what was begun to be written', async () => {
    await using place = await town();
    const [anna, boris] = await pair(place);
    const clara = await place.person('Clara', { relays: [] });
    await meet(anna, clara);
    await say(boris, anna, 'one');
    await say(boris, anna, 'two');
    await settle(boris, anna);
    place.world.move(1000);
    await say(clara, anna, 'three');
    await settle(clara, anna);
    expect((await anna.client.overview()).map((one) => [one.name, one.unread, one.last?.text])).toEqual([
      ['Clara', 1, 'three'],
      ['Boris', 2, 'two'],
    ]);
    const withBoris = await conversationWith(anna, boris);
    await anna.client.setDraft(withBoris, 'well,');
    await anna.client.setFlags(withBoris, { pinned: true, muted: true });
    const window = await anna.client.window(withBoris);
    expect(window.firstUnread?.id).toBe(messagesOf(window)[0]?.id);
    await anna.client.markRead(
      withBoris,
      messagesOf(window)
        .slice(0, 1)
        .map((one) => one.id),
    );
    expect((await anna.client.window(withBoris)).firstUnread?.id).toBe(messagesOf(window)[1]?.id);
    const reopened = await again(place, anna);
    const [first] = await reopened.client.overview();
    expect(first).toMatchObject({
      name: 'Boris',
      unread: 1,
      draft: 'well,',
      flags: { pinned: true, muted: true, archived: false, markedUnread: false },
      kind: 'pair',
      state: 'connected',
      request: false,
    });
    await anna.client.markRead(
      withBoris,
      messagesOf(window).map((one) => one.id),
    );
    expect((await anna.client.overview())[0]?.unread).toBe(0);
    await anna.client.setDraft(withBoris, '');
    expect((await anna.client.overview())[0]?.draft).toBe('');
  });

  test('shows how far the last own message is', async () => {
    await using place = await town();
    const [anna, boris] = await pair(place);
    const id = (await say(anna, boris, 'there?')) as MessageId;
    const status = async (): Promise<string | undefined> => (await only(anna.client))[0]?.last?.status;
    expect(await status()).toBe('queued');
    await anna.client.sync({ signal: soon });
    expect(await status()).toBe('stored');
    await boris.client.sync({ signal: soon });
    await anna.client.sync({ signal: soon });
    expect(await status()).toBe('delivered');
    await boris.client.markRead(await conversationWith(boris, anna), [id]);
    await settle(boris, anna);
    expect(await status()).toBe('read');
    expect((await anna.client.message(id))?.status).toBe('read');
  });

  test('names somebody who has not answered yet, and leaves out who was removed', async () => {
    await using place = await town();
    const anna = await place.person('Anna');
    const boris = await place.person('Boris', { relays: [] });
    await boris.client.accept((await anna.client.invite()).link);
    const [line] = await only(boris.client);
    expect(line).toMatchObject({ name: 'Anna', state: 'waiting', unread: 0 });
    expect(line === undefined ? [] : (await boris.client.window(line.id)).lines).toEqual([]);
    const [contact] = await boris.client.contacts();
    if (contact !== undefined) await boris.client.removeContact(contact.person);
    expect(await boris.client.overview()).toEqual([]);
  });
});

describe('a window', () => {
  test('is the latest page, and grows towards the beginning', async () => {
    await using place = await town();
    const [anna, boris] = await pair(place);
    const texts = Array.from({ length: 300 }, (_, at) => `n ${at}`);
    for (const text of texts) await say(anna, boris, text);
    const latest = await windowOf(anna, boris);
    expect(latest.whole).toBe(false);
    expect(said(latest).length).toBeLessThan(230);
    expect(said(latest)).toEqual(texts.slice(latest.from));
    expect(said(latest).length).toBeGreaterThanOrEqual(100);
    const more = await windowOf(anna, boris, latest.from - 1);
    expect(said(more)).toEqual(texts.slice(more.from));
    const whole = await windowOf(anna, boris, 0);
    expect([whole.whole, whole.from]).toEqual([true, 0]);
    expect(said(whole)).toEqual(texts);
    expect(whole.lines.filter((line) => line.kind === 'notice').length).toBeGreaterThan(0);
    const keys = whole.lines.map((line) => line.key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.slice(-latest.lines.length)).toEqual(latest.lines.map((line) => line.key));
  });

  test('begins with how one came into it, also where something had been said to one before', async () => {
    await using place = await town();
    const anna = await place.person('Anna');
    const boris = await place.person('Boris', { relays: [] });
    const { link } = await anna.client.invite();
    await boris.client.accept(link);
    while ((await anna.client.overview()).length === 0) {
      await boris.client.sync({ signal: soon });
      await anna.client.sync({ signal: soon });
    }
    const [guest] = await only(anna.client);
    await anna.client.sendText(guest?.id as ConversationId, 'welcome');
    await anna.client.sync({ signal: soon });
    place.world.move(60_000);
    await settle(boris);
    const kinds = (await windowOf(boris, anna)).lines.map((line) =>
      line.kind === 'message' ? line.text : line.kind,
    );
    expect(kinds).toEqual(['notice', 'welcome']);
  });

  test('shows edits and reactions of messages above it once it has grown', async () => {
    await using place = await town();
    const [anna, boris] = await pair(place);
    const first = (await say(anna, boris, 'old')) as MessageId;
    for (let at = 0; at < 250; at += 1) await say(anna, boris, `${at}`);
    await settle(anna, boris);
    await anna.client.edit(first, 'renewed');
    await boris.client.react(first, '!');
    await settle(anna, boris);
    expect(said(await windowOf(boris, anna)).includes('renewed')).toBe(false);
    expect(messagesOf(await windowOf(boris, anna, 0))[0]).toMatchObject({ text: 'renewed', edited: true });
    expect(messagesOf(await windowOf(anna, boris, 0))[0]?.reactions.length).toBe(1);
  });
});

async function hits(by: Resident, query: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const hit of by.client.search(query, { signal: soon })) {
    for (const [from, to] of hit.marks) found.push(hit.excerpt.slice(from, to));
    if (hit.marks.length === 0) found.push(hit.excerpt);
  }
  return found;
}

describe('a search', () => {
  test('finds words whatever their case and accents, newest first, in every conversation', async () => {
    await using place = await town();
    const [anna, boris] = await pair(place);
    const clara = await place.person('Clara', { relays: [] });
    await meet(anna, clara);
    await say(anna, boris, 'Élan vital, naïve café');
    place.world.move(1000);
    await say(anna, clara, 'the CAFE is closed');
    place.world.move(1000);
    await say(anna, boris, 'Ещё раз: где ёлка?');
    expect(await hits(anna, 'café')).toEqual(['CAFE', 'café']);
    expect(await hits(anna, 'cafe NAIVE')).toEqual(['naïve', 'café']);
    expect(await hits(anna, 'елка')).toEqual(['ёлка']);
    expect(await hits(anna, 'nowhere')).toEqual([]);
    expect(await hits(anna, '   ')).toEqual([]);
  });

  test('never shows what was edited away, taken back, or hidden', async () => {
    await using place = await town();
    const [anna, boris] = await pair(place);
    const one = (await say(anna, boris, 'secret one')) as MessageId;
    const two = (await say(anna, boris, 'secret two')) as MessageId;
    const three = (await say(anna, boris, 'secret three')) as MessageId;
    await settle(anna, boris);
    await anna.client.edit(one, 'nothing');
    await anna.client.remove(two, { forAll: true });
    await boris.client.remove(three, { forAll: false });
    await settle(anna, boris);
    expect(await hits(boris, 'secret')).toEqual([]);
    expect(await hits(anna, 'secret')).toEqual(['secret']);
    expect(await hits(boris, 'nothing')).toEqual(['nothing']);
  });

  test('shows where in a long text the words stand', async () => {
    await using place = await town();
    const [anna, boris] = await pair(place);
    await say(anna, boris, `${'much to say '.repeat(500)}needle ${'and more '.repeat(500)}`);
    for await (const hit of anna.client.search('needle', { signal: soon })) {
      expect(hit.excerpt.length).toBeLessThanOrEqual(160);
      expect(hit.marks.map(([from, to]) => hit.excerpt.slice(from, to))).toEqual(['needle']);
    }
    expect(await hits(anna, 'needle')).toEqual(['needle']);
  });
});
