import type { Port } from '../bridge/port.ts';
import { serveBridge } from '../bridge/serve-bridge.ts';
import type { AppApi } from './app-api.ts';
import { appMethods } from './app-methods.ts';
import type { Locks } from './locks.ts';
import { receiveTabs } from './reception.ts';
import { decodeStartMessage, workerReady, workerStarted, type StartMessage } from './start-message.ts';

/**
 * The worker's side: serves the page that made it, and every other tab, until that page closes the line. Resolves when it serves.
 * @param parts `open` makes the engine, which begins to work; not before the page has said that it listens
 * @throws what closed the line before
 */
export async function serveEngine(
  port: Port,
  parts: { readonly open: () => AppApi; readonly locks: Locks },
): Promise<void> {
  port.post(workerReady);
  const { engine, version } = await startMessage(port);
  const api = parts.open();
  await receiveTabs(api, { engine, version, locks: parts.locks }, port.closed);
  port.post(workerStarted);
  serveBridge(port, appMethods, api);
}

function startMessage(port: Port): Promise<StartMessage> {
  return new Promise((resolve, reject) => {
    port.closed.addEventListener('abort', () => reject(port.closed.reason as Error));
    port.listen((message) => {
      const start = decodeStartMessage(message);
      if (start !== undefined) resolve(start);
    });
  });
}
