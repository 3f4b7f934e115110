import { describe, expect, test } from 'vitest';
import type { NetworkRules } from './simulated-network.ts';
import { chat, deliver, dialerScene, download, type DialerScene, type SceneOptions } from './dialer-scene.ts';

const seeds = Array.from({ length: Number(process.env['SEEDS'] ?? 20) }, (_, at) => at + 1);
const twoNames = ['https://two.example:443'];
const everything = ['https://two.example:443', 'https://203.0.113.10:8443'];

async function over(
  rules: NetworkRules,
  options: SceneOptions,
  work: (scene: DialerScene) => Promise<void>,
): Promise<void> {
  for (const seed of seeds) {
    const scene = dialerScene(rules, { ...options, seed });
    await scene.world.run(work(scene));
  }
}

const max = (of: readonly number[]): number => Math.max(...of);

test('explore', async () => {
  const cases: [string, NetworkRules, SceneOptions][] = [
    ['open', {}, {}],
    ['open plain', {}, { plain: true }],
    ['dead', { nameDead: () => true }, {}],
    ['reset', { onHello: (way) => (way.serverName === '' ? undefined : 'reset') }, {}],
    ['silent', { onHello: (way) => (way.serverName === '' ? undefined : 'silence') }, {}],
    ['silent plain two', { onHello: (way) => (way.serverName === 'one.example' ? 'silence' : undefined) }, { plain: true, endpoints: twoNames }],
    ['p25', { freeze: () => ({ packets: 25 }) }, {}],
    ['p25 plain', { freeze: () => ({ packets: 25 }) }, { plain: true, endpoints: everything }],
    ['b16k', { freeze: () => ({ down: 12000 }) }, {}],
    ['up6k', { freeze: () => ({ up: 6000 }) }, {}],
    ['count', { ban: 'count' }, { plain: true }],
    ['count p25', { ban: 'count', freeze: () => ({ packets: 25 }) }, { plain: true, endpoints: twoNames }],
    ['mixed p25', { ban: 'mixed', freeze: () => ({ packets: 25 }) }, { plain: true }],
    ['count p25 agent', { ban: 'count', freeze: () => ({ packets: 25 }) }, {}],
    ['slow', { rttMs: 200, bytesPerSecond: 16000 }, { plain: true }],
    ['crawl', { throttled: (way) => (way.serverName === 'one.example' ? 650 : undefined) }, { plain: true, endpoints: twoNames }],
    ['throttle', { throttled: (way) => (way.serverName === 'one.example' ? 17500 : undefined) }, { plain: true, endpoints: twoNames }],
  ];
  for (const [name, rules, options] of cases) {
    if (process.env['CASE'] !== undefined && name !== process.env['CASE']) continue;
    const rows: string[] = [];
    for (const seed of seeds.slice(0, 3)) {
      const scene = dialerScene(rules, { ...options, seed });
      const first = await scene.world.run(deliver(scene));
      const took = await scene.world.run(chat(scene, { texts: 40, everyMs: 3000 }));
      const h1 = scene.network.hellos.length;
      const down = await scene.world.run(download(scene, 300_000));
      const up = await scene.world.run(download(scene, 300_000, 'up'));
      rows.push(`first ${first} texts p50 ${took.toSorted((a,b)=>a-b)[20]} max ${max(took)} hellos ${h1} down ${(down/1000).toFixed(1)} up ${(up/1000).toFixed(1)} hellos ${scene.network.hellos.length} bans ${scene.network.bans.length}`);
      if (process.env['CASE'] !== undefined) {
        for (const o of scene.dialer.observations()) if (o.ended !== 'ok' || process.env['ALL']) rows.push(JSON.stringify({ at: o.at - 1794000000000, w: `${o.way.by}:${o.way.host}:${o.way.serverName}`, b: o.bulk, h: o.held, n: o.exchangesBefore, s: o.stages, u: o.upBytes, d: o.downBytes, e: o.ended }));
        break;
      }
    }
    console.log(`${name}\n  ${rows.join('\n  ')}`);
  }
  expect(describe).toBeDefined();
  void over;
});
