import type { Page } from 'playwright-core';

/** For anything that a page is to show: a busy machine is not a failure. */
export const longestWaitMs = 60_000;

/**
 * Ends when what is on the page has been drawn, and what a screen does only after that (Preact's effects: listening for keys, putting the
 * focus in its place, naming the window) is done. A person is never as quick as that; a test on a busy machine is.
 */
export function drawn(page: Page): Promise<void> {
  return page.evaluate(() => new Promise<void>((done) => requestAnimationFrame(() => setTimeout(done))));
}
