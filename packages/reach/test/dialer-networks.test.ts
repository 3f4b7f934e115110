import { describe, expect, test } from 'vitest';
import {
  chat,
  deliver,
  dialerScene,
  download,
  downloadSideBySide,
  type DialerScene,
  type SceneOptions,
} from './dialer-scene.ts';
import type { Hello, NetworkRules } from '../src/testing/simulated-network.ts';

/** Many more can be tried: `SEEDS=300`. */
const seeds = Array.from({ length: Number(process.env['SEEDS'] ?? 3) }, (_, at) => at + 1);

/** Networks differ, so what is tried is never one network. */
interface Draw {
  /** a whole number in these bounds, the same for the same seed and name */
  (name: string, from: number, to: number): number;
}

function drawing(seed: number): Draw {
  return (name, from, to) => {
    let mixed = seed * 2_654_435_761;
    for (const character of name) mixed = Math.imul(mixed ^ character.charCodeAt(0), 16_777_619);
    mixed ^= mixed >>> 13;
    mixed = Math.imul(mixed, 1_540_483_477) ^ (mixed >>> 15);
    return from + ((mixed >>> 0) % (to - from + 1));
  };
}

async function over(
  rules: (draw: Draw) => NetworkRules,
  options: SceneOptions,
  work: (scene: DialerScene, draw: Draw) => Promise<void>,
): Promise<void> {
  for (const seed of seeds) {
    const draw = drawing(seed);
    const scene = dialerScene({ rttMs: draw('rtt', 30, 120), ...rules(draw) }, { ...options, seed });
    await scene.world.run(work(scene, draw));
    paced(scene.network.hellos);
  }
}

/** Whatever happens: no more than one start in 500 ms for one name, and no storm. */
function paced(hellos: readonly Hello[]): void {
  for (const name of new Set(hellos.map((hello) => hello.name))) {
    const times = hellos.filter((hello) => hello.name === name).map(({ at }) => at);
    const gaps = times.slice(1).map((at, place) => at - (times[place] ?? 0));
    expect(Math.min(Infinity, ...gaps)).toBeGreaterThanOrEqual(500);
  }
}

const slowest = (took: readonly number[]): number => Math.max(...took);
const twoNames: SceneOptions = { plain: true, endpoints: ['https://two.example:443'] };
const namesAndAddress: SceneOptions = {
  plain: true,
  endpoints: ['https://two.example:443', 'https://203.0.113.10:8443'],
};
const oneName: SceneOptions = { plain: true };
const agent: SceneOptions = {};
const named = (serverName: string): boolean => serverName !== '';
const hour = (scene: DialerScene, minutes: number): Promise<void> =>
  scene.world.wait(minutes * 60_000, { signal: new AbortController().signal });

describe('on an open network', () => {
  test('one connection carries everything, and grows fit for bulk', () =>
    over(
      () => ({}),
      agent,
      async (scene) => {
        expect(await deliver(scene)).toBeLessThan(500);
        expect(slowest(await chat(scene, { texts: 15, everyMs: 2000 }))).toBeLessThan(500);
        expect(await download(scene, 1_000_000)).toBeLessThan(5000);
        expect(await download(scene, 1_000_000, 'up')).toBeLessThan(5000);
        expect(scene.network.hellos.length).toBeLessThanOrEqual(3);
      },
    ));
});

describe('one block at a time', () => {
  test('a dead name is passed by over other resolvers', () =>
    over(
      () => ({ nameDead: () => true }),
      agent,
      async (scene) => {
        expect(await deliver(scene)).toBeLessThan(2000);
        expect(slowest(await chat(scene, { texts: 15, everyMs: 2000 }))).toBeLessThan(2000);
      },
    ));

  test('a name that is reset is passed by without saying it, and is left in peace', () =>
    over(
      () => ({ onHello: ({ serverName }) => (named(serverName) ? 'reset' : undefined) }),
      agent,
      async (scene) => {
        expect(await deliver(scene)).toBeLessThan(3000);
        expect(slowest(await chat(scene, { texts: 30, everyMs: 4000 }))).toBeLessThan(3000);
        expect(scene.network.hellos.length).toBeLessThanOrEqual(3);
      },
    ));

  test('a name whose hello is swallowed is passed by, and is left in peace', () =>
    over(
      () => ({ onHello: ({ serverName }) => (named(serverName) ? 'silence' : undefined) }),
      agent,
      async (scene) => {
        expect(await deliver(scene)).toBeLessThan(6000);
        expect(slowest(await chat(scene, { texts: 30, everyMs: 4000 }))).toBeLessThan(6000);
        expect(scene.network.hellos.length).toBeLessThanOrEqual(3);
      },
    ));

  test('names after whose hello nothing more passes are passed by, however many ways say them', () =>
    over(
      () => ({ freeze: ({ serverName }) => (named(serverName) ? { packets: 15 } : undefined) }),
      { endpoints: ['https://one.example:8443', 'https://two.example:443', 'https://two.example:8443'] },
      async (scene) => {
        expect(await deliver(scene)).toBeLessThan(15_000);
        expect(slowest(await chat(scene, { texts: 20, everyMs: 4000 }))).toBeLessThan(10_000);
        expect(await download(scene, 100_000)).toBeLessThan(60_000);
      },
    ));

  test('a browser takes the other name where one is swallowed, or its address is', () =>
    over(
      (draw) =>
        draw('kind', 0, 1) === 0
          ? { onHello: ({ host }) => (host === 'one.example' ? 'silence' : undefined) }
          : { onConnect: ({ host }) => (host === 'one.example' ? 'silence' : undefined) },
      twoNames,
      async (scene) => {
        expect(await deliver(scene)).toBeLessThan(6000);
        expect(slowest(await chat(scene, { texts: 15, everyMs: 4000 }))).toBeLessThan(6000);
      },
    ));

  test.for([
    ['after so many packets', (draw: Draw) => ({ packets: draw('packets', 22, 32) })],
    ['after so many bytes down', (draw: Draw) => ({ down: draw('down', 9000, 16_000) })],
    ['after so many bytes up', (draw: Draw) => ({ up: draw('up', 5000, 12_000) })],
  ] as const)(
    'connections that freeze %s carry texts within seconds and files within two minutes',
    ([, limit]) =>
      over(
        (draw) => ({ freeze: () => limit(draw) }),
        namesAndAddress,
        async (scene) => {
          expect(await deliver(scene)).toBeLessThan(500);
          expect(slowest(await chat(scene, { texts: 20, everyMs: 4000 }))).toBeLessThan(6000);
          expect(await download(scene, 300_000)).toBeLessThan(120_000);
          expect(await download(scene, 100_000, 'up')).toBeLessThan(120_000);
          expect(slowest(await chat(scene, { texts: 5, everyMs: 4000 }))).toBeLessThan(15_000);
        },
      ),
  );

  test('a slow line without another way carries texts, also beside a file', () =>
    over(
      () => ({ rttMs: 200, bytesPerSecond: 16_000 }),
      oneName,
      async (scene) => {
        expect(await deliver(scene)).toBeLessThan(3000);
        const [down, texts] = await Promise.all([
          download(scene, 300_000),
          chat(scene, { texts: 8, everyMs: 2000 }),
        ]);
        expect(down).toBeLessThan(60_000);
        expect(slowest(texts)).toBeLessThan(8000);
      },
    ));

  test('a line that crawls without another way still carries texts', () =>
    over(
      () => ({ rttMs: 600, bytesPerSecond: 1200 }),
      oneName,
      async (scene) => {
        expect(await deliver(scene)).toBeLessThan(30_000);
        expect(slowest(await chat(scene, { texts: 10, everyMs: 10_000 }))).toBeLessThan(20_000);
      },
    ));

  test.for([
    ['an agent', agent, 70_000],
    // whose connections end with every second answer, so that it waits for leave to start others
    ['a browser without sockets', twoNames, 220_000],
  ] as const)('a throttled name loses files to a way beside it that is fast: %s', ([, options, mostMs]) =>
    over(
      () => ({ throttled: ({ serverName }) => (serverName === 'one.example' ? 17_500 : undefined) }),
      options,
      async (scene) => {
        await chat(scene, { texts: 5, everyMs: 2000 });
        // all of it over the throttled one would take four minutes
        expect(await download(scene, 4_000_000)).toBeLessThan(mostMs);
      },
    ),
  );
});

describe('names that are banned for their hellos', () => {
  for (const ban of ['run', 'mixed'] as const)
    test(`none is banned where gaps decide (${ban}), with or without a freeze`, () =>
      over(
        (draw) => ({
          ban,
          ...(draw('freeze', 0, 1) === 1 && { freeze: () => ({ packets: draw('packets', 23, 30) }) }),
        }),
        twoNames,
        async (scene) => {
          expect(slowest(await chat(scene, { texts: 20, everyMs: 4000 }))).toBeLessThan(15_000);
          await download(scene, 200_000);
          expect(slowest(await chat(scene, { texts: 5, everyMs: 4000 }))).toBeLessThan(15_000);
          expect(scene.network.bans).toEqual([]);
        },
      ));

  test('where hellos are counted, finding that out costs one ban at most, and none comes after', () =>
    over(
      (draw) => ({
        ban: 'count',
        ...(draw('freeze', 0, 1) === 1 && { freeze: () => ({ packets: draw('packets', 23, 30) }) }),
      }),
      namesAndAddress,
      async (scene) => {
        expect(slowest(await chat(scene, { texts: 20, everyMs: 4000 }))).toBeLessThan(15_000);
        await download(scene, 300_000);
        expect(slowest(await chat(scene, { texts: 20, everyMs: 4000 }))).toBeLessThan(15_000);
        // who keeps connections asks for no more of them than is careful, until there is much to fetch
        await downloadSideBySide(scene, 300_000);
        expect(scene.network.bans.length).toBeLessThanOrEqual(1);
        await hour(scene, 70);
        const before = scene.network.bans.length;
        await chat(scene, { texts: 20, everyMs: 4000 });
        await download(scene, 100_000);
        expect(scene.network.bans.length).toBe(before);
      },
    ));

  test('an agent goes on without saying the name', () =>
    over(
      (draw) => ({ ban: 'count', freeze: () => ({ packets: draw('packets', 23, 30) }) }),
      agent,
      async (scene) => {
        expect(slowest(await chat(scene, { texts: 20, everyMs: 4000 }))).toBeLessThan(8000);
        expect(await download(scene, 300_000)).toBeLessThan(120_000);
        expect(scene.network.bans.length).toBeLessThanOrEqual(1);
      },
    ));

  test('a banned name is not dialled while its ban lasts', () =>
    over(
      () => ({ ban: 'count', freeze: () => ({ packets: 25 }) }),
      oneName,
      async (scene) => {
        await chat(scene, { texts: 30, everyMs: 3000 });
        const { bans, hellos } = scene.network;
        expect(bans.length).toBeLessThanOrEqual(1);
        for (const ban of bans)
          expect(hellos.filter(({ at }) => at > ban.at && at < ban.at + 120_000)).toEqual([]);
      },
    ));
});

test.for(['cut', 'silence'] as const)(
  'a first request that meets %s, where nobody says why, is not taken for a ban',
  (how) =>
    over(
      (draw) => {
        let left = 1;
        const after = (length: number): number => (length * draw('percent', 0, 90)) / 100;
        return { fate: () => ((left -= 1) >= 0 ? { stop: { direction: 'up', how, after } } : undefined) };
      },
      oneName,
      async (scene) => {
        const took: number[] = [];
        for (let text = 0; text < 10; text += 1) {
          took.push(await deliver(scene));
          await scene.world.wait(4000, { signal: new AbortController().signal });
        }
        // three starts a minute are what there is of an unknown name; a ban would be sat out for two
        expect(slowest(took)).toBeLessThan(65_000);
      },
    ),
);

describe('files where connections freeze', () => {
  const addresses: SceneOptions = {
    endpoints: ['https://two.example:443', 'https://203.0.113.10', 'https://203.0.113.11'],
  };

  test('go over many connections at a time once that is known, none of a name faster than before', () =>
    over(
      (draw) => ({ freeze: () => ({ packets: draw('packets', 24, 32) }) }),
      addresses,
      async (scene) => {
        await chat(scene, { texts: 15, everyMs: 2000 });
        await downloadSideBySide(scene, 300_000);
        expect(await downloadSideBySide(scene, 1_000_000)).toBeLessThan(8000);
        // and a text beside
        const file = downloadSideBySide(scene, 1_000_000);
        expect(await deliver(scene)).toBeLessThan(3000);
        await file;
      },
    ));
});

describe('blocks that come and go', () => {
  test('one that begins in the middle of a file costs texts a few seconds, and the file goes on', () =>
    over(
      () => ({}),
      agent,
      async (scene, draw) => {
        await chat(scene, { texts: 10, everyMs: 1000 });
        const file = download(scene, 3_000_000);
        await scene.world.wait(draw('begins', 50, 900), { signal: new AbortController().signal });
        const { rules } = scene.network;
        scene.network.rules = {
          ...rules,
          freeze: ({ serverName }) => (named(serverName) ? { packets: 0 } : undefined),
          onHello: ({ serverName }) => (named(serverName) ? 'silence' : undefined),
        };
        expect(slowest(await chat(scene, { texts: 10, everyMs: 3000 }))).toBeLessThan(15_000);
        expect(await file).toBeLessThan(60_000);
      },
    ));

  test('one that ends is noticed, and the plain way is taken again', () =>
    over(
      () => ({ onHello: ({ serverName }) => (named(serverName) ? 'silence' : undefined) }),
      agent,
      async (scene) => {
        await chat(scene, { texts: 5, everyMs: 2000 });
        const { onHello: _, ...rules } = scene.network.rules;
        scene.network.rules = rules;
        await hour(scene, 15);
        const before = scene.network.hellos.length;
        expect(slowest(await chat(scene, { texts: 300, everyMs: 20_000 }))).toBeLessThan(3000);
        expect(scene.network.hellos.length).toBeGreaterThan(before);
      },
    ));

  test('an outage ends without a storm, and texts leave soon after it', () =>
    over(
      () => ({ onConnect: () => 'silence' }),
      namesAndAddress,
      async (scene, draw) => {
        const lasts = draw('lasts', 20, 200) * 1000;
        const text = deliver(scene);
        await scene.world.wait(lasts, { signal: new AbortController().signal });
        const { onConnect: _, ...rules } = scene.network.rules;
        scene.network.rules = rules;
        // the pause of whoever asked, and one last try that the outage still saw
        expect((await text) - lasts).toBeLessThan(110_000);
        expect(scene.network.hellos.length).toBeLessThanOrEqual(4);
      },
    ));

  test('hellos that are swallowed everywhere for a while are few, and end with it', () =>
    over(
      () => ({ onHello: () => 'silence' }),
      agent,
      async (scene) => {
        const text = deliver(scene);
        await scene.world.wait(300_000, { signal: new AbortController().signal });
        expect(scene.network.hellos.length).toBeLessThanOrEqual(8);
        const { onHello: _, ...rules } = scene.network.rules;
        scene.network.rules = rules;
        expect((await text) - 300_000).toBeLessThan(150_000);
      },
    ));
});

describe('two blocks at once', () => {
  test('a swallowed name, and a freeze of all others', () =>
    over(
      (draw) => ({
        onHello: ({ host }) => (host === 'one.example' ? 'silence' : undefined),
        freeze: () => ({ packets: draw('packets', 23, 30) }),
      }),
      namesAndAddress,
      async (scene) => {
        expect(await deliver(scene)).toBeLessThan(6000);
        expect(slowest(await chat(scene, { texts: 20, everyMs: 4000 }))).toBeLessThan(10_000);
        expect(await download(scene, 200_000)).toBeLessThan(120_000);
      },
    ));

  test('a dead name and a counted, freezing one', () =>
    over(
      (draw) => ({
        nameDead: () => true,
        ban: 'count',
        freeze: () => ({ packets: draw('packets', 23, 30) }),
      }),
      agent,
      async (scene) => {
        expect(slowest(await chat(scene, { texts: 20, everyMs: 4000 }))).toBeLessThan(8000);
        expect(scene.network.bans.length).toBeLessThanOrEqual(1);
      },
    ));
});

test('a text does not wait behind files that want everything', () =>
  over(
    () => ({ freeze: () => ({ packets: 25 }) }),
    twoNames,
    async (scene) => {
      await chat(scene, { texts: 5, everyMs: 3000 });
      const files = Promise.all([download(scene, 60_000), download(scene, 60_000), download(scene, 60_000)]);
      expect(slowest(await chat(scene, { texts: 10, everyMs: 4000 }))).toBeLessThan(15_000);
      await files;
    },
  ));

test('what yesterday taught is known at the start', async () => {
  const rules: NetworkRules = { onHello: ({ serverName }) => (named(serverName) ? 'silence' : undefined) };
  const [today, tomorrow] = [dialerScene(rules, agent), dialerScene(rules, agent)];
  await today.world.run(deliver(today));
  tomorrow.dialer.load(today.dialer.record());
  await tomorrow.world.pass(24 * 3_600_000);
  expect(await tomorrow.world.run(deliver(tomorrow))).toBeLessThan(1000);
  expect(tomorrow.network.hellos).toEqual([]);
});
