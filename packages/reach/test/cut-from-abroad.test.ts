import type { Hint, RelayId } from '@tern/protocol';
import { expect, test } from 'vitest';
import type { ForwardWays } from '../src/index.ts';
import { requestFor } from '../src/testing/simulated-network.ts';
import { carry, deliver, dialerScene, type DialerScene } from './dialer-scene.ts';

const near: Hint = { relay: 'near' as RelayId, address: 'near.example', port: 443, tls: true, path: 'other' };
const dead: Hint = { relay: 'dead' as RelayId, address: 'dead.example', port: 443, tls: true, path: 'third' };
const endpoints = [
  'https://two.example',
  ...['one.example', 'two.example', '203.0.113.9', '203.0.113.10'].map((host) => `https://${host}:8443`),
  'https://203.0.113.9',
  'https://203.0.113.10',
];

function handingOn(scene: DialerScene, nears: readonly Hint[]): ForwardWays {
  return {
    nears: () => nears,
    through: (by, direct) => ({
      name: 'forward',
      async *carry(_to, request, options) {
        await scene.world.wait(80, options);
        yield* direct.carry(by, request, options);
      },
    }),
  };
}

/** Nothing abroad is reached, in one of the ways in which that looks. */
function cut(how: 'connect' | 'hello', nears: readonly Hint[] = [near]): DialerScene {
  const silence = ({ host }: { readonly host: string }) => (host === 'near.example' ? undefined : 'silence');
  const scene = dialerScene(how === 'connect' ? { onConnect: silence } : { onHello: silence }, { endpoints });
  scene.dialer.forwardThrough(handingOn(scene, nears));
  return scene;
}

const straightTries = ({ dialer }: DialerScene): number =>
  dialer.reports().filter(({ way }) => way.carrier === 'https' && way.host !== 'near.example').length;

for (const how of ['connect', 'hello'] as const) {
  test(`a cut (${how}) is found out once: what was silent is not asked again before each text`, async () => {
    const scene = cut(how);
    expect(await scene.world.run(deliver(scene))).toBeLessThan(8000);
    const before = straightTries(scene);
    for (let text = 0; text < 10; text += 1) expect(await scene.world.run(deliver(scene))).toBeLessThan(4000);
    // now and then somebody looks
    expect(straightTries(scene) - before).toBeLessThanOrEqual(2);
  });

  test(`what a watch met in a cut (${how}) the text beside it need not meet`, async () => {
    const scene = cut(how);
    const { signal } = new AbortController();
    const watching = carry(scene, requestFor(300), { heldMs: 30_000 });
    const tookMs = async (): Promise<number> => {
      await scene.world.wait(6500, { signal });
      return deliver(scene);
    };
    expect(await scene.world.run(tookMs())).toBeLessThan(1000);
    await scene.world.run(watching);
  });
}

test('a watch does not wait for a relay in between that is silent itself', async () => {
  const scene = cut('connect', [dead, near]);
  const { world } = scene;
  const began = world.now();
  await world.run(carry(scene, requestFor(300), { heldMs: 30_000 }));
  const through = scene.dialer.reports().filter(({ way }) => way.carrier === 'forward');
  expect(through.find(({ ended }) => ended === 'ok')?.way.through).toBe('near');
  expect((through.find(({ way }) => way.through === 'near')?.at ?? Infinity) - began).toBeLessThan(12_000);
});

test('one name that is silent is not gone round while another leads there', async () => {
  const scene = cut('hello');
  scene.network.rules = {
    onHello: ({ serverName }) => (serverName === 'one.example' ? 'silence' : undefined),
  };
  for (let text = 0; text < 10; text += 1) await scene.world.run(deliver(scene));
  expect(scene.dialer.reports().some(({ way }) => way.carrier === 'forward')).toBe(false);
});

test('what is no longer cut is gone to by itself again', async () => {
  const scene = cut('connect');
  const { world, network } = scene;
  await world.run(deliver(scene));
  network.rules = {};
  const { signal } = new AbortController();
  const later = async (): Promise<number> => {
    await world.wait(300_000, { signal });
    return deliver(scene);
  };
  await world.run(later());
  expect(scene.dialer.reports().at(-1)?.way.carrier).toBe('https');
  expect(scene.dialer.reports().at(-1)?.way.host).not.toBe('near.example');
});
