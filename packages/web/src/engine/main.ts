/*
 * The worker in which the engine runs: core over this browser's store and network, for every tab of the origin. What it is made of
 * is put together here and nowhere else.
 */
import { forwardTransport, preferringTransport, webSocketTransport } from '@tern/reach';
import { browserPrimitives, browserWorld as world, fetchTransport } from '@tern/reach/browser';
import { portOver, type MessageEnd } from '../bridge/port.ts';
import { laterArgon2id } from '../store/argon2id-later.ts';
import { browserHousing } from '../store/browser-housing.ts';
import { appOver } from './app.ts';
import { LaterDialer } from './dialer-later.ts';
import { serveEngine } from './engine-worker.ts';
import { Home } from './home.ts';

/** What of a dedicated worker's own scope is used here. */
interface WorkerScope extends MessageEnd {
  readonly navigator: Navigator;
}

const scope = globalThis as unknown as WorkerScope;

// before the first await: what a page sends meanwhile would be lost
const port = portOver(scope);

serveEngine(port, {
  locks: scope.navigator.locks,
  open() {
    // this worker is the only one of its origin that asks relays: the tabs share its paces
    const dialer = new LaterDialer({
      plain: fetchTransport(),
      fetch: async (askedBefore) => {
        const { browserDialer } = await import('./browser-dialer.ts');
        return browserDialer({ askedBefore });
      },
      world,
    });
    const transport = preferringTransport({
      first: webSocketTransport({ world, open: (url) => new WebSocket(url) }),
      second: dialer,
      world,
    });
    const home = new Home({
      housing: browserHousing({ name: 'tern', world, signal: port.closed }),
      world,
      primitives: browserPrimitives,
      argon2id: laterArgon2id,
      transport,
      dialer,
      forward: (near) => forwardTransport({ near, primitives: browserPrimitives }),
      asksFirst: true,
    });
    return appOver(home, scope.navigator.storage);
  },
}).catch((error: unknown) => {
  port.close(); // the page makes another, or says why not
  reportError(error);
});
