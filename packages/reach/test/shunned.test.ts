import type { Hint, RelayId } from '@tern/protocol';
import { timedWorld } from '@tern/relay/testing';
import { describe, expect, test } from 'vitest';
import { dialRules } from '../src/dialer/dial-rules.ts';
import { Shunned } from '../src/dialer/shunned.ts';
import { openDialer } from '../src/dialer/dialer.ts';
import { requestFor, SimulatedNetwork, type NetworkRules } from '../src/testing/simulated-network.ts';
import { carry, chat, deliver, dialerScene, type DialerScene } from './dialer-scene.ts';
import type { ForwardWays } from '../src/index.ts';
import type { Way } from '../src/dialer/way.ts';
import { hint, way } from './plain-way.ts';
import { censor } from './residual-censor.ts';

const t0 = 1_794_000_000_000;
const { shunnedMs, waryMs, longestResidualMs } = dialRules;
const at = (now: number, place = 'home'): { now: number; place: string } => ({ now, place });
const two = { ...way, host: 'two.example', serverName: 'two.example' };
const literal = { ...way, host: '203.0.113.10', by: 'literal', serverName: '' } as const;
const ofAnother = { ...two, hint: { ...hint, relay: 'another' as RelayId } };
const elsewhere = <Of extends Way>(one: Of): Of => ({ ...one, port: 8443 });

/** A connection by the plain way failed at that time. */
function afterFailure(now = t0, port = true): Shunned {
  const shunned = new Shunned();
  shunned.failed(way, { ...at(now), port });
  return shunned;
}

function costs(shunned: Shunned, ways: readonly Way[], now: number): readonly number[] {
  return ways.map((one) => shunned.costMs(one, at(now)));
}

describe('a name and a port of its relay at which a connection failed', () => {
  test("are gone round as long as such a place may be cut, the relay's other names a little, and nothing else", () => {
    const shunned = afterFailure();
    const there = [way, two, literal, elsewhere(way), elsewhere(two)];
    const dear = [shunnedMs, shunnedMs, shunnedMs, shunnedMs, waryMs];
    expect(costs(shunned, there, t0 + longestResidualMs - 1)).toEqual(dear);
    expect(costs(shunned, there, t0 + longestResidualMs)).toEqual([0, 0, 0, 0, 0]);
    const through = { ...way, carrier: 'forward', through: 'another' } as const;
    expect(costs(shunned, [elsewhere(literal), ofAnother, through], t0 + 1)).toEqual([0, 0, 0]);
  });

  test('are the name alone where something was answered at the port', () => {
    expect(costs(afterFailure(t0, false), [elsewhere(way), two, literal], t0)).toEqual([
      shunnedMs,
      waryMs,
      0,
    ]);
  });

  test('are gone round anew from each that fails there, also where that is told late', () => {
    const shunned = afterFailure(t0 + 60_000);
    shunned.failed(two, { ...at(t0 + 70_000), port: true });
    shunned.failed(literal, { ...at(t0), port: true });
    const now = t0 + longestResidualMs + 69_999;
    expect(costs(shunned, [literal, elsewhere(way), elsewhere(two)], now)).toEqual([
      shunnedMs,
      waryMs,
      shunnedMs,
    ]);
  });

  test('are told apart by another name that is answered at that port, unless that was on its way', () => {
    const shunned = afterFailure();
    shunned.answered(two, at(t0 + 60));
    expect(costs(shunned, [two], t0 + 60)).toEqual([shunnedMs]);
    shunned.answered(two, at(t0 + 2000));
    expect(costs(shunned, [two, way], t0 + 2000)).toEqual([0, shunnedMs]);
  });

  test('are open with those that failed in the same moment when what had failed is answered: it was the line', () => {
    const shunned = afterFailure();
    shunned.failed(ofAnother, { ...at(t0 + 500), port: true });
    const later = { ...ofAnother, host: 'three.example', serverName: 'three.example', port: 8443 };
    shunned.failed(later, { ...at(t0 + 20_000), port: true });
    shunned.answered(way, at(t0 + 21_000));
    expect(costs(shunned, [way, two, ofAnother, later], t0 + 21_000)).toEqual([0, 0, waryMs, shunnedMs]);
  });

  test('are of no account in another place, nor after a clock was set back, nor where nothing is counted', () => {
    const shunned = afterFailure();
    expect(shunned.costMs(way, at(t0 + 1, 'home again'))).toBe(0);
    expect(shunned.costMs(way, at(t0 - 1))).toBe(0);
    const here = { ...way, host: 'localhost' };
    shunned.failed(here, { ...at(t0), port: true });
    expect(shunned.costMs(here, at(t0))).toBe(0);
  });

  test('are forgotten when there are too many', () => {
    const shunned = afterFailure();
    const fail = (port: number): void => shunned.failed({ ...literal, port }, { ...at(t0), port: true });
    for (let port = 1000; port < 1125; port += 1) fail(port);
    expect(shunned.costMs(way, at(t0))).toBe(shunnedMs);
    for (const port of [1125, 1126, 1127]) fail(port);
    expect(shunned.costMs(way, at(t0))).toBe(0);
  });
});

test.for(['silence', 'refuse'] as const)(
  'a browser that meets %s after a reset goes on at another port, and tries the first no more',
  async (how) => {
    const hosts = ['one.example', 'two.example', '203.0.113.10', '203.0.113.11'];
    const endpoints = hosts.flatMap((host) => [`https://${host}`, `https://${host}:8443`]);
    for (const seed of [1, 2, 3]) {
      const scene = dialerScene({}, { plain: true, endpoints, seed });
      const { rules, tries } = censor(() => scene.world.now(), { forMs: 120_000, how });
      scene.network.rules = rules;
      expect(await scene.world.run(deliver(scene))).toBeLessThan(1500);
      const took = await scene.world.run(chat(scene, { texts: 60, everyMs: 2000 }));
      expect(Math.max(...took)).toBeLessThan(3000);
      expect(tries).toEqual([]);
    }
  },
);

test('a browser whose names are gone from the directory loses no time over it', async () => {
  const endpoints = ['https://two.example', 'https://203.0.113.10'];
  const scene = dialerScene({ nameDead: () => true }, { plain: true, endpoints });
  expect(await scene.world.run(deliver(scene))).toBeLessThan(1500);
});

test('a browser whose watch was cut after it had stood for long goes on at the same port', async () => {
  const endpoints = ['https://two.example', 'https://three.example:8443'];
  const scene = dialerScene({ cutsMs: 12_000 }, { plain: true, endpoints });
  const { world, network } = scene;
  await expect(world.run(carry(scene, requestFor(300), { heldMs: 30_000 }))).rejects.toThrow();
  await world.run(deliver(scene));
  const [, next] = network.hellos.map(({ name }) => name);
  expect(next).toBe('two.example');
});

test('a browser one of whose names met silence goes on by an address, at another port, within the wait for one hello', async () => {
  const hosts = ['one.example', 'two.example', '203.0.113.10'];
  const endpoints = hosts.flatMap((host) => [`https://${host}`, `https://${host}:8443`]);
  const scene = dialerScene(
    { onHello: ({ serverName }) => (serverName === '' ? undefined : 'silence') },
    { plain: true, endpoints },
  );
  expect(await scene.world.run(deliver(scene))).toBeLessThan(dialRules.helloMs + 1000);
  expect(scene.network.hellos.map(({ name }) => name)).toEqual(['one.example']);
});

const near: Hint = { relay: 'near' as RelayId, address: 'near.example', port: 443, tls: true, path: 'other' };

/** A browser that knows another relay, which hands on. @returns how often that one was asked to as well */
function besideAnother(
  rules: NetworkRules,
  endpoints: readonly string[] = [],
): { readonly scene: DialerScene; readonly handedOn: () => number } {
  const scene = dialerScene(rules, { plain: true, endpoints });
  let times = 0;
  const ways: ForwardWays = {
    nears: () => [near],
    through: (by, direct) => ({
      name: 'forward',
      async *carry(_to, request, options) {
        times += 1;
        await scene.world.wait(80, options);
        yield* direct.carry(by, request, options);
      },
    }),
  };
  scene.dialer.forwardThrough(ways);
  return { scene, handedOn: () => times };
}

const ofOne = ({ host }: Way): boolean => host === 'one.example';

test.for<[what: string, rules: NetworkRules]>([
  ['is silent', { onHello: (way) => (ofOne(way) ? 'silence' : undefined) }],
  ['is reset', { onHello: (way) => (ofOne(way) ? 'reset' : undefined) }],
  ['is gone from the directory', { nameDead: (host) => host === 'one.example' }],
])('no other relay is asked to hand on where one of two names at one port %s', async ([, rules]) => {
  const { scene, handedOn } = besideAnother(rules, ['https://two.example']);
  const { world, dialer } = scene;
  for (let text = 0; text < 40; text += 1) {
    await world.run(deliver(scene));
    await world.pass(5000);
  }
  expect(handedOn()).toBe(0);
  expect(dialer.socketPlace(hint)).toBeDefined();
});

test('waits that a network cuts make no text late where another relay is known', async () => {
  const everyMs = 60_000;
  const { scene } = besideAnother({ cutsMs: 12_000 });
  const took = await scene.world.run(chat(scene, { texts: 20, everyMs }));
  expect(Math.max(...took)).toBeLessThan(6000);
});

test('what fails as the network changes says nothing of the next one', async () => {
  const world = timedWorld(1);
  const network = new SimulatedNetwork(world, { onHello: () => 'reset' }, { blind: true });
  let place = 'wifi 0';
  const parts = { world, https: network, choosesAddress: false, network: () => 'wifi', place: () => place };
  const dialer = openDialer(parts);
  const endpoints = ['https://two.example', 'https://three.example:8443'];
  dialer.learnCard(hint.relay as RelayId, { number: 1, endpoints });
  const failing = carry({ dialer }, requestFor(300), { to: hint }).catch(() => 0);
  await world.pass(100);
  place = 'wifi 1';
  network.rules = {};
  await world.run(failing);
  expect(network.hellos.map(({ name }) => name)).toEqual(['one.example', 'two.example']);
});

const named = ({ serverName }: Way): boolean => serverName !== '';
/** Hellos and connections that say a name fall silent from now on. */
const silentNames: NetworkRules = {
  onHello: (way) => (named(way) ? 'silence' : undefined),
  fate: (way) => (named(way) ? { stop: { direction: 'up', how: 'silence', after: () => 0 } } : undefined),
};
const hostsOfOne = ['one.example', 'two.example', '203.0.113.10', '203.0.113.11'];
const endpointsOfOne = hostsOfOne.flatMap((host) => [`https://${host}`, `https://${host}:8443`]);

/** Several requests at a time leave several connections behind, of which two say a name. */
async function useTwoNames(scene: DialerScene, atOnce = 2): Promise<void> {
  const before = scene.network.hellos.length;
  for (let round = 0; round < 3; round += 1) {
    await scene.world.run(Promise.all(Array.from({ length: atOnce }, () => deliver(scene))));
    await scene.world.pass(1000);
  }
  const names = scene.network.hellos.slice(before).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(hostsOfOne.slice(0, 2)));
}

test('a browser whose connections fell silent under their names asks no second name, but an address', async () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const scene = dialerScene({}, { plain: true, endpoints: endpointsOfOne, seed });
    const { world, network } = scene;
    await useTwoNames(scene);
    network.rules = silentNames;
    expect(await world.run(deliver(scene))).toBeLessThan(dialRules.firstByteMs + 1000);
    for (let text = 0; text < 5; text += 1) expect(await world.run(deliver(scene))).toBeLessThan(1000);
  }
});

test('no other relay is asked to hand on where connections fell silent under their names and an address is known', async () => {
  const { scene, handedOn } = besideAnother({}, endpointsOfOne);
  await useTwoNames(scene);
  scene.network.rules = silentNames;
  for (let text = 0; text < 20; text += 1) {
    await scene.world.run(deliver(scene));
    await scene.world.pass(5000);
  }
  expect(handedOn()).toBe(0);
});

test('nor where the one address is silent as well, and a second name would answer', async () => {
  const { scene, handedOn } = besideAnother({}, ['https://203.0.113.10', 'https://two.example']);
  const { world, network } = scene;
  const silence = (isSilent: (way: Way) => boolean): NetworkRules => ({
    onHello: (way) => (isSilent(way) ? 'silence' : undefined),
    fate: (way) =>
      isSilent(way) ? { stop: { direction: 'up', how: 'silence', after: () => 0 } } : undefined,
  });
  network.rules = silence(({ host }) => host !== near.address);
  await world.run(deliver(scene));
  network.rules = {};
  await world.pass(600_000);
  await useTwoNames(scene, 3);
  const before = handedOn();
  expect(before).toBeGreaterThan(0);
  network.rules = silence(({ host }) => host === 'one.example' || host === '203.0.113.10');
  await world.run(deliver(scene));
  expect(handedOn()).toBe(before);
});
