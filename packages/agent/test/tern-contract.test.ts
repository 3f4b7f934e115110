import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openHome } from '../src/home.ts';
import { machineWorld } from './programs/machine-world.ts';
import { meet, TernDriver, type Person, type RunningRelay } from './programs/tern-driver.ts';

/** A name that an honest Tern does not let anybody have, as somebody's own program may send it all the same. */
const hostileName = 'Eve\u202e\u200b';

async function hostilePerson(driver: TernDriver, relay: RunningRelay): Promise<Person> {
  const standIn = 'EveABCDEF'; // as many bytes
  const eve = await driver.person(standIn, relay, 'eve');
  await using home = await openHome({
    dir: eve.home,
    world: machineWorld,
    passphrase: async () => undefined,
  });
  await home.store.change(async (change) => {
    const place = { table: 'self', partition: '' };
    const value = Buffer.from((await change.get(place, 'self')) ?? []);
    value.write(hostileName, value.indexOf(standIn));
    change.put(place, 'self', new Uint8Array(value));
  });
  return eve;
}

const containing = (text: string): unknown => expect.stringContaining(text);
const matching = (form: RegExp): unknown => expect.stringMatching(form);

describe('the command tern as scripts rely on it', () => {
  test('with --json standard output is JSON alone, whatever happens', async () => {
    await using driver = new TernDriver();
    const relay = await driver.relay();
    const eve = await hostilePerson(driver, relay);
    const bob = await driver.person('Bob', relay);
    await meet(bob, eve);
    await eve.done(['send', 'bob', '\u001b[2J\u202e evil \u2028 text']);
    const commands = [
      ['whoami'],
      ['relay', 'list'],
      ['invite'],
      ['invite', 'list'],
      ['contacts'],
      ['read'],
      ['--help'],
      ['send', '--help'],
      ['--version'],
    ];
    for (const command of commands) {
      const ended = await bob.tern(command);
      expect([command, ended.code]).toEqual([command, 0]);
      expect(ended.lines.length).toBeGreaterThan(0);
      expect(ended.out).toMatch(/^[\n\u0020-\u007e]*$/u);
    }
    for (const command of [
      [],
      ['send'],
      ['sing'],
      ['send', 'nobody', 'hi'],
      ['accept', 'nonsense'],
      ['relay', 'add', 'nonsense'],
    ]) {
      const ended = await bob.tern(command);
      expect(ended.out).toBe('');
      expect(ended.errors.trimEnd().split('\n')).toHaveLength(1);
      expect(ended.code).toBeGreaterThan(0);
    }
  });

  test('for people, nothing of others reaches the terminal raw', async () => {
    await using driver = new TernDriver();
    const relay = await driver.relay();
    const eve = await hostilePerson(driver, relay);
    const bob = await driver.person('Bob', relay);
    await meet(bob, eve);
    await eve.done([
      'send',
      'bob',
      'hi\u001b]0;owned\u0007\n2026-01-01 00:00  Alice to Bob  (aaaa)\n    pay Eve\u202e',
    ]);
    const file = join(driver.folder, 'photo\u202egpj.exe');
    writeFileSync(file, 'x');
    await eve.done(['send', 'bob', '--file', file]);
    const read = await driver.start(['read', '--home', bob.home]).ended;
    expect(read.out).toContain('\\u{1B}]0;owned\\u{7}\n    2026-01-01');
    expect(read.out).toContain('"photo\\u{202E}gpj.exe"');
    for (const command of [['read'], ['contacts']]) {
      const ended = await driver.start([...command, '--home', bob.home]).ended;
      expect(ended).toMatchObject({ code: 0 });
      expect(ended.out).toMatch(/^[\n\u0020-\u007e]*$/u);
      for (const line of ended.out.split('\n')) expect(line.startsWith('2026-01-01')).toBe(false);
    }
  });

  test('wrong usage ends with 2 and one line that says where help is', async () => {
    await using driver = new TernDriver();
    for (const command of [
      [],
      ['sing'],
      ['relay'],
      ['send', 'x'],
      ['init'],
      ['read', '--loud'],
      ['invite', '--uses', '0'],
      ['relay', 'run', '--port', '7700', '--port', '70000'],
      ['relay', 'run', '--tls-cert', 'a', '--tls-cert', 'b', '--tls-key', 'a'],
    ]) {
      const ended = await driver.start(command).ended;
      expect([command, ended.code, ended.out]).toEqual([command, 2, '']);
      expect(ended.errors).toMatch(/^tern: [^\n]+--help[^\n]*\n$/u);
    }
    for (const patience of ['', 'long', '0', '3601', '1.5']) {
      const ended = await driver.start(['whoami'], { environment: { TERN_PATIENCE: patience } }).ended;
      expect([patience, ended.code, ended.out]).toEqual([patience, 2, '']);
      expect(ended.errors).toMatch(/^tern: TERN_PATIENCE [^\n]+--help[^\n]*\n$/u);
    }
  });

  test('what is not possible ends with 1 and one line', async () => {
    await using driver = new TernDriver();
    const nobody = driver.home('nobody');
    expect(await nobody.tern(['whoami'])).toMatchObject({
      code: 1,
      out: '',
      errors: containing('no Tern home'),
    });
    const alice = driver.home('alice');
    await alice.done(['init', '--name', 'Alice']);
    expect(await alice.tern(['init', '--name', 'Alice'])).toMatchObject({ code: 1, out: '' });
    expect(await alice.tern(['invite'])).toMatchObject({ code: 1, out: '' });
    expect(await alice.tern(['save', 'a'.repeat(26), 'x'])).toMatchObject({ code: 1, out: '' });
    expect(await alice.tern(['relay', 'remove', 'nothing'])).toMatchObject({ code: 1, out: '' });
  });

  test('an identity is made offline, and a home with a passphrase opens with it only', async () => {
    await using driver = new TernDriver();
    const alice = driver.home('alice');
    const environment = { TERN_PASSPHRASE: 'tall grass' };
    const [made] = await alice.done(['init', '--name', 'Alice'], { environment });
    expect(made).toMatchObject({
      name: 'Alice',
      safetyNumber: matching(/^(?:\d{5} ){5}\d{5}$/u),
      relays: [],
    });
    expect(await alice.done(['whoami'], { environment })).toMatchObject([
      { name: 'Alice', safetyNumber: made?.['safetyNumber'] },
    ]);
    expect(await alice.tern(['whoami'], { environment: { TERN_PASSPHRASE: 'short grass' } })).toMatchObject({
      code: 1,
      out: '',
    });
    expect(await alice.tern(['whoami'])).toMatchObject({ code: 1, out: '' });
    const open = await driver.home('open').tern(['init', '--name', 'Open']);
    expect(open.errors).toContain('no passphrase');
  });

  test('a relay is added, listed and removed; a link that does not say who it is needs trust beyond this machine', async () => {
    await using driver = new TernDriver();
    const relay = await driver.relay();
    const alice = driver.home('alice');
    await alice.done(['init', '--name', 'Alice']);
    const [added] = await alice.done(['relay', 'add', relay.link]);
    expect(added).toMatchObject({
      id: matching(/^[a-z2-7]{52}$/u),
      origin: new URL(relay.link).origin,
      canStore: true,
    });
    expect(await alice.done(['relay', 'list'])).toMatchObject([{ id: added?.['id'] }]);
    await alice.done(['relay', 'remove', String(added?.['id'])]);
    expect(await alice.done(['relay', 'list'])).toEqual([]);

    const { formatRelayLink, parseRelayLink } = await import('@tern/protocol');
    const { hint, right } = parseRelayLink(relay.link);
    const { relay: _id, ...unnamed } = hint;
    const link = formatRelayLink({ hint: unnamed, ...(right !== undefined && { right }) });
    const [trusted] = await alice.done(['relay', 'add', link]);
    expect(trusted).toMatchObject({ id: added?.['id'] });
    const far = formatRelayLink({ hint: { ...unnamed, address: 'relay.example' } });
    const refused = await alice.tern(['relay', 'add', far]);
    expect(refused).toMatchObject({
      code: 1,
      out: '',
      errors: containing('--trust-on-first-use'),
    });
    const other = await driver.relay({ data: 'other' });
    const lying = formatRelayLink({
      ...parseRelayLink(other.link),
      hint: { ...parseRelayLink(other.link).hint, relay: hint.relay ?? ('' as never) },
    });
    expect(await alice.tern(['relay', 'add', lying])).toMatchObject({ code: 1, out: '' });
  });

  test('several processes use one home at once', async () => {
    await using driver = new TernDriver();
    const relay = await driver.relay();
    const alice = await driver.person('Alice', relay);
    const bob = await driver.person('Bob', relay);
    await meet(alice, bob);
    const texts = Array.from({ length: 6 }, (_, at) => `message ${at}`);
    const online = alice.start(['run']);
    await online.line((line) => line['running'] === true);
    await Promise.all(texts.map((text) => alice.done(['send', 'bob', text])));
    await online.stop();
    await alice.done(['whoami']);
    const read = await bob.done(['read']);
    expect(read.map((message) => String(message['text'])).toSorted()).toEqual(texts);
    expect(read.map((message) => message['number'])).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('whoever stops reading ends the command quietly', async () => {
    await using driver = new TernDriver();
    const relay = await driver.relay();
    const alice = await driver.person('Alice', relay);
    const bob = await driver.person('Bob', relay);
    await meet(alice, bob);
    const following = bob.start(['read', '--follow']);
    following.child.stdout?.destroy();
    await alice.done(['send', 'bob', 'nobody hears this']);
    expect(await following.ended).toMatchObject({ code: 0, errors: '' });
  });

  test('a file that cannot be read is not sent', async () => {
    await using driver = new TernDriver();
    const relay = await driver.relay();
    const alice = await driver.person('Alice', relay);
    const bob = await driver.person('Bob', relay);
    await meet(alice, bob);
    mkdirSync(join(driver.folder, 'folder'));
    writeFileSync(join(driver.folder, 'empty'), '');
    expect(await alice.tern(['send', 'bob', '--file', join(driver.folder, 'folder')])).toMatchObject({
      code: 1,
      out: '',
    });
    expect(await alice.tern(['send', 'bob', '--file', join(driver.folder, 'missing')])).toMatchObject({
      code: 1,
      out: '',
    });
    const [sent] = await alice.done(['send', 'bob', '--file', join(driver.folder, 'empty')]);
    await bob.done(['read']);
    expect(await bob.done(['save', String(sent?.['id']), join(driver.folder, 'out')])).toMatchObject([
      { bytes: 0 },
    ]);
  });
});
