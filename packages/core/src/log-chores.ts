import { decodePolicy, sign, type LogId, type Result } from '@tern/protocol';
import type { Outgoing as Sent } from '@tern/reach';
import type { StoreChange } from './client-store.ts';
import type { Engine } from './engine.ts';
import { followedLogTable } from './followed-log.ts';
import { followingPolicy } from './log-keys.ts';
import type { ReadyLog } from './ready-logs.ts';

/** What a log of ours needs done on its relay before it is read. */
export interface Chore {
  readonly log: LogId;
  readonly kind: 'create' | 'amend';
  readonly sent: Sent;
  readonly policy?: Uint8Array;
}

/** Those of one log. */
export function choresOf(
  engine: Engine,
  { followed, keys }: ReadyLog,
  right: Uint8Array | undefined,
): readonly Chore[] {
  if (followed.toCreate) {
    if (right === undefined) return [];
    return [
      {
        log: followed.log,
        kind: 'create',
        sent: { operation: { kind: 'create', policy: followed.firstPolicy, right } },
      },
    ];
  }
  const policy = decodePolicy(followed.policy);
  if (followed.kind !== 'inbox' || policy.revoked.length === followed.revoked.length) return [];
  const previous = { log: followed.log, policy, payload: followed.policy };
  const payload = followingPolicy(engine.primitives, previous, {
    keys,
    closes: false,
    revoked: followed.revoked,
  });
  const signed = sign(engine.primitives, keys.change, { label: 'policy', payload });
  return [
    {
      log: followed.log,
      kind: 'amend',
      sent: { operation: { kind: 'amend', log: followed.log, policy: signed } },
      policy: payload,
    },
  ];
}

export function isCarriedOut(result: Result | undefined): boolean {
  return result !== undefined && ['stored', 'duplicate', 'done'].includes(result.kind);
}

export async function applyChore(
  change: StoreChange,
  chore: Chore,
  result: Result | undefined,
): Promise<void> {
  if (!isCarriedOut(result)) return;
  const followed = await followedLogTable.get(change, '', chore.log);
  if (followed === undefined) return;
  if (chore.kind === 'create') followedLogTable.put(change, '', chore.log, { ...followed, toCreate: false });
  else if (chore.policy !== undefined) {
    followedLogTable.put(change, '', chore.log, {
      ...followed,
      policy: chore.policy,
      number: decodePolicy(chore.policy).number,
    });
  }
}
