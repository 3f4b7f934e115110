import { openClient } from '@tern/core';
import { httpsTransport, nodePrimitives, nodeWorld } from '@tern/reach/node';
import { describe, expect, test } from 'vitest';
import { openHome } from '../src/home.ts';
import { TernDriver, type Person, type RunningRelay } from './programs/tern-driver.ts';

interface Scene extends AsyncDisposable {
  readonly driver: TernDriver;
  readonly relay: RunningRelay;
  readonly alice: Person;
}

async function alone(): Promise<Scene> {
  const driver = new TernDriver();
  const relay = await driver.relay();
  const alice = await driver.person('Alice', relay);
  return { driver, relay, alice, [Symbol.asyncDispose]: () => driver[Symbol.asyncDispose]() };
}

async function invitation(
  person: Person,
  ...options: readonly string[]
): Promise<{ readonly id: string; readonly link: string }> {
  const [made] = await person.done(['invite', ...options]);
  return { id: String(made?.['id']), link: String(made?.['link']) };
}

/** As if made two weeks ago. */
async function expiredInvitation(person: Person): Promise<{ readonly link: string }> {
  await using home = await openHome({
    dir: person.home,
    world: nodeWorld,
    passphrase: async () => undefined,
  });
  using transport = httpsTransport();
  await using client = await openClient({
    store: home.store,
    world: nodeWorld,
    primitives: nodePrimitives,
    transport,
  });
  return await client.invite({ lifetimeMs: -7 * 86_400_000 });
}

const containing = (text: string): unknown => expect.stringContaining(text);

describe('an invitation', () => {
  test('is made and accepted offline, and complete when both sides have run', async () => {
    await using scene = await alone();
    const { driver, relay, alice } = scene;
    const bob = driver.home('Bob');
    await bob.done(['init', '--name', 'Bob']);
    const port = Number(new URL(relay.link).port);
    await relay.stop();
    const { link } = await invitation(alice);
    expect(link.length).toBeLessThanOrEqual(800);
    expect(await bob.done(['accept', link])).toMatchObject([{ kind: 'accepted', name: 'Alice' }]);
    expect(await bob.done(['contacts'])).toMatchObject([{ name: 'Alice', state: 'waiting' }]);
    await bob.done(['send', 'alice', 'written before you knew me']);
    await driver.relay({ port });
    for (const person of [alice, bob, alice, bob]) await person.done(['contacts']);
    expect(await bob.done(['contacts'])).toMatchObject([{ name: 'Alice', state: 'connected' }]);
    expect(await alice.done(['read'])).toMatchObject([{ from: 'Bob', text: 'written before you knew me' }]);
    expect(await bob.done(['accept', link])).toMatchObject([{ kind: 'known' }]);
  });

  test('that was revoked is refused in words, and leaves no contact behind', async () => {
    await using scene = await alone();
    const { driver, relay, alice } = scene;
    const bob = await driver.person('Bob', relay);
    const { id, link } = await invitation(alice);
    expect(await alice.done(['invite', 'revoke', id.slice(0, 8)])).toMatchObject([{ id, state: 'revoked' }]);
    expect(await alice.done(['invite', 'list'])).toMatchObject([{ id, state: 'revoked' }]);
    const refused = await bob.tern(['accept', link]);
    expect(refused).toMatchObject({ code: 1, out: '', errors: containing('revoked') });
    expect(await bob.done(['contacts'])).toEqual([]);
    expect(await alice.done(['contacts'])).toEqual([]);
    expect(await alice.tern(['invite', 'revoke', 'aaaaaaaa'])).toMatchObject({ code: 1, out: '' });
  });

  test('for two is used by two, and lists how far it is', async () => {
    await using scene = await alone();
    const { driver, relay, alice } = scene;
    const { id, link } = await invitation(alice, '--uses', '2');
    for (const name of ['Bob', 'Carol', 'Dave']) {
      const guest = await driver.person(name, relay);
      const accepted = await guest.tern(['accept', link]);
      if (name !== 'Dave') expect(accepted.code).toBe(0);
      else expect(accepted).toMatchObject({ code: 1, out: '', errors: containing('used') });
      await alice.done(['contacts']);
    }
    expect(await alice.done(['invite', 'list'])).toMatchObject([{ id, uses: 2, used: 2, state: 'used' }]);
    expect((await alice.done(['contacts'])).map((contact) => contact['name'])).toEqual(['Bob', 'Carol']);
  });

  test('that has expired is refused before anything is sent', async () => {
    await using scene = await alone();
    const { driver, relay, alice } = scene;
    const bob = await driver.person('Bob', relay);
    const { link } = await expiredInvitation(alice);
    const refused = await bob.tern(['accept', link]);
    expect(refused).toMatchObject({ code: 1, out: '', errors: containing('expired') });
    expect(await alice.done(['invite', 'list'])).toMatchObject([{ state: 'expired' }]);
  });

  test('of one’s own, cut short, or of another kind is told apart', async () => {
    await using scene = await alone();
    const { relay, alice } = scene;
    const { link } = await invitation(alice);
    for (const [given, words] of [
      [link, 'your own'],
      [link.slice(0, -10), ''],
      [relay.link, 'relay'],
      ['hello', 'not an invitation'],
    ] as const) {
      const refused = await alice.tern(['accept', given]);
      expect(refused).toMatchObject({ code: 1, out: '', errors: containing(words) });
      expect(refused.errors.trimEnd().split('\n')).toHaveLength(1);
    }
  });

  test('is shown as a picture to scan when asked', async () => {
    await using scene = await alone();
    const { driver, alice } = scene;
    const shown = await driver.start(['invite', '--qr', '--home', alice.home]).ended;
    expect(shown.code).toBe(0);
    expect(shown.out).toMatch(/[█▀▄]{3}/u);
    expect(shown.out.trimEnd().split('\n').at(-1)).toMatch(/#i/u);
  });
});
