import { UnreachableError } from '@tern/protocol';
import { expect, test } from 'vitest';
import { carry, dialerScene, hint, type DialerScene } from './dialer-scene.ts';
import { requestFor } from '../src/testing/simulated-network.ts';

/** @returns whether all of the answer came */
async function read(scene: DialerScene, request: Uint8Array): Promise<boolean> {
  try {
    await carry(scene, request);
    return true;
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    return false;
  }
}

test('where little passes, what was cut is not believed to have passed: answers become small enough', async () => {
  const scene = dialerScene({ freeze: () => ({ down: 3000 }) });
  const fits: boolean[] = [];
  await scene.world.run(
    (async () => {
      for (let times = 0; times < 12; times += 1) {
        fits.push(await read(scene, requestFor(scene.dialer.budget(hint).downBytes)));
        await read(scene, requestFor(300));
      }
    })(),
  );
  expect(fits[0]).toBe(false);
  expect(fits.slice(-8)).toEqual(fits.slice(-8).map(() => true));
});

test.for([
  ['and nothing else is answered, it may be the line', false],
  ['and others are answered, it was frozen', true],
] as const)('where an answer stops in the middle, %s', async ([, others]) => {
  const scene = dialerScene({
    fate: (_way, request) =>
      request.length > 1000
        ? { stop: { direction: 'down', how: 'silence', after: (length) => length / 2 } }
        : undefined,
  });
  await scene.world.run(
    (async () => {
      for (let times = 0; times < 4; times += 1) {
        expect(await read(scene, requestFor(6000, 1001))).toBe(false);
        if (others) expect(await read(scene, requestFor(300))).toBe(true);
      }
    })(),
  );
  // only where connections freeze do many go side by side
  expect(scene.dialer.budget(hint, { bulk: true }).spare !== undefined).toBe(others);
});
