import type { AppApi } from '../../src/engine/app-api.ts';
import { startPage } from '../../src/page/app.tsx';
import { followPreferences } from '../../src/page/preferences.ts';
import { openShellDoor } from '../../src/shell/handover.ts';
import { fakeApp, type FakeApp, type FakeScene } from './fake-app.ts';

/** @param over the home's contract, where a measurement wants a part of it otherwise */
export async function startFakePage(scene: FakeScene, over: Partial<AppApi> = {}): Promise<FakeApp> {
  const ending = new AbortController();
  openShellDoor({
    version: '0.1.0 (test)',
    handover: () => ({ submitted: false, typing: false, startedAt: 0 }),
    forgetLink: () => undefined,
    onLink: () => () => undefined,
    leave: () => undefined,
    stuck: () => Promise.resolve(),
    held: () => Promise.resolve(undefined),
    hold: () => undefined,
    loadAsset: () => Promise.reject(new Error('no assets here')),
    loadStyle: async (name) => {
      const href = `${name}.css`;
      if (document.querySelector(`link[href="${href}"]`) !== null) return;
      const link = document.createElement('link');
      link.rel = 'stylesheet';
      link.href = href;
      const loaded = new Promise((resolve) => link.addEventListener('load', resolve, { once: true }));
      document.head.append(link);
      await loaded;
    },
    keepAll: () => Promise.resolve(true),
    onUpdate: () => () => undefined,
    lookForUpdate: () => Promise.resolve(false),
    remember: () => undefined,
  });
  await followPreferences(ending.signal);
  const fake = fakeApp(scene, over);
  Reflect.set(globalThis, 'fake', fake);
  const root = document.querySelector<HTMLElement>('#app');
  if (root === null) throw new Error('no place for the app');
  startPage(root, { api: fake.api }, ending.signal);
  return fake;
}
