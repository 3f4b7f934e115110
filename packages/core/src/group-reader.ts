import {
  base32Bytes,
  decodeFrame,
  decodePolicy,
  deviceIdOf,
  entryIdOf,
  equalBytes,
  limits,
  MalformedError,
  randomId,
  verifySigned,
  type DeviceId,
  type EntryId,
  type Frame,
  type MessageId,
  type PersonId,
} from '@tern/protocol';
import { authorise } from './authorise.ts';
import type { StoreChange } from './client-store.ts';
import { isLeft } from './conversation.ts';
import type { Engine } from './engine.ts';
import { logKeysAt } from './followed-log.ts';
import { membersOf, type Member, type Opened } from './group-crypto.ts';
import { receiveLoad } from './group-inbox.ts';
import {
  dropStaged,
  endGroup,
  enterEpoch,
  historiesAgree,
  noteInConversation,
  policyAfter,
  type GroupSession,
} from './group-session.ts';
import { adoptStaged } from './group-writer.ts';
import { holderOf, type Credentials, type Identity } from './identity.ts';
import { notePeriods } from './membership.ts';
import { settleOwn } from './outbox-settling.ts';
import { failOutgoing, takeOwnEntry } from './outbox.ts';
import { openArrived, type ArrivedEntry } from './sealed-entry.ts';

/** What reading a group's log came to, beside what the session holds. */
export interface GroupReading {
  /** a copy of this device wrote here: this home must begin anew as another device (rule 27) */
  readonly copied: boolean;
  /** this device can follow the group no further and asks to be added again */
  readonly lost: boolean;
}

/** How many places and ids are kept to compare histories. */
const seenKept = 64;

/** Reads entries in the order of the log; those already read are passed over, so any number of tries does the same. */
export async function readGroupEntries(
  engine: Engine,
  change: StoreChange,
  session: GroupSession,
  arrived: { readonly entries: readonly ArrivedEntry[]; readonly self: Identity & Credentials },
): Promise<GroupReading> {
  for (const entry of arrived.entries) {
    if (session.followed.ended) break;
    if (entry.seq <= session.followed.cursor) continue;
    const id = entryIdOf(engine.primitives, session.followed.log, entry.entry);
    const outcome = await readEntry(engine, change, session, { entry, id, self: arrived.self });
    if (outcome !== 'read') return { copied: outcome === 'copied', lost: outcome === 'lost' };
    session.followed = { ...session.followed, cursor: entry.seq };
    session.record = {
      ...session.record,
      seen: [...session.record.seen, [entry.seq, base32Bytes(id).slice(0, 8)] as const].slice(-seenKept),
    };
  }
  return { copied: false, lost: false };
}

async function readEntry(
  engine: Engine,
  change: StoreChange,
  session: GroupSession,
  arrived: { readonly entry: ArrivedEntry; readonly id: EntryId; readonly self: Identity & Credentials },
): Promise<'read' | 'copied' | 'lost'> {
  const { entry, id } = arrived;
  const { log } = session.followed;
  if (session.record.staged?.id === id) {
    await takeOwnEntry(change, log, id);
    await adoptStaged(engine, change, session);
    return 'read';
  }
  if (await takeOwnEntry(change, log, id)) {
    await settleOwn(change, id);
    return 'read';
  }
  // only a member can sign the policy that a commit brings: what else claims to be a commit is its relay's invention
  if (entry.next !== undefined && entry.number === session.followed.number) {
    const { changeKey } = decodePolicy(session.followed.policy);
    if (!verifySigned(engine.primitives, changeKey, entry.next, 'policy')) return 'read';
  }
  // the commit that brought us in ended an epoch that is not ours, whatever keys an earlier stay has left
  if (entry.next !== undefined && entry.number < session.followed.number) return 'read';
  const keys = await logKeysAt(change, log, entry.number);
  if (keys === undefined) return 'read'; // before we joined, or past keeping: nothing of it can be opened
  const message = openArrived(engine.primitives, log, { wrap: keys.wrap, body: entry.body });
  if (message === undefined) return entry.next === undefined ? 'read' : breakGroup(engine, session);
  const { rule } = session.conversation;
  const opened = await engine.groups.openMessage(session.group, message, {
    now: Math.min(entry.at, engine.now() / 1000 + limits.clockToleranceSeconds) * 1000,
    authorise: (view) => authorise(engine.primitives, rule, view),
  });
  return applyOpened(engine, change, session, { ...arrived, opened });
}

async function applyOpened(
  engine: Engine,
  change: StoreChange,
  session: GroupSession,
  arrived: { readonly entry: ArrivedEntry; readonly opened: Opened; readonly self: Identity & Credentials },
): Promise<'read' | 'copied' | 'lost'> {
  const { entry, opened, self } = arrived;
  const at = engine.now();
  switch (opened.kind) {
    case 'message': {
      if (!equalBytes(opened.authenticatedData, base32Bytes(session.followed.log))) return 'read';
      const frame = frameOf(opened.plaintext);
      const from = authorOf(engine, opened.from);
      session.group = opened.next;
      if (frame === undefined || from === undefined) return 'read';
      if (!historiesAgree(session, frame, opened.epoch))
        noteInConversation(session, { at, kind: 'histories-differ', person: from.person });
      const former = self.retired.map((key) => deviceIdOf(engine.primitives, key));
      const freshId = (): MessageId => randomId(engine.world.randomBytes(16));
      const arrival = { frame, encoded: opened.plaintext, from, self: { ...self, former }, entry, freshId };
      await receiveLoad(change, session, arrival);
      return 'read';
    }
    case 'commit': {
      const expected = await policyAfter(engine, session, {
        group: opened.next,
        closes: opened.removed.length > 0,
      });
      if (entry.next === undefined || !equalBytes(entry.next.payload, expected.payload))
        return breakGroup(engine, session);
      dropStaged(session);
      const before = membersOf(session.group);
      enterEpoch(change, session, { group: opened.next, ...expected });
      await notePeriods(engine, change, session, { before, device: self.device });
      noteMembers(engine, session, { at, added: opened.added, removed: opened.removed, self });
      return 'read';
    }
    case 'removed':
      session.group = opened.next;
      endGroup(session, 'left', { at, kind: 'removed' });
      if (isLeft(session.conversation)) await failOutgoing(change, session.conversation.id, 'removed');
      return 'read';
    case 'void':
      return breakGroup(engine, session);
    case 'own':
      // written with our key in a place we have used, and not by us: a copy of this home and it spoke in the same moment. A fresh
      // leaf tells them apart: the one whose commit loses begins anew (rule 27). Who wrote without reading may be the one that is alone.
      if (opened.as === 'twin' || session.record.sealedUnread === opened.epoch) return 'copied';
      session.record = { ...session.record, refreshAt: 0 };
      return 'read';
    case 'unreadable':
      // a message may be lost; a commit may not: without it nothing after can be read
      return entry.next === undefined ? 'read' : breakGroup(engine, session);
  }
}

/** A commit that nobody may follow ends the group for everybody who judges alike; recovery begins with asking to be added again. */
function breakGroup(engine: Engine, session: GroupSession): 'lost' {
  endGroup(session, 'void', { at: engine.now(), kind: 'broken' });
  return 'lost';
}

function frameOf(plaintext: Uint8Array): Frame | undefined {
  try {
    return decodeFrame(plaintext);
  } catch (error) {
    if (error instanceof MalformedError) return undefined; // a member sent nonsense: its place is read, nothing is shown
    throw error;
  }
}

function authorOf(
  engine: Engine,
  member: Member,
): { readonly person: PersonId; readonly device: DeviceId } | undefined {
  return holderOf(engine.primitives, member.credential);
}

function noteMembers(
  engine: Engine,
  session: GroupSession,
  change: {
    readonly at: number;
    readonly added: readonly Member[];
    readonly removed: readonly Member[];
    readonly self: Credentials;
  },
): void {
  if (session.conversation.rule.kind === 'group') {
    const people = new Set(
      membersOf(session.group).flatMap((member) => authorOf(engine, member)?.person ?? []),
    );
    const gone = change.removed.flatMap((member) => authorOf(engine, member)?.person ?? []);
    // who was offered a place and has not answered yet is still expected
    const stay = session.conversation.people.filter((person) => people.has(person) || !gone.includes(person));
    const others = [...new Set([...stay, ...people])].filter((person) => person !== change.self.person);
    session.conversation = { ...session.conversation, people: others };
  }
  const devices = (members: readonly Member[], person: PersonId): number =>
    members.filter((member) => authorOf(engine, member)?.person === person).length;
  // somebody of whom only these devices are here has just come
  const isNew = (person: PersonId): boolean =>
    devices(membersOf(session.group), person) === devices(change.added, person);
  for (const [kind, members] of [
    ['device-added', change.added],
    ['device-removed', change.removed],
  ] as const) {
    for (const member of members) {
      const person = authorOf(engine, member)?.person;
      if (person === undefined) continue;
      const copied = kind === 'device-added' && person === change.self.person;
      const joined = kind === 'device-added' && isNew(person);
      noteInConversation(session, {
        at: change.at,
        kind: copied ? 'copied-device' : joined ? 'joined' : kind,
        person,
      });
    }
  }
}
