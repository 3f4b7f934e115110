import type { ConversationId, MessageId } from '@tern/protocol';
import { randomId } from '@tern/protocol';
import { expect, test } from 'vitest';
import type { AppApi } from '../src/engine/app-api.ts';
import { firstOf, household, meet, never } from './engine-household.ts';
import { updatedWindow } from './engine-window.ts';

/** The texts of a conversation as a page has them when they are as they should be. */
async function texts(app: AppApi, conversation: ConversationId, wanted: readonly string[]): Promise<void> {
  const leaving = new AbortController();
  let window: ReturnType<typeof updatedWindow>;
  for await (const update of app.window(conversation, { signal: leaving.signal })) {
    window = updatedWindow(window, update);
    const seen = window?.lines.flatMap((line) => (line.kind === 'message' ? [line.text] : []));
    if (JSON.stringify(seen) === JSON.stringify(wanted)) leaving.abort();
  }
}

test('a browser where nobody lives says so; somebody begins, and lives there', async () => {
  await using house = await household();
  const app = house.browser();
  const states = app.homes({ signal: never })[Symbol.asyncIterator]();
  expect((await states.next()).value).toEqual({ kind: 'new' });
  await expect(app.begin('')).rejects.toMatchObject({ code: 'malformed' });
  const me = await app.begin('Anna');
  expect(me.name).toBe('Anna');
  expect((await states.next()).value).toEqual({ kind: 'open', me, passcode: false, lockAfterMinutes: 5 });
  await expect(app.begin('Boris')).rejects.toMatchObject({ code: 'usage' });
  await states.return?.();
});

test('two people meet and talk, and the page of each sees it', async () => {
  await using house = await household();
  const [anna, boris] = [await house.person('Anna'), await house.person('Boris')];
  const [hers, his] = await meet(anna, boris);
  await anna.sendText(hers, 'hello', {});
  await texts(boris, his, ['hello']);
  await boris.sendText(his, 'good morning', {});
  await texts(anna, hers, ['hello', 'good morning']);
  const [summary] = await firstOf(anna.overview, ([one]) => one?.unread === 1);
  expect(summary).toMatchObject({ name: 'Boris', last: { text: 'good morning' } });
  const read = summary?.last?.id;
  if (read !== undefined) await anna.markRead(hers, [read]);
  await firstOf(anna.overview, ([one]) => one?.unread === 0);
  await firstOf(boris.overview, ([one]) => one?.last?.status === 'read');
});

test('a file crosses with its picture, and is read at the other side', async () => {
  await using house = await household();
  const [anna, boris] = [await house.person('Anna'), await house.person('Boris')];
  const [hers, his] = await meet(anna, boris);
  const bytes = house.world.randomBytes(300_000);
  const picture = { width: 30, height: 20, thumbhash: new Uint8Array(20) };
  const blob = new Blob([new Uint8Array(bytes)]);
  const file = { blob, name: 'photo.jpg', type: 'image/jpeg', caption: 'look', picture };
  await anna.sendFile(hers, file, { signal: never });
  await texts(boris, his, ['look']);
  const [summary] = await firstOf(boris.overview, ([one]) => one?.last?.kind === 'picture');
  const id = summary?.last?.id ?? ('' as MessageId);
  const message = await boris.message(id);
  expect(message?.file).toMatchObject({
    name: 'photo.jpg',
    size: 300_000,
    picture: { width: 30, height: 20 },
  });
  const parts: Uint8Array[] = [];
  for await (const part of boris.fileContent(id, { signal: never })) parts.push(part);
  expect(Buffer.concat(parts).equals(bytes)).toBe(true);
  expect(await boris.storage()).toMatchObject({ usedBytes: 1000, quotaBytes: 9000, persistent: true });
});

test('a message that is asked for twice under one id is sent once', async () => {
  await using house = await household();
  const [anna, boris] = [await house.person('Anna'), await house.person('Boris')];
  const [hers, his] = await meet(anna, boris);
  const id: MessageId = randomId(house.world.randomBytes(16));
  const fileId: MessageId = randomId(house.world.randomBytes(16));
  const file = { blob: new Blob(['words']), name: 'a.txt', type: 'text/plain', caption: 'a file' };
  for (let round = 0; round < 3; round += 1) {
    expect(await anna.sendText(hers, 'once', { id })).toBe(id);
    expect(await anna.sendFile(hers, file, { id: fileId, signal: never })).toBe(fileId);
  }
  await anna.sendText(hers, 'end', {});
  await texts(boris, his, ['once', 'a file', 'end']);
});

test('a message waits while there is no way, is counted, and leaves when the way is back', async () => {
  await using house = await household();
  const [anna, boris] = [await house.person('Anna'), await house.person('Boris')];
  const [hers, his] = await meet(anna, boris);
  await firstOf(anna.connections, ({ queued, paths }) => queued === 0 && paths.length === 1);
  await anna.setOnline(false);
  house.relay.up = false;
  await anna.sendText(hers, 'later', {});
  await firstOf(anna.connections, ({ queued, online }) => queued > 0 && !online);
  house.relay.up = true;
  await anna.setOnline(true);
  await anna.retryNow();
  await texts(boris, his, ['later']);
  await firstOf(anna.connections, ({ queued, online }) => queued === 0 && online);
});

test('a locked home says nothing and ends what was shown, until the passcode is said', async () => {
  await using house = await household();
  const app = await house.person('Anna');
  await expect(app.lock()).rejects.toMatchObject({ code: 'no-passcode' });
  expect(await app.setPasscode({ fresh: '2468' })).toBe(true);
  expect(await app.setPasscode({ old: 'wrong', fresh: '1' })).toBe(false);
  const overview = app.overview({ signal: never })[Symbol.asyncIterator]();
  await overview.next();
  const ending = overview.next();
  await app.lock();
  expect((await ending).done).toBe(true);
  await expect(app.contacts()).rejects.toMatchObject({ code: 'locked' });
  await expect(app.begin('Boris')).rejects.toMatchObject({ code: 'locked' });
  expect(await firstOf(app.homes, () => true)).toEqual({ kind: 'locked' });
  for await (const _ of app.overview({ signal: never })) throw new Error('a locked home shows nothing');
  expect(await app.unlock('wrong')).toBe(false);
  expect(await app.unlock('2468')).toBe(true);
  const state = await firstOf(app.homes, () => true);
  expect(state).toMatchObject({ kind: 'open', me: { name: 'Anna' }, passcode: true });
  expect((await app.relays()).length).toBe(1);
});

test('a home with a passcode locks when nobody was here for the minutes that were chosen', async () => {
  await using house = await household();
  const app = await house.person('Anna');
  await app.setPasscode({ fresh: '2468' });
  await app.setLockAfter(10);
  house.world.pass(9 * 60_000);
  await app.touched();
  house.world.pass(9 * 60_000);
  expect(await app.contacts()).toEqual([]);
  house.world.pass(2 * 60_000);
  await firstOf(app.homes, ({ kind }) => kind === 'locked');
});

test('a home without a passcode never locks', async () => {
  await using house = await household();
  const app = await house.person('Anna');
  house.world.pass(24 * 3_600_000);
  expect(await firstOf(app.homes, () => true)).toMatchObject({ kind: 'open' });
});

test('what was wiped is gone, and another may begin', async () => {
  await using house = await household();
  const app = await house.person('Anna');
  await app.setPasscode({ fresh: '2468' });
  await app.lock();
  await app.wipe();
  expect(await firstOf(app.homes, () => true)).toEqual({ kind: 'new' });
  expect(await app.relays()).toEqual([]);
  expect((await app.begin('Boris')).name).toBe('Boris');
});

test('an export is opened with its passphrase in a new home only', async () => {
  await using house = await household();
  const [anna, boris] = [await house.person('Anna'), await house.person('Boris')];
  const [hers] = await meet(anna, boris);
  await anna.sendText(hers, 'kept', {});
  const file = await anna.exportHome('long and winding');
  await expect(boris.importHome(file, 'long and winding')).rejects.toMatchObject({ code: 'usage' });
  const other = house.browser();
  expect(await other.importHome(file, 'short')).toBe('wrong-passphrase');
  await expect(other.importHome(new Blob(['nonsense']), 'x')).rejects.toMatchObject({ code: 'malformed' });
  expect(await other.importHome(file, 'long and winding')).toBe('imported');
  expect(await firstOf(other.homes, () => true)).toMatchObject({ kind: 'open', me: { name: 'Anna' } });
  await texts(other, hers, ['kept']);
});

test('a link is told apart before anything is done with it', async () => {
  await using house = await household();
  const anna = await house.person('Anna');
  const relay = await house.relay.link();
  expect(await anna.linkIn(relay)).toEqual({
    kind: 'relay',
    origin: 'https://relay.example:443',
    known: true,
  });
  expect(await house.browser().linkIn(relay)).toMatchObject({ kind: 'relay', known: false });
  const { link } = await anna.invite({});
  expect(await house.browser().linkIn(` ${link}\n`)).toMatchObject({ kind: 'invitation', name: 'Anna' });
  const boris = await house.person('Boris');
  const offered = await boris.linkIn(link);
  await boris.accept(link);
  const [contact] = await boris.contacts();
  expect(offered).toEqual({
    kind: 'invitation',
    name: 'Anna',
    origin: 'https://relay.example:443',
    safetyNumber: contact?.safetyNumber,
  });
  for (const none of ['', 'hello', 'https://example.com/#r!', link.slice(0, -3)])
    expect(await anna.linkIn(none)).toEqual({ kind: 'none', because: 'malformed' });
  expect(await anna.linkIn('r'.repeat(100_000))).toEqual({ kind: 'none', because: 'too-long' });
});
