import { RefusedError } from '@tern/protocol';
import { browserWorld } from '@tern/reach/browser';
import type { AppApi } from './app-api.ts';
import { onComingBack } from './coming-back.ts';
import type { EngineWorker } from './leader.ts';
import type { Locks } from './locks.ts';
import { openEngine, type Engine } from './open-engine.ts';

/**
 * The engine as a page opens it, once: tells it whether the browser is online and when somebody is back, and asks the browser to keep what is stored as soon
 * as somebody lives here. What the browser answered stands in `StorageView.persistent`.
 * @param parts `createWorker`: makes the worker that runs `engine/main.ts`, again for each new one. `version` of the app: tabs of
 *   different versions do not share an engine.
 */
export function openBrowserEngine(parts: {
  readonly createWorker: () => Promise<EngineWorker>;
  readonly version: string;
}): Engine {
  const engine = openEngine({
    version: parts.version,
    createWorker: () =>
      typeof Worker === 'undefined'
        ? Promise.reject(new RefusedError('no-workers', 'this browser has no workers'))
        : parts.createWorker(),
    world: browserWorld,
    locks: locksOf(navigator),
  });
  const tellOnline = (): void => {
    // an engine that is gone needs not know
    engine.api.setOnline(navigator.onLine).catch(() => undefined);
  };
  for (const change of ['online', 'offline']) window.addEventListener(change, tellOnline);
  if (!navigator.onLine) tellOnline();
  const comingBack = onComingBack(
    document,
    browserWorld,
    () => void engine.api.retryNow().catch(() => undefined),
  );
  return {
    api: keeping(engine.api),
    get state() {
      return engine.state;
    },
    states: (signal) => engine.states(signal),
    async [Symbol.asyncDispose]() {
      for (const change of ['online', 'offline']) window.removeEventListener(change, tellOnline);
      comingBack[Symbol.dispose]();
      await engine[Symbol.asyncDispose]();
    },
  };
}

/** Asks the browser not to clear what is stored here by itself; some ask the person. @returns what it promised */
async function askToKeep(): Promise<boolean> {
  return (await navigator.storage.persisted()) || navigator.storage.persist();
}

/** Only a page can ask, and no earlier than there is something to keep. */
function keeping(api: AppApi): AppApi {
  const ask = (): void => {
    askToKeep().catch(() => undefined); // what came of it is asked of the browser, each time it is shown
  };
  return {
    ...api,
    async begin(name) {
      const me = await api.begin(name);
      ask();
      return me;
    },
    async importHome(file, passphrase) {
      const outcome = await api.importHome(file, passphrase);
      if (outcome === 'imported') ask();
      return outcome;
    },
  };
}

/** Absent where the page is not secure, whatever the types say. */
function locksOf(navigator: { readonly locks?: Locks }): Locks | undefined {
  return navigator.locks;
}
