import type { Hint } from '@tern/protocol';
import type { StoreView } from './client-store.ts';
import { hostName } from './engine.ts';
import { followedLogTable, logKeysAt, type FollowedLog } from './followed-log.ts';
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
