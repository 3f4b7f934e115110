import { base32, UnreachableError, type World } from '@tern/protocol';
import { connectBridge } from '../bridge/connect-bridge.ts';
import { portOver, type MessageEnd, type Port } from '../bridge/port.ts';
import type { AppApi } from './app-api.ts';
import { appMethods } from './app-methods.ts';
import type { Line } from './live-api.ts';
import { engineLock } from './lobby.ts';
import { deathOf, type Locks } from './locks.ts';
import { workerReady, workerStarted, type StartMessage } from './start-message.ts';

/** What a page needs of a worker. */
export interface EngineWorker extends MessageEnd {
  terminate(): void;
}

export interface LeaderParts {
  readonly createWorker: () => Promise<EngineWorker>;
  readonly locks: Locks;
  readonly world: World;
  readonly version: string;
}

/** A worker that is younger than this when it dies does not live long enough to be of use. */
const shortLifeMs = 10_000;
const longestPauseMs = 30_000;

/**
 * Runs the engine in a worker of this tab, and again whenever it dies, until the signal aborts.
 * @param told the line to the engine each time there is one, undefined when it has gone
 * @throws {UnreachableError} `engine-crashing` after it died four times soon after its start; `line-closed` where it did not start, or
 *   whatever making the worker threw, as often
 */
export async function lead(
  parts: LeaderParts,
  told: (line: Line | undefined) => void,
  signal: AbortSignal,
): Promise<void> {
  const { world } = parts;
  for (let shortLives = 0; !signal.aborted;) {
    const beganAt = world.now();
    const failure = await lifeOfEngine(parts, told, signal);
    if (signal.aborted) return;
    shortLives = world.now() - beganAt < shortLifeMs || !failure.started ? shortLives + 1 : 0;
    if (shortLives > 3) throw failure.because;
    if (shortLives > 0) await world.wait(Math.min(longestPauseMs, 100 * 4 ** shortLives), { signal });
  }
}

/** Why an engine runs no more. */
interface Failure {
  readonly started: boolean;
  readonly because: unknown;
}

async function lifeOfEngine(
  parts: LeaderParts,
  told: (line: Line | undefined) => void,
  signal: AbortSignal,
): Promise<Failure> {
  let started = false;
  try {
    using engine = await startEngine(parts, signal);
    started = true;
    told(engine.line);
    const { closed } = engine.line;
    await aborted(closed);
    const because = new UnreachableError('the engine died', {
      code: 'engine-crashing',
      cause: closed.reason,
    });
    return { started, because };
  } catch (because) {
    return { started, because };
  } finally {
    if (started) told(undefined);
  }
}

interface RunningEngine extends Disposable {
  readonly line: Line;
}

async function startEngine(parts: LeaderParts, signal: AbortSignal): Promise<RunningEngine> {
  const engine = base32(parts.world.randomBytes(16));
  const worker = await parts.createWorker();
  const failing = new AbortController();
  const onError = (event: Event): void => failing.abort(event);
  // before it has started, an error is the end of it: the script was not there, or did not run
  worker.addEventListener('error', onError);
  const port = portOver(worker, { died: failing.signal, release: () => worker.terminate() });
  const close = (): void => port.close();
  signal.addEventListener('abort', close);
  if (signal.aborted) close();
  port.closed.addEventListener('abort', () => signal.removeEventListener('abort', close));
  await word(port, workerReady);
  port.post({ kind: 'start', engine, version: parts.version } satisfies StartMessage);
  await word(port, workerStarted);
  worker.removeEventListener('error', onError);
  const died = deathOf(parts.locks, engineLock(engine), port.closed);
  died.addEventListener('abort', () => failing.abort());
  const api = connectBridge<AppApi>(port, appMethods);
  return { line: { api, closed: port.closed }, [Symbol.dispose]: close };
}

/** Waits for one word. @throws what closed the line */
async function word(port: Port, wanted: string): Promise<void> {
  const said = Promise.withResolvers<void>();
  const fail = (): void => said.reject(port.closed.reason as Error);
  port.closed.addEventListener('abort', fail);
  if (port.closed.aborted) fail();
  port.listen((message) => {
    if (message === wanted) said.resolve();
  });
  try {
    await said.promise;
  } finally {
    port.closed.removeEventListener('abort', fail);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
