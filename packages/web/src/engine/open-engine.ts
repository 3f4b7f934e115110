import { base32, RefusedError, TernError, type World } from '@tern/protocol';
import { brokenCode } from '../bridge/error-crossing.ts';
import type { AppApi } from './app-api.ts';
import { followLeader, type Found } from './follower.ts';
import { Latest } from './latest.ts';
import { lead, type EngineWorker } from './leader.ts';
import { liveApi, type Line, type LineState } from './live-api.ts';
import { leaderLock, tabLock } from './lobby.ts';
import { holdLock, type Locks } from './locks.ts';

/**
 * How this tab stands to the engine. `leader`: its worker is in this tab; `follower`: in another. `restarting`: there was one, and
 * the next is on its way. `other-version`: another tab runs another version of this app; close it or reload it.
 * `failed`: there will be none, with a code: `no-locks`, `no-workers`, `engine-crashing`, or what kept its script from loading.
 */
export type EngineState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'leader' }
  | { readonly kind: 'follower' }
  | { readonly kind: 'restarting' }
  | { readonly kind: 'other-version' }
  | { readonly kind: 'failed'; readonly code: string; readonly because: Error };

/** The one engine of this origin, wherever it runs. */
export interface Engine extends AsyncDisposable {
  /** the same object for the life of the tab; calls wait while there is no engine */
  readonly api: AppApi;
  readonly state: EngineState;
  /** what is so now, and what it becomes; ends by the signal */
  states(signal: AbortSignal): AsyncIterable<EngineState>;
}

export interface EngineParts {
  /** makes the worker that runs `engine/main.ts`; asked again for each new one */
  readonly createWorker: () => Promise<EngineWorker>;
  /** of the app: tabs of different versions do not share an engine */
  readonly version: string;
  readonly world: World;
  /** `navigator.locks`; undefined where the browser has none, as on a page that is not secure */
  readonly locks: Locks | undefined;
}

/** Runs the engine in this tab, or finds the tab that runs it; takes over when that one is closed. */
export function openEngine(parts: EngineParts): Engine {
  const ending = new AbortController();
  const states = new Latest<EngineState>({ kind: 'starting' });
  const lines = new Latest<LineState>({ kind: 'none' });
  const running = takePart(parts, { states, lines }, ending.signal).catch((error: unknown) => {
    if (ending.signal.aborted) return;
    const because = error instanceof Error ? error : new TernError(brokenCode, String(error));
    states.set({ kind: 'failed', code: because instanceof TernError ? because.code : brokenCode, because });
    lines.set({ kind: 'never', because });
  });
  return {
    api: liveApi(lines, parts.world),
    get state() {
      return states.value;
    },
    states: (signal) => states.values(signal),
    async [Symbol.asyncDispose]() {
      const because = new RefusedError('closed', 'this engine was closed');
      ending.abort(because);
      await running;
      lines.set({ kind: 'never', because });
    },
  };
}

interface Told {
  readonly states: Latest<EngineState>;
  readonly lines: Latest<LineState>;
}

async function takePart(parts: EngineParts, told: Told, signal: AbortSignal): Promise<void> {
  const { locks } = parts;
  if (locks === undefined)
    throw new RefusedError('no-locks', 'this browser cannot tell tabs apart (Web Locks are missing)');
  const tab = base32(parts.world.randomBytes(16));
  await holdLock(locks, tabLock(tab), signal);
  const following = new AbortController();
  const follow = followLeader(
    { ...parts, locks, tab },
    (found) => asFollower(told, found),
    AbortSignal.any([signal, following.signal]),
  );
  const leading = locks.request(leaderLock, { signal }, async () => {
    following.abort();
    await follow;
    await lead({ ...parts, locks }, (line) => asLeader(told, line), signal);
  });
  await Promise.all([follow, leading]);
}

function asFollower({ states, lines }: Told, found: Found): void {
  if (found.kind === 'line') {
    lines.set(found);
    states.set({ kind: 'follower' });
  } else {
    lines.set({ kind: 'none' });
    states.set(found.kind === 'gone' ? { kind: 'restarting' } : { kind: 'other-version' });
  }
}

function asLeader({ states, lines }: Told, line: Line | undefined): void {
  lines.set(line === undefined ? { kind: 'none' } : { kind: 'line', line });
  states.set({ kind: line === undefined ? 'restarting' : 'leader' });
}
