import { asProbed, diagnoseAgain, type Observation, type Way } from '@tern/reach/diagnosis';
import { piecesInBook } from '@tern/reach/node';
import { expect, test } from 'vitest';
import { chat, dialerScene, download, hint } from './dialer-scene.ts';
import { observationOf } from '../src/dialer/told-observation.ts';
import type { NetworkRules } from '../src/testing/simulated-network.ts';
import { attempt } from './synthetic/hand-made.ts';

const probed: Way = { key: 'https one', kind: 'https', name: hint.address, port: 443, relay: 'relay' };

/** A person writes and gets a photo over a network like that, and asks half a minute later, when a small exchange is answered. */
async function toldAfter(rules: NetworkRules, everyMs: number): Promise<string> {
  const scene = dialerScene(rules, { endpoints: ['https://one.example', 'https://two.example'] });
  await scene.world.run(
    (async () => {
      await chat(scene, { texts: 6, everyMs });
      await download(scene, 60_000);
      await chat(scene, { texts: 6, everyMs });
    })(),
  );
  const now = scene.world.now() + 30_000;
  const seen = scene.dialer.reports().map((report) => observationOf(report, hint.relay));
  const inPieces = piecesInBook(scene.dialer.record(), [hint], { network: 'home', now });
  const earlier = {
    observations: asProbed([probed], seen, 0),
    pieces: new Set(inPieces.size > 0 ? [probed.key] : []),
  };
  const made: Observation[] = [{ ...attempt(probed, 0), beganAt: now - 220, endedAt: now }];
  const [, way] = diagnoseAgain({ ways: [probed], earlier, made }, { now });
  return `${way?.cause.kind}${way?.evidence.earlier === true ? ' earlier' : ''}`;
}

test('what freezes the connections of a dialer is told by what it left behind', async () => {
  for (const freeze of [{ packets: 25 }, { down: 16_000 }, { down: 19_000 }])
    expect([freeze, await toldAfter({ freeze: () => freeze }, 5000)]).toEqual([freeze, 'frozen earlier']);
});

test('a line on which nothing freezes is not said to, be it slow, or forgetful of what rests', async () => {
  expect(await toldAfter({}, 5000)).toBe('works');
  expect(await toldAfter({ bytesPerSecond: 12_000 }, 5000)).toBe('works');
  expect(await toldAfter({ forgetsMs: 20_000 }, 45_000)).toBe('works');
  expect(await toldAfter({ throttled: () => 15_000 }, 5000)).toBe('works');
});
