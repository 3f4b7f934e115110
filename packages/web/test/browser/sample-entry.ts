import type { PageTests } from '../support/page-tests.ts';

export const tests: PageTests = (test, given) => {
  test('one that passes', async () => {
    await crypto.subtle.digest('SHA-256', new Uint8Array(1));
  });
  test('one that fails', async () => {
    const place = typeof document === 'undefined' ? 'a worker' : 'a page';
    await Promise.reject(new Error(`${String(given['word'])} from ${place}`));
  });
};
