import type { HomeState } from '../../src/engine/app-api.ts';
import { openBrowserEngine } from '../../src/engine/browser-engine.ts';
import type { Engine, EngineState } from '../../src/engine/open-engine.ts';
import type { PageTests } from '../support/page-tests.ts';

/** A tab of its own, with an engine that is opened there. */
interface Tab extends AsyncDisposable {
  readonly engine: Engine;
  /** what the engine of another page takes for a signal is that page's own */
  readonly never: AbortSignal;
  /** as a person closes a tab: nothing in it runs any more */
  close(): void;
}

interface OpenedPage {
  openTabEngine?: (version: string) => Engine;
  makeSignal?: () => AbortSignal;
}

export const tests: PageTests = (test) => {
  test('one tab runs the engine, the other asks it, and takes over when the first is closed', async () => {
    await using first = await openTab();
    await until(first, 'leader');
    await using second = await openTab();
    await until(second, 'follower');
    same((await stateOf(second)).kind, 'new');
    const me = await second.engine.api.begin('Anna');
    same((await stateOf(first)).kind, 'open');

    const states = second.engine.api.homes({ signal: second.never })[Symbol.asyncIterator]();
    await states.next();
    first.close();
    const state = (await states.next()).value as HomeState;
    same(state.kind === 'open' && state.me.person, me.person);
    same(second.engine.state.kind, 'leader');
    await second.engine.api.wipe();
    await states.return?.();
  });

  test('a home with a passcode is locked in the tab that takes over, and opens with it', async () => {
    await using first = await openTab();
    await until(first, 'leader');
    await using second = await openTab();
    await until(second, 'follower');
    await first.engine.api.begin('Boris');
    same(await first.engine.api.setPasscode({ fresh: '1357' }), true);
    first.close();
    await until(second, 'leader');
    same((await stateOf(second)).kind, 'locked');
    same(await second.engine.api.unlock('0000'), false);
    same(await second.engine.api.unlock('1357'), true);
    same((await stateOf(second)).kind, 'open');
    await second.engine.api.wipe();
    same((await stateOf(second)).kind, 'new');
  });

  test('a tab of another version does not ask this engine, and runs its own when it can', async () => {
    await using old = await openTab();
    await until(old, 'leader');
    await using fresh = await openTab('2');
    await until(fresh, 'other-version');
    old.close();
    await until(fresh, 'leader');
  });
};

async function openTab(version = '1'): Promise<Tab> {
  const page = window.open('/page.html#tab') as (Window & OpenedPage) | null;
  if (page === null) throw new Error('no page was opened');
  await new Promise((resolve) => page.addEventListener('load', resolve, { once: true }));
  if (page.openTabEngine === undefined || page.makeSignal === undefined)
    throw new Error('the page did not load its script');
  const engine = page.openTabEngine(version);
  return {
    engine,
    never: page.makeSignal(),
    close: () => page.close(),
    async [Symbol.asyncDispose]() {
      page.close();
    },
  };
}

async function until({ engine, never }: Tab, kind: EngineState['kind']): Promise<void> {
  for await (const state of engine.states(never)) {
    if (state.kind === kind) return;
    if (state.kind === 'failed') throw state.because;
  }
}

async function stateOf({ engine, never }: Tab): Promise<HomeState> {
  for await (const state of engine.api.homes({ signal: never })) return state;
  throw new Error('the home says nothing');
}

function same(actual: unknown, expected: unknown): void {
  const words = [actual, expected].map((value) => JSON.stringify(value));
  if (words[0] !== words[1]) throw new Error(`${words[0]} is not ${words[1]}`);
}

/** The same script runs in each tab that is opened. */
const opened: OpenedPage = globalThis as OpenedPage;
opened.makeSignal = () => new AbortController().signal;
opened.openTabEngine = (version) =>
  openBrowserEngine({
    version,
    createWorker: async () => new Worker('/engine.js', { type: 'module' }),
  });
