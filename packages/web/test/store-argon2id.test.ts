import { argon2id } from '@noble/hashes/argon2.js';
import { argon2idContract } from '@tern/core/testing';
import { utf8 } from '@tern/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { browserArgon2id } from '../src/store/argon2id.ts';
import { serveEntry } from './support/in-browser.ts';

argon2idContract(test, browserArgon2id);

test('Argon2id gives what noble gives, at any size', async () => {
  const bytes = fc.uint8Array({ maxLength: 200 });
  const salt = fc.uint8Array({ minLength: 8, maxLength: 64 });
  const cost = fc.record({
    memoryKiB: fc.integer({ min: 8, max: 1100 }),
    passes: fc.integer({ min: 1, max: 4 }),
  });
  // noble cuts what is no multiple of four beyond 64 bytes
  const length = fc.integer({ min: 1, max: 40 }).map((words) => 4 * words);
  await fc.assert(
    fc.asyncProperty(bytes, salt, cost, length, async (password, salty, { memoryKiB, passes }, size) => {
      const ours = await browserArgon2id({ password, salt: salty, memoryKiB, passes, bytes: size });
      const theirs = argon2id(password, salty, { m: memoryKiB, t: passes, p: 1, dkLen: size });
      expect(ours).toEqual(new Uint8Array(theirs));
    }),
    { numRuns: 60 },
  );
});

test('whoever sends a message while a passcode is tried is answered meanwhile', async () => {
  const { port1, port2 } = new MessageChannel();
  let answered = 0;
  port1.addEventListener('message', () => {
    answered += 1;
    port2.postMessage(undefined);
  });
  port1.start();
  port2.postMessage(undefined);
  await browserArgon2id({
    password: utf8('passcode'),
    salt: new Uint8Array(16),
    memoryKiB: 19_456,
    passes: 2,
    bytes: 32,
  });
  port1.close();
  expect(answered).toBeGreaterThan(3);
});

test('what a home in the browser is made of needs no WebAssembly', async () => {
  await using site = await serveEntry(new URL('browser/store-home-key-entry.ts', import.meta.url));
  const script = await (await fetch(`${site.origin}/tests.js`)).text();
  expect(script).toContain('TERNKEY');
  expect(script).not.toContain('WebAssembly');
});
