import { afterEach, expect, test, vi } from 'vitest';
import { openKeeper, type Keeper } from '../src/shell/keeper.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function keeperOf(opened: Awaited<ReturnType<typeof openKeeper>>): Keeper | undefined {
  if (opened === 'unreachable') throw new TypeError('the line froze');
  return opened;
}

/** A browser's container in which a worker is installed when the test says so. */
function slowContainer() {
  const asked: unknown[] = [];
  const worker = Object.assign(new EventTarget(), {
    state: 'activated',
    postMessage(request: unknown, [port]: readonly MessagePort[]) {
      asked.push(request);
      port?.postMessage('done');
    },
  });
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
  const opening = openKeeper('worker.js', Promise.resolve());
  await vi.advanceTimersByTimeAsync(60_000);
  const keeper = keeperOf(await opening);
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

test('where the line freezes under its script, that is said after a while', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { container } = slowContainer();
  const serviceWorker = Object.assign(container, { register: () => new Promise(() => undefined) });
  vi.stubGlobal('navigator', { serviceWorker });
  const opening = openKeeper('worker.js', Promise.resolve());
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await opening).toBe('unreachable');
});

test('as long as anything else comes over a slow line, its script may come too', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { container, install } = slowContainer();
  const registering = Promise.withResolvers<void>();
  const serviceWorker = Object.assign(container, { register: () => registering.promise });
  vi.stubGlobal('navigator', { serviceWorker });
  const others = Promise.withResolvers<void>();
  const opening = openKeeper('worker.js', others.promise);
  await vi.advanceTimersByTimeAsync(200_000);
  others.resolve();
  await vi.advanceTimersByTimeAsync(50_000);
  install();
  registering.resolve();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(keeperOf(await opening)?.isServing).toBe(false);
});

test('a service worker that dies over a question holds nothing', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const controller = { postMessage: () => undefined };
  const { container } = slowContainer();
  vi.stubGlobal('navigator', { serviceWorker: Object.assign(container, { controller }) });
  const keeper = keeperOf(await openKeeper('worker.js', Promise.resolve()));
  const asking = keeper?.ask(['hold', 'a']);
  await vi.advanceTimersByTimeAsync(5000);
  expect(await asking).toBeUndefined();
});

test.each(['before', 'while'])(
  'a service worker that cannot be installed is not waited for (%s)',
  async (when) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { container, fail } = slowContainer();
    vi.stubGlobal('navigator', { serviceWorker: container });
    if (when === 'before') fail();
    const opening = openKeeper('worker.js', Promise.resolve());
    await vi.advanceTimersByTimeAsync(0);
    if (when === 'while') fail();
    expect(keeperOf(await opening)?.isServing).toBe(false);
  },
);

test('a browser that has no service worker for us has no keeper', async () => {
  vi.stubGlobal('navigator', {});
  expect(await openKeeper('worker.js', Promise.resolve())).toBeUndefined();
  vi.stubGlobal('navigator', {
    serviceWorker: Object.assign(new EventTarget(), {
      controller: null,
      register: () => Promise.reject(new DOMException('not here', 'SecurityError')),
      getRegistration: () => Promise.resolve(),
    }),
  });
  expect(await openKeeper('worker.js', Promise.resolve())).toBeUndefined();
});
