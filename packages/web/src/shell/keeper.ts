import type { ShellRequest } from './shell-request.ts';

/** The service worker as the page sees it. */
export interface Keeper {
  /** @returns the answer, or false where nobody answers */
  ask(request: ShellRequest): Promise<unknown>;
}

/** A worker that was just installed takes the page over at once. */
const longestWaitMs = 6000;
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
  if (!(await isControlled(serviceWorker))) return undefined;
  return {
    ask: (request) =>
      new Promise((answered) => {
        const { port1, port2 } = new MessageChannel();
        port1.addEventListener('message', (event) => answered(event.data));
        port1.start();
        serviceWorker.controller?.postMessage(request, [port2]);
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

async function isControlled(serviceWorker: ServiceWorkerContainer): Promise<boolean> {
  if (serviceWorker.controller !== null) return true;
  const registration = await serviceWorker.getRegistration().catch(() => undefined);
  if (registration === undefined) return false;
  const isForced = registration.active?.state === 'activated' && registration.installing === null;
  return new Promise((decided) => {
    const timer = setTimeout(() => decided(false), isForced ? forcedWaitMs : longestWaitMs);
    serviceWorker.addEventListener(
      'controllerchange',
      () => {
        clearTimeout(timer);
        decided(true);
      },
      { once: true },
    );
  });
}
