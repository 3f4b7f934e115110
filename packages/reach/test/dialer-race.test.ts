import { expect, test } from 'vitest';
import { dialRules } from '../src/dialer/dial-rules.ts';
import { requestFor, type Hello, type NetworkRules } from '../src/testing/simulated-network.ts';
import { carry, dialerScene, download, type DialerScene } from './dialer-scene.ts';

/** A terminal that can say a name and nothing else, and sees how each connection ends. */
const terminal = { plain: true, blind: false };
const samePort = 'https://one.example:8443';
const otherName = 'https://two.example:443';

/** The first exchange of all is cut before anything of it came; all others pass. */
function firstCut(): NetworkRules {
  let exchanges = 0;
  return {
    fate: () => {
      exchanges += 1;
      return exchanges > 1 ? undefined : { stop: { direction: 'up', how: 'cut', after: () => 0 } };
    },
  };
}

const gapsMs = (hellos: readonly Hello[]): readonly number[] =>
  hellos.slice(1).map(({ at }, place) => at - (hellos[place]?.at ?? 0));

const names = ({ network }: DialerScene): readonly string[] => network.hellos.map(({ name }) => name);

test('one request says the same name again after a second and a half and no sooner, also where the first was cut', async () => {
  const scene = dialerScene(firstCut(), { ...terminal, endpoints: [samePort] });
  await scene.world.run(carry(scene, requestFor(300)));
  expect(names(scene)).toEqual(['one.example', 'one.example']);
  const [gapMs = 0] = gapsMs(scene.network.hellos);
  expect(gapMs).toBeGreaterThanOrEqual(dialRules.sameNameMs);
  expect(gapMs).toBeLessThan(dialRules.sameNameMs + 500);
});

test('a name that was looked up for long is not said right after it was said at an address that was found sooner', async () => {
  for (const lookupMs of [1550, 1600, 1650, 1700, 1750]) {
    const scene = dialerScene({ lookupMs, rttMs: 60 });
    await scene.world.run(carry(scene, requestFor(300)));
    await scene.world.pass(10_000);
    expect(Math.min(Infinity, ...gapsMs(scene.network.hellos))).toBeGreaterThanOrEqual(dialRules.sameNameMs);
  }
});

test('another name follows at once', async () => {
  const scene = dialerScene(firstCut(), { ...terminal, endpoints: [samePort, otherName] });
  await scene.world.run(carry(scene, requestFor(300)));
  expect(names(scene)).toEqual(['one.example', 'two.example']);
  expect(gapsMs(scene.network.hellos)[0]).toBeLessThan(500);
});

test('a silent port costs what its silence costs, and the same name at another port no wait beside it', async () => {
  const silent: NetworkRules = { onConnect: ({ port }) => (port === 443 ? 'silence' : undefined) };
  const scene = dialerScene(silent, { ...terminal, endpoints: [samePort] });
  const began = scene.world.now();
  await scene.world.run(carry(scene, requestFor(300)));
  expect(scene.world.now() - began).toBeLessThan(dialRules.connectMs + 500);
});

test('a kept connection that the relay had closed costs no such wait: its name was not said', async () => {
  let exchanges = 0;
  const closed = { stop: { direction: 'up', how: 'cut', after: () => 0 } } as const;
  const rules: NetworkRules = { fate: () => ((exchanges += 1) === 2 ? closed : undefined) };
  const scene = dialerScene(rules, terminal);
  await scene.world.run(carry(scene, requestFor(300)));
  await scene.world.pass(1000);
  const asked = scene.world.now();
  await scene.world.run(carry(scene, requestFor(300)));
  expect(names(scene)).toEqual(['one.example', 'one.example']);
  expect(scene.world.now() - asked).toBeLessThan(500);
});

test('several requests race nobody: where nobody counts, connections of one name begin as its pace allows', async () => {
  const scene = dialerScene({ freeze: () => ({ packets: 26 }) }, terminal);
  await scene.world.run(download(scene, 300_000));
  const gaps = gapsMs(scene.network.hellos).slice(-10);
  expect(gaps.length).toBe(10);
  for (const gap of gaps) {
    expect(gap).toBeGreaterThanOrEqual(dialRules.gapMs);
    expect(gap).toBeLessThan(1000);
  }
});
