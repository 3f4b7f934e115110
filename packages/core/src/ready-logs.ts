import type { Hint } from '@tern/protocol';
import type { StoreView } from './client-store.ts';
import { hostName, type Engine } from './engine.ts';
import { followedLogTable, logKeysAt, type FollowedLog } from './followed-log.ts';
import { openInboxes } from './invitation.ts';
import type { LogKeys } from './log-keys.ts';

export interface ReadyLog {
  readonly followed: FollowedLog;
  readonly keys: LogKeys;
}

/** The logs on one relay that this device can read now. */
export async function readyLogs(view: StoreView, host: Hint): Promise<readonly ReadyLog[]> {
  const ready: ReadyLog[] = [];
  for (const [, followed] of await followedLogTable.list(view, '')) {
    if (followed.ended || hostName(followed.host) !== hostName(host)) continue;
    const keys = await logKeysAt(view, followed.log, followed.kind === 'group' ? followed.number : 0);
    if (keys !== undefined) ready.push({ followed, keys });
  }
  return ready;
}

/** Whether anything that could come there would have any effect: in an inbox nothing does but an acceptance of an invitation that is open. */
export async function awaitsAnything(
  engine: Engine,
  view: StoreView,
  logs: readonly FollowedLog[],
): Promise<boolean> {
  if (logs.some(({ kind }) => kind !== 'inbox')) return true;
  if (logs.length === 0) return false;
  const open = await openInboxes(engine, view);
  return logs.some(({ log }) => open.has(log));
}

/** The logs on all other relays. */
export async function logsElsewhere(view: StoreView, host: Hint): Promise<readonly FollowedLog[]> {
  const all = await followedLogTable.list(view, '');
  return all
    .map(([, followed]) => followed)
    .filter(({ ended, host: at }) => !ended && hostName(at) !== hostName(host));
}
