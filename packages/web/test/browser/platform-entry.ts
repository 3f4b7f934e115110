import { noblePrimitives, UsageError } from '@tern/protocol';
import { browserPrimitives, browserWorld } from '@tern/reach/browser';
import type { PageTests } from '../support/page-tests.ts';

const { signal: never } = new AbortController();

function holds(condition: boolean, what: string): void {
  if (!condition) throw new UsageError(`it does not hold that ${what}`);
}

export const tests: PageTests = (test) => {
  test('random bytes come in any length, and never twice', async () => {
    const large = browserWorld.randomBytes(200_000);
    holds(large.length === 200_000, 'there are as many as were asked for');
    holds(
      large.subarray(199_000).some((byte) => byte !== 0),
      'the last ones are random too',
    );
    holds(browserWorld.randomBytes(0).length === 0, 'none can be asked for');
    const seen = new Set(Array.from({ length: 1000 }, () => browserWorld.randomBytes(16).join()));
    holds(seen.size === 1000, 'all differ');
  });

  test('a wait takes about its time, by this machine’s clock', async () => {
    const before = browserWorld.now();
    holds(Math.abs(before - Date.now()) < 5000, 'the clock is the machine’s');
    await browserWorld.wait(60, { signal: never });
    holds(browserWorld.now() - before >= 55, 'it waited');
    await browserWorld.wait(0, { signal: never });
  });

  test('a wait ends with the signal’s reason, before it began and while it lasts, however long it is', async () => {
    const reason = new Error('enough');
    for (const abort of ['before', 'after'] as const) {
      const controller = new AbortController();
      if (abort === 'before') controller.abort(reason);
      const waiting = browserWorld.wait(10_000_000_000, { signal: controller.signal });
      if (abort === 'after') controller.abort(reason);
      holds(
        (await waiting.then(
          () => undefined,
          (error: unknown) => error,
        )) === reason,
        'the reason came',
      );
    }
  });

  test('what is sealed here opens anywhere, and the curves agree', async () => {
    const key = browserWorld.randomBytes(32);
    const nonce = browserWorld.randomBytes(12);
    const text = browserWorld.randomBytes(3000);
    const sealed = browserPrimitives.seal(key, nonce, text, new Uint8Array());
    holds(noblePrimitives.open(key, nonce, sealed, new Uint8Array())?.join() === text.join(), 'it opens');
    const signature = browserPrimitives.ed25519Sign(key, text);
    holds(
      noblePrimitives.ed25519Verify(noblePrimitives.ed25519PublicKey(key), text, signature),
      'it verifies',
    );
  });
};
