import { afterEach, expect, test, vi } from 'vitest';
import { openKeeper } from '../src/shell/keeper.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A browser's container in which a worker is installed when the test says so. */
function slowContainer() {
  const asked: unknown[] = [];
  const worker = {
    postMessage(request: unknown, [port]: readonly MessagePort[]) {
      asked.push(request);
      port?.postMessage('done');
    },
  };
  const ready = Promise.withResolvers<void>();
  const installing = Object.assign(new EventTarget(), { state: 'installing' });
  const registration: Record<'active' | 'waiting' | 'installing', unknown> = {
    active: null,
    waiting: null,
    installing,
  };
  const container = Object.assign(new EventTarget(), {
    controller: null,
    ready: ready.promise,
    register: () => Promise.resolve(registration),
    getRegistration: () => Promise.resolve(registration),
  });
  const install = (): void => {
    Object.assign(registration, { active: worker, installing: null });
    ready.resolve();
  };
  const fail = (): void => {
    installing.state = 'redundant';
    installing.dispatchEvent(new Event('statechange'));
  };
  return { container, asked, install, fail };
}

test('a service worker that takes long to install does not keep the app back, and keeps it afterwards', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { container, asked, install } = slowContainer();
  vi.stubGlobal('navigator', { serviceWorker: container });
  const opening = openKeeper('worker.js');
  await vi.advanceTimersByTimeAsync(60_000);
  const keeper = await opening;
  expect(keeper?.isServing).toBe(false);
  expect(await keeper?.ask(['hold', 'a'])).toBeUndefined();
  expect(asked).toEqual([]);

  let isInstalled = false;
  const installed = keeper?.installed().then(() => (isInstalled = true));
  await vi.advanceTimersByTimeAsync(0);
  expect(isInstalled).toBe(false);
  install();
  await installed;
  expect(await keeper?.ask(['keep', 'set'])).toBe('done');
  expect(asked).toEqual([['keep', 'set']]);
});

test.each(['before', 'while'])(
  'a service worker that cannot be installed is not waited for (%s)',
  async (when) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { container, fail } = slowContainer();
    vi.stubGlobal('navigator', { serviceWorker: container });
    if (when === 'before') fail();
    const opening = openKeeper('worker.js');
    await vi.advanceTimersByTimeAsync(0);
    if (when === 'while') fail();
    expect((await opening)?.isServing).toBe(false);
  },
);

test('a browser that has no service worker for us has no keeper', async () => {
  vi.stubGlobal('navigator', {});
  expect(await openKeeper('worker.js')).toBeUndefined();
  vi.stubGlobal('navigator', {
    serviceWorker: Object.assign(new EventTarget(), {
      controller: null,
      register: () => Promise.reject(new DOMException('not here', 'SecurityError')),
      getRegistration: () => Promise.resolve(),
    }),
  });
  expect(await openKeeper('worker.js')).toBeUndefined();
});
