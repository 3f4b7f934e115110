import type { RelayId } from '@tern/protocol';
import { describe, expect, test } from 'vitest';
import { dialRules } from '../src/dialer/dial-rules.ts';
import { Shunned } from '../src/dialer/shunned.ts';
import { requestFor, type NetworkRules } from '../src/testing/simulated-network.ts';
import { carry, chat, deliver, dialerScene } from './dialer-scene.ts';
import { hint, way } from './plain-way.ts';

const t0 = 1_794_000_000_000;
const at = (now: number, place = 'home'): { now: number; place: string } => ({ now, place });
const two = { ...way, host: 'two.example', serverName: 'two.example' };
const literal = { ...way, host: '203.0.113.10', by: 'literal', serverName: '' } as const;
const ofAnother = { ...two, hint: { ...hint, relay: 'another' as RelayId } };

/** A connection by the plain way failed at that time. */
function afterFailure(now = t0): Shunned {
  const shunned = new Shunned();
  shunned.failed(way, at(now));
  return shunned;
}

describe('a name and a port of its relay at which a connection failed', () => {
  test('rest as long as such a place may be cut; what shares neither with it does not', () => {
    const shunned = afterFailure();
    for (const there of [way, two, literal, { ...way, port: 8443 }]) {
      expect(shunned.rests(there, at(t0 + dialRules.longestResidualMs - 1))).toBe(true);
      expect(shunned.rests(there, at(t0 + dialRules.longestResidualMs))).toBe(false);
    }
    const through = { ...way, carrier: 'forward', through: 'another' } as const;
    for (const elsewhere of [{ ...two, port: 8443 }, ofAnother, through, { ...way, tls: false }])
      expect(shunned.rests(elsewhere, at(t0 + 1))).toBe(false);
  });

  test('rest anew from each that fails there', () => {
    const shunned = afterFailure();
    shunned.failed(two, at(t0 + 60_000));
    expect(shunned.rests(literal, at(t0 + dialRules.longestResidualMs + 59_999))).toBe(true);
    expect(shunned.rests({ ...way, port: 8443 }, at(t0 + dialRules.longestResidualMs))).toBe(false);
  });

  test('are told apart by another name that is answered at that port, unless that was on its way', () => {
    const shunned = afterFailure();
    shunned.answered(two, at(t0 + 60));
    expect(shunned.rests(two, at(t0 + 60))).toBe(true);
    shunned.answered(two, at(t0 + 2000));
    expect(shunned.rests(two, at(t0 + 2000))).toBe(false);
    expect(shunned.rests(way, at(t0 + 2000))).toBe(true);
  });

  test('are open with those that failed in the same moment when what had failed is answered: it was the line', () => {
    const shunned = afterFailure();
    shunned.failed(ofAnother, at(t0 + 500));
    const later = { ...ofAnother, host: 'three.example', serverName: 'three.example', port: 8443 };
    shunned.failed(later, at(t0 + 20_000));
    shunned.answered(way, at(t0 + 21_000));
    for (const open of [way, two, ofAnother]) expect(shunned.rests(open, at(t0 + 21_000))).toBe(false);
    expect(shunned.rests(later, at(t0 + 21_000))).toBe(true);
  });

  test('make wary of the other names of the relay until one of them is answered', () => {
    const shunned = afterFailure();
    const other = { ...two, port: 8443 };
    expect(shunned.isWary(other, at(t0 + 1))).toBe(true);
    expect(shunned.isWary({ ...literal, port: 8443 }, at(t0 + 1))).toBe(false);
    expect(shunned.isWary(ofAnother, at(t0 + 1))).toBe(false);
    shunned.answered({ ...literal, port: 8443 }, at(t0 + 2000));
    expect(shunned.isWary(other, at(t0 + 2000))).toBe(true);
    shunned.answered(other, at(t0 + 3000));
    expect(shunned.isWary(other, at(t0 + 3000))).toBe(false);
    expect(shunned.rests(way, at(t0 + 3000))).toBe(true);
  });

  test('are of no account in another place, nor after a clock was set back, nor where nothing is counted', () => {
    const shunned = afterFailure();
    expect(shunned.rests(way, at(t0 + 1, 'home again'))).toBe(false);
    expect(shunned.rests(way, at(t0 - 1))).toBe(false);
    const here = { ...way, host: 'localhost' };
    shunned.failed(here, at(t0));
    expect(shunned.rests(here, at(t0))).toBe(false);
  });

  test('are forgotten when there are too many', () => {
    const shunned = afterFailure();
    for (let port = 1000; port < 1125; port += 1) shunned.failed({ ...literal, port }, at(t0));
    expect(shunned.rests(way, at(t0))).toBe(true);
    for (const port of [1125, 1126, 1127]) shunned.failed({ ...literal, port }, at(t0));
    expect(shunned.rests(way, at(t0))).toBe(false);
  });
});

/** Hellos with these names are reset, and then their address and port are cut, whoever goes there; all names lead to one address of two. */
function censor(
  now: () => number,
  options: { readonly names: readonly string[]; readonly how: 'silence' | 'refuse' },
): { readonly rules: NetworkRules; readonly tries: number[] } {
  const tries: number[] = [];
  const until = new Map<string, number>();
  const addressOf: NonNullable<NetworkRules['addressOf']> = ({ by, host }) =>
    by === 'literal' ? host : '203.0.113.10';
  return {
    tries,
    rules: {
      addressOf,
      onConnect(way) {
        const place = `${addressOf(way)} ${way.port}`;
        if ((until.get(place) ?? 0) <= now()) return undefined;
        tries.push(now());
        until.set(place, now() + 120_000);
        return options.how;
      },
      onHello(way) {
        if (!options.names.includes(way.serverName)) return undefined;
        until.set(`${addressOf(way)} ${way.port}`, now() + 120_000);
        return 'reset';
      },
    },
  };
}

test.for(['silence', 'refuse'] as const)(
  'a browser that meets %s after a reset goes on at another port, and tries the first no more',
  async (how) => {
    const hosts = ['one.example', 'two.example', '203.0.113.10', '203.0.113.11'];
    const endpoints = hosts.flatMap((host) => [`https://${host}`, `https://${host}:8443`]);
    for (const seed of [1, 2, 3]) {
      const scene = dialerScene({}, { plain: true, endpoints, seed });
      const { rules, tries } = censor(() => scene.world.now(), { names: ['one.example'], how });
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
