import { startPage } from './app.tsx';
import { followPreferences } from './preferences.ts';
import { openPageEngine } from './start.ts';

/** The page's entry: speaks the person's language, opens the engine, and shows where they are. Lives as long as its tab. */
async function main(): Promise<void> {
  const ending = new AbortController();
  const root = document.querySelector<HTMLElement>('#app');
  if (root === null) throw new TypeError('the first page has no place for the app');
  // the engine starts while the words come
  const engine = openPageEngine(ending.signal);
  await followPreferences(ending.signal);
  startPage(root, engine, ending.signal);
}

void main();
