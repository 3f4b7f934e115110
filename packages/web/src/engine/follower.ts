import type { World } from '@tern/protocol';
import { connectBridge } from '../bridge/connect-bridge.ts';
import { broadcastPort } from '../bridge/port.ts';
import type { AppApi } from './app-api.ts';
import { appMethods } from './app-methods.ts';
import type { Line } from './live-api.ts';
import { engineLock, enterLobby, joined, lineName, type LobbyMessage } from './lobby.ts';
import { deathOf, type Locks } from './locks.ts';

/** What a tab without an engine of its own finds. `other-version`: an engine that speaks another language, until its tab is closed. */
export type Found =
  | { readonly kind: 'line'; readonly line: Line }
  | { readonly kind: 'gone' }
  | { readonly kind: 'other-version' };

/** Between two questions in the lobby, where one may be lost while somebody is only entering it. */
const askAgainMs = 250;

/**
 * Finds the engine that another tab runs, and the next one when that dies, until the signal aborts.
 * @param parts `tab`: whose lock this tab holds already, see `tabLock`
 */
export async function followLeader(
  parts: {
    readonly tab: string;
    readonly version: string;
    readonly locks: Locks;
    readonly world: Pick<World, 'wait'>;
  },
  told: (found: Found) => void,
  signal: AbortSignal,
): Promise<void> {
  const { tab, version, locks, world } = parts;
  let current: Attempt | undefined;

  const join = (engine: string): void => {
    const leaving = new AbortController();
    const ending = AbortSignal.any([signal, leaving.signal]);
    const died = deathOf(locks, engineLock(engine), ending);
    const port = broadcastPort(lineName(engine, tab), { died: AbortSignal.any([died, ending]) });
    const attempt: Attempt = { engine, joined: false, leave: () => leaving.abort() };
    current?.leave();
    current = attempt;
    port.listen((message) => {
      if (message !== joined || attempt.joined) return;
      attempt.joined = true;
      told({
        kind: 'line',
        line: { api: connectBridge<AppApi>(port, appMethods), closed: port.closed },
      });
    });
    port.closed.addEventListener('abort', () => {
      leaving.abort();
      if (current !== attempt) return;
      current = undefined;
      told({ kind: 'gone' });
    });
  };

  const onMessage = (message: LobbyMessage): void => {
    if (message.kind !== 'here' || message.engine === current?.engine) return;
    if (message.version !== version) {
      told({ kind: 'other-version' });
      return;
    }
    join(message.engine);
    lobby.say({ kind: 'join', engine: message.engine, tab });
  };
  using lobby = enterLobby(onMessage);
  while (!signal.aborted) {
    if (current === undefined) lobby.say({ kind: 'who' });
    else if (!current.joined) lobby.say({ kind: 'join', engine: current.engine, tab });
    await pause(world, signal);
  }
}

interface Attempt {
  readonly engine: string;
  joined: boolean;
  leave(): void;
}

async function pause(world: Pick<World, 'wait'>, signal: AbortSignal): Promise<void> {
  try {
    await world.wait(askAgainMs, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
