import type { ShellRequest } from './shell-request.ts';

/** The service worker as the page sees it. */
export interface Keeper {
  /** Whether it serves this page. One that does not yet, or never will because a person forced the reload, keeps the app all the same. */
  readonly isServing: boolean;
  /** until it is installed; for ever, where that does not succeed while the page is open */
  installed(): Promise<unknown>;
  /** @returns the answer, or undefined where none is installed yet */
  ask(request: ShellRequest): Promise<unknown>;
}

/** A worker takes the page over once it is installed, which needs no network but may take a busy machine long. */
const longestWaitMs = 20_000;
const mostAttempts = 3;
/** One that is at work and has not taken it over never will: a person forced the reload. */
const forcedWaitMs = 300;

/**
 * Installs the service worker.
 * @returns undefined where this browser has none for us; then files come whole from the relay
 */
export async function openKeeper(url: string): Promise<Keeper | undefined> {
  const { serviceWorker } = navigator;
  if (serviceWorker === undefined) return undefined;
  // with an installed one there is nothing to wait for
  const registering = register(serviceWorker, url);
  if (serviceWorker.controller === null) await registering;
  const registration = await serviceWorker.getRegistration().catch(() => undefined);
  if (registration === undefined) return undefined;
  return {
    isServing: await isControlled(serviceWorker, registration),
    installed: () => serviceWorker.ready,
    ask: (request) =>
      new Promise((answered) => {
        const worker = serviceWorker.controller ?? registration.active;
        if (worker === null) return answered(undefined);
        const { port1, port2 } = new MessageChannel();
        port1.addEventListener('message', (event) => answered(event.data));
        port1.start();
        worker.postMessage(request, [port2]);
      }),
  };
}

async function register(serviceWorker: ServiceWorkerContainer, url: string): Promise<void> {
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    try {
      // what the browser by itself asks the network at openings is answered by its own cache
      await serviceWorker.register(url, { updateViaCache: 'all' });
      return;
    } catch (error) {
      // a private window has none for us; anything else is the line
      if (!(error instanceof TypeError)) return;
    }
  }
}

async function isControlled(
  serviceWorker: ServiceWorkerContainer,
  registration: ServiceWorkerRegistration,
): Promise<boolean> {
  if (serviceWorker.controller !== null) return true;
  const { installing, waiting, active } = registration;
  const coming = installing ?? waiting ?? active;
  // one that cannot be installed is not waited for
  if (coming === null || coming.state === 'redundant') return false;
  const isForced = active?.state === 'activated' && installing === null;
  return new Promise((decided) => {
    const decide = (isServing: boolean): void => {
      clearTimeout(timer);
      decided(isServing);
    };
    const timer = setTimeout(decide, isForced ? forcedWaitMs : longestWaitMs, false);
    serviceWorker.addEventListener('controllerchange', () => decide(true), { once: true });
    coming.addEventListener('statechange', () => coming.state === 'redundant' && decide(false));
  });
}
