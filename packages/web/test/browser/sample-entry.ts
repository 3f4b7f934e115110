import type { PageTests } from '../support/page-tests.ts';

const ownWorker = 'own';
let ran = false;

export const tests: PageTests = (test, given) => {
  ran = true;
  test('one that passes', async () => {
    await crypto.subtle.digest('SHA-256', new Uint8Array(1));
  });
  test('one that fails', async () => {
    const place = typeof document === 'undefined' ? 'a worker' : 'a page';
    await Promise.reject(new Error(`${String(given['word'])} from ${place}`));
  });
  test('one with a worker of its own', async () => {
    const own = new Worker('/tests.js', { type: 'module', name: ownWorker });
    const ranThere = await new Promise<unknown>((resolve, reject) => {
      own.addEventListener('error', (event) => reject(new Error(event.message)));
      own.addEventListener('message', ({ data }: MessageEvent<unknown>) => resolve(data));
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is a worker
      own.postMessage(given);
    });
    own.terminate();
    if (ranThere !== false) throw new Error('what it was told ran the tests again');
  });
};

// the same script in the worker of the last test: it says whether tests ran there
if (Reflect.get(globalThis, 'name') === ownWorker)
  addEventListener('message', () => setTimeout(() => postMessage(ran)));
