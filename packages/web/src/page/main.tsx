import { loadAsset, shellStuck } from '../shell/handover.ts';
import { isHome } from '../shell/look.ts';
import { showEarlyTalk } from './early/early-screen.tsx';
import { openEarlyTalk, type EarlyTalk } from './early/early-talk.ts';
import { followPreferences } from './preferences.ts';

/**
 * The page's entry, and all that a bad line has to bring before somebody who was invited can write: speaks the person's language, takes
 * what they say, and brings the app. Lives as long as its tab.
 */
async function main(): Promise<void> {
  const ending = new AbortController();
  const root = document.querySelector<HTMLElement>('#app');
  if (root === null) throw new TypeError('the first page has no place for the app');
  const opening = openEarlyTalk(ending.signal);
  // the app comes while the words do
  const app = bringApp(opening);
  const [early] = await Promise.all([opening, followPreferences(ending.signal)]);
  if (early !== undefined) showEarlyTalk(early, ending.signal);
  // from here on somebody who was invited can write
  performance.mark(firstScreen);
  bringAhead(early);
  const { startApp } = await app;
  startApp(root, { early, ending: ending.signal });
}

/** As measurements know it. */
const firstScreen = 'tern-first-screen';

/** What will be needed comes in the order in which it will be. What fails is asked for again where it is. */
function bringAhead(early: EarlyTalk | undefined): void {
  const names = [...(isHome() || early?.name.peek() !== undefined ? [] : ['new']), 'engine'];
  for (const name of names)
    loadAsset(name, name === 'engine' ? progressOf(early) : undefined).catch(() => undefined);
}

function progressOf(early: EarlyTalk | undefined): ((done: number) => void) | undefined {
  return (
    early &&
    ((done) => {
      early.progress.value = done;
    })
  );
}

async function bringApp(opening: Promise<EarlyTalk | undefined>): Promise<typeof import('./start.ts')> {
  for (;;) {
    try {
      await loadAsset('app');
      return await import('./start.ts');
    } catch {
      const early = await opening;
      await (early?.name.peek() === undefined ? shellStuck() : early.ask('early.stuck', 'common.tryAgain'));
    }
  }
}

void main();
