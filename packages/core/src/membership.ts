import { list, field, struct, tuple, uint, type DeviceId, type PersonId } from '@tern/protocol';
import type { StoreChange, StoreView } from './client-store.ts';
import type { Engine } from './engine.ts';
import { membersOf, type Member } from './group-crypto.ts';
import type { GroupSession } from './group-session.ts';
import { holderOf } from './identity.ts';
import { rangesClosed, rangesHave, type Ranges } from './ranges.ts';
import { recordTable, type RecordTable } from './record-table.ts';

const highest: number = 2 ** 48;

interface Periods {
  /** numbers of this device's messages that were written while somebody was in the group */
  readonly numbers: Ranges;
}

/** Partition: conversation; key: `person/our device`. Nothing for those who were there from the start. */
const periodTable: RecordTable<Periods> = recordTable(
  'memberships',
  struct<Periods>({ numbers: field(1, list(tuple(uint(highest), uint(highest)), 2000)) }),
);

/** People came or went with a commit: what is written from now on is theirs, or is not. @param before the members before it */
export async function notePeriods(
  engine: Engine,
  change: StoreChange,
  session: GroupSession,
  { before, device }: { readonly before: readonly Member[]; readonly device: DeviceId },
): Promise<void> {
  const { id, rule, nextNumber } = session.conversation;
  if (rule.kind === 'pair') return;
  const then = peopleIn(engine, before);
  const now = peopleIn(engine, membersOf(session.group));
  for (const person of then.union(now)) {
    if (then.has(person) === now.has(person)) continue;
    const key = `${person}/${device}`;
    const known = (await periodTable.get(change, id, key))?.numbers;
    const numbers: Ranges = now.has(person)
      ? [...(known ?? []), [nextNumber, highest]]
      : (known ?? [[1, highest]]).map(([from, to]) => [from, Math.min(to, nextNumber - 1)] as const);
    periodTable.put(change, id, key, { numbers: rangesClosed(numbers.filter(([from, to]) => from <= to)) });
  }
}

/** Was this person in the group when this device wrote that message? Only then may they have it again (rule 12). */
export async function wasPresent(
  view: StoreView,
  session: GroupSession,
  asked: { readonly person: PersonId; readonly device: DeviceId; readonly number: number },
): Promise<boolean> {
  const known = await periodTable.get(view, session.conversation.id, `${asked.person}/${asked.device}`);
  return known === undefined || rangesHave(known.numbers, asked.number);
}

function peopleIn(engine: Engine, members: readonly Member[]): ReadonlySet<PersonId> {
  return new Set(members.flatMap((member) => holderOf(engine.primitives, member.credential)?.person ?? []));
}
