import { fieldsOf } from '../bridge/message.ts';

/**
 * Where the tabs of one origin meet, before two of them have a line of their own. `who`: where is the engine? `here`: this one is.
 * `join`: a tab listens on its own line to that engine; the engine answers there with {@link joined}.
 */
export type LobbyMessage =
  | { readonly kind: 'who' }
  | { readonly kind: 'here'; readonly engine: string; readonly version: string }
  | { readonly kind: 'join'; readonly engine: string; readonly tab: string };

const lobbyName = 'tern-lobby';
/** Who holds it runs the engine. */
export const leaderLock = 'tern-leader';
/** The first word on a tab's own line. */
export const joined = 'joined';

/** Held by an engine's worker as long as it lives. */
export function engineLock(engine: string): string {
  return `tern-engine-${engine}`;
}

/** Held by a tab as long as it lives. */
export function tabLock(tab: string): string {
  return `tern-tab-${tab}`;
}

/** The line between one engine and one tab, known to these two only. */
export function lineName(engine: string, tab: string): string {
  return `tern-line-${engine}-${tab}`;
}

const longestText = 200;

/** @returns undefined for anything else: another version of this app may say more */
export function decodeLobbyMessage(message: unknown): LobbyMessage | undefined {
  const { kind, engine, tab, version } = fieldsOf(message) ?? {};
  if (kind === 'who') return { kind };
  if (!isText(engine)) return undefined;
  if (kind === 'here') return isText(version) ? { kind, engine, version } : undefined;
  return kind === 'join' && isText(tab) ? { kind, engine, tab } : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= longestText;
}

/** One who listens in the lobby, until it is closed. */
export interface Lobby extends Disposable {
  say(message: LobbyMessage): void;
}

export function enterLobby(listener: (message: LobbyMessage) => void): Lobby {
  const channel = new BroadcastChannel(lobbyName);
  channel.addEventListener('message', ({ data }) => {
    const message = decodeLobbyMessage(data);
    if (message !== undefined) listener(message);
  });
  return {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- no window listens here
    say: (message) => channel.postMessage(message),
    [Symbol.dispose]: () => channel.close(),
  };
}
