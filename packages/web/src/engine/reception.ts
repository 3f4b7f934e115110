import { broadcastPort, type Port } from '../bridge/port.ts';
import { serveBridge } from '../bridge/serve-bridge.ts';
import type { AppApi } from './app-api.ts';
import { appMethods } from './app-methods.ts';
import { engineLock, enterLobby, joined, lineName, tabLock } from './lobby.ts';
import { deathOf, holdLock, type Locks } from './locks.ts';

/**
 * The engine's side of the lobby: tells every tab that the engine is here, and serves each that joins on a line of its own until
 * that tab is gone. Ends when the signal aborts, which frees the engine's lock as its death would.
 */
export async function receiveTabs(
  api: AppApi,
  about: { readonly engine: string; readonly version: string; readonly locks: Locks },
  signal: AbortSignal,
): Promise<void> {
  const { engine, version, locks } = about;
  await holdLock(locks, engineLock(engine), signal);
  const lines = new Map<string, Port>();
  const lobby = enterLobby((message) => {
    if (message.kind === 'who') lobby.say({ kind: 'here', engine, version });
    if (message.kind !== 'join' || message.engine !== engine) return;
    const line = lines.get(message.tab) ?? open(message.tab);
    line.post(joined); // said again to a tab that asks again
  });
  const open = (tab: string): Port => {
    const leaving = new AbortController();
    const died = deathOf(locks, tabLock(tab), AbortSignal.any([signal, leaving.signal]));
    const line = broadcastPort(lineName(engine, tab), { died });
    line.closed.addEventListener('abort', () => {
      lines.delete(tab);
      leaving.abort();
    });
    lines.set(tab, line);
    serveBridge(line, appMethods, api);
    return line;
  };
  signal.addEventListener('abort', () => {
    for (const line of lines.values()) line.close();
    lobby[Symbol.dispose]();
  });
  lobby.say({ kind: 'here', engine, version });
}
