import { UnreachableError, type World } from '@tern/protocol';
import { expect, test } from 'vitest';
import { requestFor, type NetworkRules } from '../src/testing/simulated-network.ts';
import { carry, chat, dialerScene, type DialerScene } from './dialer-scene.ts';

const pausesMs = [50, 900, 7000, 20_000, 70_000];

function below(world: Pick<World, 'randomBytes'>, most: number): number {
  return ((world.randomBytes(1)[0] ?? 0) * most) >> 8;
}

/** Some requests side by side, small and large, and a while later some more. */
async function hurry(scene: DialerScene): Promise<void> {
  const { world } = scene;
  const { signal } = new AbortController();
  const ask = async (): Promise<void> => {
    const [bulk, upBytes] = [below(world, 4) === 0, below(world, 3) === 0 ? 3000 : 700];
    try {
      await carry(scene, requestFor(bulk ? 4000 : 300, upBytes), { bulk });
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
    }
  };
  for (let round = 0; round < 12; round += 1) {
    await Promise.all(Array.from({ length: 1 + below(world, 3) }, ask));
    await world.wait(pausesMs[below(world, pausesMs.length)] ?? 0, { signal });
  }
}

/** An app that waits for news, sends now and then, fetches something and is left alone. @returns ms from one hello to the next */
async function gapsOf(rules: NetworkRules, seed: number): Promise<readonly number[]> {
  const scene = dialerScene({ rttMs: 80, ...rules }, { plain: true, seed });
  const { world, network } = scene;
  await world.run(Promise.all([chat(scene, { texts: 10, everyMs: 9000 }), hurry(scene)]));
  return network.hellos.slice(1).map(({ at }, place) => at - (network.hellos[place]?.at ?? 0));
}

const networks: readonly (readonly [string, NetworkRules])[] = [
  ['is open', {}],
  ['freezes', { freeze: () => ({ packets: 25 }) }],
  ['counts', { ban: 'count' }],
];

test.each(networks)(
  'where the network %s a browser opens no connection right after another, whichever it takes for a request',
  async (_, rules) => {
    for (let seed = 1; seed <= 12; seed += 1) {
      const gaps = await gapsOf(rules, seed);
      expect(gaps.length).toBeGreaterThan(0);
      expect([seed, gaps.filter((gap) => gap < 400)]).toEqual([seed, []]);
    }
  },
);
