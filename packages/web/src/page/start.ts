import { signal, type ReadonlySignal } from '@preact/signals';
import { openBrowserEngine } from '../engine/browser-engine.ts';
import type { AppApi } from '../engine/app-api.ts';
import { appVersion, loadAsset } from '../shell/handover.ts';

/** The engine as the page sees it. */
export interface PageEngine {
  readonly api: AppApi;
  /** a code, once the engine cannot run in this tab */
  readonly trouble: ReadonlySignal<string | undefined>;
}

/** Runs the engine, or finds the tab that does, until the signal ends it. */
export function openPageEngine(ending: AbortSignal): PageEngine {
  const engine = openBrowserEngine({
    version: appVersion(),
    createWorker: async () => new Worker(await loadAsset('engine'), { type: 'module' }),
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
