import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { meet, TernDriver, type JsonLine, type Person } from './programs/tern-driver.ts';

const environment = { TERN_EXPORT_PASSPHRASE: 'correct horse' };

async function texts(person: Person): Promise<readonly unknown[]> {
  return (await person.done(['read'])).map((message: JsonLine) => message['text']);
}

const containing = (text: string): unknown => expect.stringContaining(text);

describe('an export', () => {
  test('takes history, contacts and the right to talk to a new device, beside the old one', async () => {
    await using driver = new TernDriver();
    const relay = await driver.relay();
    const alice = await driver.person('Alice', relay);
    const bob = await driver.person('Bob', relay);
    await meet(alice, bob);
    const [first] = await alice.done(['send', 'bob', 'from the old device']);
    await bob.done(['read']);
    await bob.done(['send', 'alice', 'an answer']);
    await alice.done(['contacts', 'verify', 'bob']);
    await alice.done(['read']);
    const file = join(driver.folder, 'alice.tern');
    await alice.done(['export', file], { environment });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await alice.tern(['export', file], { environment })).toMatchObject({ code: 1, out: '' });

    const second = driver.home('Alice', 'alice-2');
    const [imported] = await second.done(['import', file], { environment });
    expect(imported).toMatchObject({ name: 'Alice', contacts: 1, messages: 2 });
    const [me] = await alice.done(['whoami']);
    const [other] = await second.done(['whoami']);
    expect(other).toMatchObject({
      id: me?.['id'],
      safetyNumber: me?.['safetyNumber'],
      relays: me?.['relays'],
    });
    expect(other?.['device']).not.toBe(me?.['device']);
    expect(await texts(second)).toEqual(['from the old device', 'an answer']);
    expect((await second.done(['read']))[0]).toMatchObject({ id: first?.['id'], status: 'read' });
    expect(await second.done(['contacts'])).toMatchObject([{ name: 'Bob', verified: true }]);

    // the others' devices let the new one in, and all three talk
    await bob.done(['contacts']);
    await second.done(['contacts']);
    await bob.done(['contacts']);
    await second.done(['send', 'bob', 'from the new device', '--wait', 'stored', '--timeout', '30']);
    expect(await texts(bob)).toContain('from the new device');
    await bob.done(['send', 'alice', 'to both', '--wait', 'stored', '--timeout', '30']);
    expect(await texts(second)).toContain('to both');
    await alice.done(['contacts']);
    await alice.done(['send', 'bob', 'the old one still talks', '--wait', 'stored', '--timeout', '30']);
    expect(await texts(bob)).toContain('the old one still talks');
    for (const person of [alice, bob, second]) {
      const all = await texts(person);
      expect(new Set(all).size).toBe(all.length);
    }
  });

  test('goes only into an empty home, with its passphrase, and says when it was damaged', async () => {
    await using driver = new TernDriver();
    const alice = driver.home('alice');
    await alice.done(['init', '--name', 'Alice']);
    const file = join(driver.folder, 'export');
    expect(await alice.tern(['export', file])).toMatchObject({
      code: 1,
      out: '',
      errors: containing('TERN_EXPORT_PASSPHRASE'),
    });
    await alice.done(['export', file], { environment });
    expect(await alice.tern(['import', file], { environment })).toMatchObject({
      code: 1,
      out: '',
      errors: containing('empty'),
    });

    const other = driver.home('other');
    const wrong = await other.tern(['import', file], { environment: { TERN_EXPORT_PASSPHRASE: 'wrong' } });
    expect(wrong).toMatchObject({ code: 1, out: '', errors: containing('not the passphrase') });
    const bytes = readFileSync(file);
    const damaged = join(driver.folder, 'damaged');
    for (const at of [20, 60, bytes.length - 1]) {
      writeFileSync(damaged, bytes.with(at, (bytes[at] ?? 0) ^ 1));
      expect(await other.tern(['import', damaged], { environment })).toMatchObject({
        code: 1,
        out: '',
        errors: containing('damaged'),
      });
    }
    writeFileSync(damaged, 'a letter to my aunt');
    expect(await other.tern(['import', damaged], { environment })).toMatchObject({
      code: 1,
      errors: containing('not an export'),
    });
    expect(await other.done(['import', file], { environment })).toMatchObject([{ name: 'Alice' }]);
  });

  test('what had not left is in it, marked as not sent, and is not sent twice', async () => {
    await using driver = new TernDriver();
    const relay = await driver.relay();
    const alice = await driver.person('Alice', relay);
    const bob = await driver.person('Bob', relay);
    await meet(alice, bob);
    const port = Number(new URL(relay.link).port);
    await relay.stop();
    await alice.done(['send', 'bob', 'still waiting']);
    const file = join(driver.folder, 'export');
    await alice.done(['export', file], { environment });
    const second = driver.home('Alice', 'alice-2');
    await second.done(['import', file], { environment });
    expect(await second.done(['read'])).toMatchObject([{ text: 'still waiting', status: 'failed' }]);
    await driver.relay({ port });
    for (const person of [second, alice, bob, second, bob]) await person.done(['contacts']);
    expect(await texts(bob)).toEqual(['still waiting']);
  });
});
