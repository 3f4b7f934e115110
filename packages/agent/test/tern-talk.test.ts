import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { meet, TernDriver, type JsonLine, type Person, type RunningRelay } from './programs/tern-driver.ts';

interface Scene extends AsyncDisposable {
  readonly driver: TernDriver;
  readonly relay: RunningRelay;
  readonly alice: Person;
  readonly bob: Person;
}

async function twoInTouch(): Promise<Scene> {
  const driver = new TernDriver();
  const relay = await driver.relay();
  const [alice, bob] = await Promise.all([driver.person('Alice', relay), driver.person('Bob', relay)]);
  await meet(alice, bob);
  return { driver, relay, alice, bob, [Symbol.asyncDispose]: () => driver[Symbol.asyncDispose]() };
}

const only = (lines: readonly JsonLine[]): JsonLine => {
  expect(lines).toHaveLength(1);
  return lines[0] ?? {};
};

const matching = (form: RegExp): unknown => expect.stringMatching(form);

/** Reads until it is there: each command looks for two seconds at most, which is little on a busy machine. */
async function until(person: Person, wanted: (message: JsonLine) => boolean): Promise<void> {
  for (let tries = 0; tries < 20; tries += 1) if ((await person.done(['read'])).some(wanted)) return;
  throw new Error(`${person.name} waited in vain`);
}

describe('two people and the command tern', () => {
  test('texts and answers go both ways, and their status goes from stored to read', async () => {
    await using scene = await twoInTouch();
    const { alice, bob } = scene;
    const sent = only(await alice.done(['send', 'bob', 'Hello\nBob']));
    expect(sent).toEqual({ id: matching(/^[a-z2-7]{26}$/u), status: 'stored' });
    const read = only(await bob.done(['read', 'alice']));
    expect(read).toMatchObject({ id: sent['id'], from: 'Alice', to: 'Bob', text: 'Hello\nBob' });
    expect(Math.abs(Date.parse(String(read['at'])) - Date.now())).toBeLessThan(60_000);
    const answer = only(await bob.done(['send', 'Alice', 'Hello Alice', '--reply-to', String(sent['id'])]));
    const both = await alice.done(['read']);
    expect(both).toMatchObject([
      { id: sent['id'], from: 'Alice', to: 'Bob', status: 'read' },
      { id: answer['id'], from: 'Bob', to: 'Alice', text: 'Hello Alice', replyTo: sent['id'] },
    ]);
    expect(await alice.done(['read', '--since', String(sent['id'])])).toMatchObject([{ id: answer['id'] }]);
    const stranger = await alice.tern(['send', 'bob', 'x', '--reply-to', 'a'.repeat(26)]);
    expect(stranger).toMatchObject({ code: 1, out: '' });
  });

  test('with a relay each, which are killed and come back, text and a file still arrive', async () => {
    await using driver = new TernDriver();
    const data = ['one', 'two'] as const;
    const [first, second] = await Promise.all(data.map((name) => driver.relay({ data: name })));
    if (first === undefined || second === undefined) throw new Error('no relays');
    const [alice, bob] = await Promise.all([driver.person('Alice', first), driver.person('Bob', second)]);
    await meet(alice, bob);
    await alice.done(['send', 'bob', 'before']);
    await first.stop('SIGKILL');
    expect(only(await bob.done(['send', 'alice', 'while it is away']))).toMatchObject({ status: 'queued' });
    await driver.relay({ data: 'one', port: Number(new URL(first.link).port) });
    const content = randomBytes(300_001);
    writeFileSync(join(alice.home, 'f.bin'), content);
    const file = only(
      await alice.done(['send', 'bob', '--file', join(alice.home, 'f.bin'), '--wait', 'stored']),
    );
    await until(bob, (message) => 'file' in message);
    await bob.done(['save', String(file['id']), join(bob.home, 'g.bin')]);
    expect(readFileSync(join(bob.home, 'g.bin')).equals(content)).toBe(true);
    await until(alice, (message) => message['text'] === 'while it is away');
  });

  test('a text comes from standard input, and may begin with a dash after --', async () => {
    await using scene = await twoInTouch();
    const { alice, bob } = scene;
    await alice.done(['send', 'bob', '-'], { input: 'from a pipe\n' });
    await alice.done(['send', 'bob', '--', '--json']);
    expect((await bob.done(['read'])).map((message) => message['text'])).toEqual(['from a pipe', '--json']);
    expect(await alice.tern(['send', 'bob', '-'], { input: 'x'.repeat(131_073) })).toMatchObject({
      code: 1,
      out: '',
    });
    expect(await alice.tern(['send', 'bob', '-'], { input: '' })).toMatchObject({ code: 2, out: '' });
  });

  test('a file of 3 MB arrives byte for byte, and only where the reader says', async () => {
    await using scene = await twoInTouch();
    const { driver, alice, bob } = scene;
    const bytes = randomBytes(3_000_000);
    const original = join(driver.folder, 'holiday photo.jpg');
    writeFileSync(original, bytes);
    const sent = only(await alice.done(['send', 'bob', '--file', original, '--wait', 'stored']));
    const id = String(sent['id']);
    const read = only(await bob.done(['read']));
    expect(read['file']).toEqual({ name: 'holiday photo.jpg', type: 'image/jpeg', size: 3_000_000 });
    const saved = join(driver.folder, 'saved.jpg');
    expect(only(await bob.done(['save', id, saved]))).toEqual({ id, path: saved, bytes: 3_000_000 });
    expect(readFileSync(saved).equals(bytes)).toBe(true);
    expect(statSync(saved).mode & 0o777).toBe(0o600);

    writeFileSync(saved, 'precious');
    expect(await bob.tern(['save', id, saved])).toMatchObject({ code: 1, out: '' });
    expect(readFileSync(saved, 'utf8')).toBe('precious');
    const dangling = join(driver.folder, 'dangling');
    symlinkSync(join(driver.folder, 'elsewhere'), dangling);
    expect(await bob.tern(['save', id, dangling])).toMatchObject({ code: 1, out: '' });
    await bob.done(['save', id, saved, '--force']);
    expect(readFileSync(saved).equals(bytes)).toBe(true);
    const folder = join(driver.folder, 'folder');
    mkdirSync(folder);
    expect(await bob.tern(['save', id, folder])).toMatchObject({ code: 2, out: '' });
    expect(await bob.tern(['save', 'a'.repeat(26), join(driver.folder, 'none')])).toMatchObject({
      code: 1,
      out: '',
    });
  });

  test('send --wait stays until the other has read, and --follow shows each message once', async () => {
    await using scene = await twoInTouch();
    const { alice, bob } = scene;
    await alice.done(['send', 'bob', 'before']);
    const following = bob.start(['read', '--follow']);
    await following.line((line) => line['text'] === 'before');
    expect(
      only(await alice.done(['send', 'bob', 'one', '--wait', 'read', '--timeout', '60']))['status'],
    ).toBe('read');
    await Promise.all(
      ['two', 'three', 'four'].map((text) => alice.done(['send', 'bob', text, '--wait', 'read'])),
    );
    for (const text of ['two', 'three', 'four']) await following.line((line) => line['text'] === text);
    const ended = await following.stop();
    expect(ended).toMatchObject({ code: 0 });
    const texts = ended.lines.map((line) => String(line['text']));
    expect(texts.slice(0, 2)).toEqual(['before', 'one']);
    expect(texts.toSorted()).toEqual(['before', 'four', 'one', 'three', 'two']);
    expect(ended.lines.map((line) => line['number'])).toEqual([1, 2, 3, 4, 5]);
  });

  test('reading without receipts tells the other nothing', async () => {
    await using scene = await twoInTouch();
    const { alice, bob } = scene;
    const id = String(only(await alice.done(['send', 'bob', 'secret look']))['id']);
    await bob.done(['read', '--no-receipts']);
    expect(only(await alice.done(['read']))).toMatchObject({ id, status: 'delivered' });
    expect(await alice.tern(['send', 'bob', 'unread', '--wait', 'read', '--timeout', '1'])).toMatchObject({
      code: 1,
    });
  });

  test('what is written while the relay is away waits, and tern run sends it when the relay is back', async () => {
    await using scene = await twoInTouch();
    const { driver, relay, alice, bob } = scene;
    const port = Number(new URL(relay.link).port);
    await relay.stop();
    const sent = await alice.tern(['send', 'bob', 'later']);
    expect(sent).toMatchObject({ code: 0, lines: [{ status: 'queued' }] });
    expect(sent.errors).toMatch(/kept here/u);
    expect(await bob.done(['read'])).toEqual([]);
    const running = alice.start(['run']);
    await running.line((line) => line['running'] === true);
    await using _back = await (async () => {
      const back = await driver.relay({ port });
      return { [Symbol.asyncDispose]: async () => void (await back.stop()) };
    })();
    const following = bob.start(['read', '--follow']);
    expect(await following.line((line) => line['text'] === 'later')).toMatchObject({
      id: sent.lines[0]?.['id'],
    });
    expect(await running.stop('SIGTERM')).toMatchObject({ code: 0 });
    expect(await following.stop()).toMatchObject({ code: 0 });
  });

  test('names that several have are not guessed, and people are called what this home calls them', async () => {
    await using scene = await twoInTouch();
    const { driver, relay, alice, bob } = scene;
    const second = await driver.person('Bob', relay, 'bob-2');
    await meet(alice, second);
    const contacts = await alice.done(['contacts']);
    const [one, other] = contacts.map((contact) => String(contact['id']));
    const ambiguous = await alice.tern(['send', 'bob', 'hi']);
    expect(ambiguous).toMatchObject({ code: 2, out: '' });
    expect(ambiguous.errors).toContain(String(one).slice(0, 8));
    expect(ambiguous.errors).toContain(String(other).slice(0, 8));
    expect(ambiguous.errors.trimEnd().split('\n')).toHaveLength(1);

    const [me] = await bob.done(['whoami']);
    const id = String(me?.['id']);
    expect(only(await alice.done(['contacts', 'rename', id.slice(0, 8), 'Bobby']))).toMatchObject({
      id,
      name: 'Bobby',
      ownName: 'Bob',
    });
    await alice.done(['send', 'bobby', 'to the first']);
    expect(only(await bob.done(['read']))['text']).toBe('to the first');
    await alice.done(['send', 'Bob', 'to the second']);
    expect(only(await second.done(['read']))['text']).toBe('to the second');
    expect(await alice.tern(['send', 'carol', 'hi'])).toMatchObject({ code: 1, out: '' });
  });

  test('contacts are verified, blocked and removed, and both sides see one safety number', async () => {
    await using scene = await twoInTouch();
    const { alice, bob } = scene;
    const seen = only(await alice.done(['contacts']));
    expect(seen).toMatchObject({ name: 'Bob', state: 'connected', verified: false, blocked: false });
    expect(only(await bob.done(['contacts']))['safetyNumber']).toBe(seen['safetyNumber']);
    expect(only(await alice.done(['contacts', 'verify', 'bob']))['verified']).toBe(true);
    expect(only(await alice.done(['contacts', 'unverify', 'bob']))['verified']).toBe(false);
    expect(only(await alice.done(['contacts', 'block', 'bob']))['blocked']).toBe(true);
    await bob.done(['send', 'alice', 'unheard']);
    expect(await alice.done(['read'])).toEqual([]);
    expect(await alice.tern(['send', 'bob', 'hi'])).toMatchObject({ code: 1, out: '' });
    expect(only(await alice.done(['contacts', 'unblock', 'bob']))['blocked']).toBe(false);
    await bob.done(['send', 'alice', 'heard']);
    expect((await alice.done(['read'])).map((message) => message['text'])).toContain('heard');
    await alice.done(['contacts', 'remove', 'bob']);
    expect(await alice.done(['contacts'])).toEqual([]);
  });
});
