import {
  bytes,
  entryIdCodec,
  field,
  list,
  logIdCodec,
  optional,
  personIdCodec,
  signedCodec,
  struct,
  tuple,
  uint,
  limits,
  MalformedError,
  type Codec,
  type EntryId,
  type LogId,
  type PersonId,
  type Signed,
} from '@tern/protocol';
import type { StoreChange, StoreView } from './client-store.ts';
import type { Group, GroupCrypto } from './group-crypto.ts';
import { recordTable, type RecordTable } from './record-table.ts';

/** Somebody to be added with a key package of theirs, and where their Welcome goes. */
export interface AddIntent {
  readonly keyPackage: Uint8Array;
  readonly person: PersonId;
  /** the meeting log in which the Welcome is left */
  readonly meeting: LogId;
  /** signature keys of devices that this one takes the place of */
  readonly replaces: readonly Uint8Array[];
}

/** A commit of ours on its way: sent byte for byte until the relay says who won (rule 13). */
export interface StagedRecord {
  readonly entry: Uint8Array;
  readonly id: EntryId;
  readonly next: Signed;
  /** what lies beside the log where the commit is too large to travel inline */
  readonly chunk?: Uint8Array;
  /** Welcomes to leave once it won */
  readonly welcome?: Uint8Array;
  readonly adds: readonly AddIntent[];
  /** keys of the log in the epoch it begins */
  readonly keys: Uint8Array;
}

/** What a device wants of a group beside talking in it, and how far that is. Kept apart from the MLS state, which changes more often. */
export interface GroupRecord {
  readonly adds: readonly AddIntent[];
  /** signature keys of devices to remove */
  readonly removes: readonly Uint8Array[];
  /** a fresh leaf is due at this time, milliseconds since 1970, or after so many messages (rule 26) */
  readonly refreshAt: number;
  readonly messagesSinceRefresh: number;
  readonly staged?: StagedRecord;
  /** places and first bytes of the ids of the last entries, to compare histories with others (rule 25) */
  readonly seen: readonly (readonly [seq: number, entry: Uint8Array])[];
  /** the last epoch in which something was sealed although the log could not be read first */
  readonly sealedUnread?: number;
}

const addIntentCodec: Codec<AddIntent> = struct<AddIntent>({
  keyPackage: field(1, bytes(1, 4096)),
  person: field(2, personIdCodec),
  meeting: field(3, logIdCodec),
  replaces: field(4, list(bytes(32), 16)),
});

export const groupRecordTable: RecordTable<GroupRecord> = recordTable(
  'groups',
  struct<GroupRecord>({
    adds: field(1, list(addIntentCodec, 64)),
    removes: field(2, list(bytes(32), 64)),
    refreshAt: field(3, uint(limits.millisecond)),
    messagesSinceRefresh: field(4, uint(2 ** 32)),
    staged: optional(
      5,
      struct<StagedRecord>({
        entry: field(1, bytes(1, 3072)),
        id: field(2, entryIdCodec),
        next: field(3, signedCodec),
        chunk: optional(4, bytes(1, limits.chunkBytes)),
        welcome: optional(5, bytes(1, 400_000)),
        adds: field(6, list(addIntentCodec, 64)),
        keys: field(7, bytes(128)),
      }),
    ),
    seen: field(6, list(tuple(uint(2 ** 48), bytes(8)), 64)),
    sealedUnread: optional(7, uint(limits.policyNumber)),
  }),
);

/** Rule 26: a fresh leaf every seven days or five hundred messages. */
export const refreshEveryMs: number = 7 * 86_400_000;
export const refreshEveryMessages = 500;

export function newGroupRecord(refreshAt: number): GroupRecord {
  return { adds: [], removes: [], refreshAt, messagesSinceRefresh: 0, seen: [] };
}

/** Which of a group's two states: the one in force, or the one that our commit would bring. */
type Slot = 'current' | 'staged';

function headPlace(log: LogId): { readonly table: string; readonly partition: string } {
  return { table: 'mls', partition: log };
}

function partPlace(log: LogId): { readonly table: string; readonly partition: string } {
  return { table: 'mls-parts', partition: log };
}

/** @throws {MalformedError} when the store holds something else than {@link saveGroup} wrote */
export async function loadGroup(
  view: StoreView,
  groups: GroupCrypto,
  at: { readonly log: LogId; readonly slot: Slot },
): Promise<Group | undefined> {
  const head = await view.get(headPlace(at.log), at.slot);
  if (head === undefined) return undefined;
  const parts = new Map((await view.list(partPlace(at.log))).map(({ key, value }) => [key, value] as const));
  return groups.decodeGroup(head, (name) => {
    const part = parts.get(name);
    if (part === undefined) throw new MalformedError('a part of a group is missing');
    return part;
  });
}

/** Writes the head, and of the parts only those that are new; parts that neither slot names any more are deleted. */
export async function saveGroup(
  change: StoreChange,
  groups: GroupCrypto,
  at: { readonly log: LogId; readonly current: Group; readonly staged: Group | undefined },
): Promise<void> {
  const wanted = new Map<string, Uint8Array>();
  for (const [slot, group] of [
    ['current', at.current],
    ['staged', at.staged],
  ] as const) {
    if (group === undefined) {
      change.delete(headPlace(at.log), slot);
      continue;
    }
    const { head, parts } = groups.encodeGroup(group);
    change.put(headPlace(at.log), slot, head);
    for (const [name, part] of parts) wanted.set(name, part);
  }
  const kept = new Set((await change.list(partPlace(at.log))).map(({ key }) => key));
  for (const [name, part] of wanted) if (!kept.has(name)) change.put(partPlace(at.log), name, part);
  for (const name of kept) if (!wanted.has(name)) change.delete(partPlace(at.log), name);
}

export function forgetGroup(change: StoreChange, log: LogId): void {
  change.clear(headPlace(log));
  change.clear(partPlace(log));
}
