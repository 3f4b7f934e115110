import { signal, type ReadonlySignal } from '@preact/signals';
import { openBrowserEngine } from '../engine/browser-engine.ts';
import type { AppApi } from '../engine/app-api.ts';
import { appVersion, loadAsset } from '../shell/handover.ts';
import { startPage } from './app.tsx';
import type { EarlyTalk } from './early/early-talk.ts';

/** The engine as the page sees it. */
interface PageEngine {
  readonly api: AppApi;
  /** a code, once the engine cannot run in this tab */
  readonly trouble: ReadonlySignal<string | undefined>;
}

interface Start {
  /** where somebody has begun to talk already */
  readonly early: EarlyTalk | undefined;
  readonly ending: AbortSignal;
}

/** The app itself, with its engine, until the signal ends it. */
export function startApp(root: HTMLElement, { early, ending }: Start): void {
  startPage(root, { ...openPageEngine({ early, ending }), early }, ending);
}

/** Runs the engine, or finds the tab that does, until the signal ends it. */
function openPageEngine({ early, ending }: Start): PageEngine {
  const engine = openBrowserEngine({
    version: appVersion(),
    createWorker: async () => new Worker(await bringEngine(early), { type: 'module' }),
  });
  const trouble = signal<string | undefined>(undefined);
  const follow = async (): Promise<void> => {
    for await (const state of engine.states(ending))
      trouble.value =
        state.kind === 'failed' ? state.code : state.kind === 'other-version' ? state.kind : undefined;
  };
  void follow();
  const close = async (): Promise<void> => {
    await engine[Symbol.asyncDispose]();
  };
  ending.addEventListener('abort', () => void close());
  return { api: engine.api, trouble };
}

/** Whoever has written already is asked before it is given up. */
async function bringEngine(early: EarlyTalk | undefined): Promise<string> {
  for (;;) {
    try {
      return await loadAsset('engine');
    } catch (error) {
      if (early?.name.peek() === undefined || early.stage.peek() === 'left') throw error;
      await early.ask('early.stuck', 'common.tryAgain');
    }
  }
}
