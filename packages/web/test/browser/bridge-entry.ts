import { broadcastPort, portOver, type MessageEnd } from '../../src/bridge/port.ts';
import { deathOf, holdLock } from '../../src/engine/locks.ts';
import { bridgeContract, serveSample, type BridgeFixture } from '../bridge-contract.ts';
import type { PageTests } from '../support/page-tests.ts';

const farWorker = 'far';
const farPage = '#far=';
const never: AbortSignal = new AbortController().signal;

export const tests: PageTests = (test) => {
  bridgeContract((name, run) => test(`between a page and a worker: ${name}`, run), openWorker);
  bridgeContract((name, run) => test(`between two pages: ${name}`, run), openPage);
};

async function openWorker(): Promise<BridgeFixture> {
  const worker = new Worker('/tests.js', { type: 'module', name: farWorker });
  const died = new AbortController();
  const port = portOver(worker, { died: died.signal, release: () => worker.terminate() });
  // it says when it listens
  await new Promise<void>((resolve) => port.listen(() => resolve()));
  return {
    port,
    kill() {
      worker.terminate();
      died.abort();
    },
    async [Symbol.asyncDispose]() {
      port.close();
    },
  };
}

async function openPage(): Promise<BridgeFixture> {
  const name = crypto.randomUUID();
  using opened = broadcastPort(`${name} opened`);
  const ready = new Promise<void>((resolve) => opened.listen(() => resolve()));
  const page = window.open(`/page.html${farPage}${name}`);
  if (page === null) throw new Error('no page was opened');
  await ready;
  const leaving = new AbortController();
  const port = broadcastPort(name, { died: deathOf(navigator.locks, name, leaving.signal) });
  return {
    port,
    kill: () => page.close(),
    async [Symbol.asyncDispose]() {
      port.close();
      leaving.abort();
      page.close();
    },
  };
}

async function serveFarPage(name: string): Promise<void> {
  await holdLock(navigator.locks, name, never);
  serveSample(broadcastPort(name));
  using opened = broadcastPort(`${name} opened`);
  opened.post('opened');
}

// the same script is the far end, in a worker or in a page of its own
const scope = globalThis as unknown as MessageEnd & { readonly name: string; readonly location: Location };
if (typeof document === 'undefined' && scope.name === farWorker) {
  const port = portOver(scope);
  port.post('listening');
  serveSample(port);
}
if (scope.location.hash.startsWith(farPage)) await serveFarPage(scope.location.hash.slice(farPage.length));
