import { expect, test } from 'vitest';
import { nodeWorld } from '../src/node/index.ts';

test('waiting ends after its time, or with the signal’s own reason', async () => {
  const before = nodeWorld.now();
  await nodeWorld.wait(5, { signal: new AbortController().signal });
  expect(nodeWorld.now()).toBeGreaterThanOrEqual(before + 4);
  const reason = new Error('enough');
  await expect(nodeWorld.wait(5, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const controller = new AbortController();
  const waiting = nodeWorld.wait(60_000, { signal: controller.signal });
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});

test('random bytes are as many as asked for, and other ones each time', () => {
  const drawn = Array.from({ length: 50 }, () => Buffer.from(nodeWorld.randomBytes(16)).toString('hex'));
  expect(new Set(drawn).size).toBe(50);
  expect(nodeWorld.randomBytes(0).length).toBe(0);
});
