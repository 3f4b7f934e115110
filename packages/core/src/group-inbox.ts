import {
  contentOfFrame,
  type DeviceId,
  type Frame,
  type MessageId,
  type NumberRange,
  type PersonId,
} from '@tern/protocol';
import type { StoreChange } from './client-store.ts';
import { contactTable } from './contact.ts';
import { noteReceipt } from './conversation-digest.ts';
import { nothingFrom, receivedTable, toldTable } from './conversation.ts';
import type { GroupSession } from './group-session.ts';
import type { Credentials } from './identity.ts';
import { wasPresent } from './membership.ts';
import { markedBy, takeMessage } from './message-marks.ts';
import { messageById, sentMessageId } from './message-store.ts';
import { outbox, putOutgoing } from './outbox.ts';
import { mostRanges, rangesClosed, rangesHave, rangesUnion, rangesWith } from './ranges.ts';
import type { ArrivedEntry } from './sealed-entry.ts';

/** A frame that somebody sealed for us, and who. */
interface Arrival {
  readonly frame: Frame;
  readonly encoded: Uint8Array;
  readonly from: { readonly person: PersonId; readonly device: DeviceId };
  /** `former`: devices that this home was */
  readonly self: Credentials & { readonly former: readonly DeviceId[] };
  readonly entry: ArrivedEntry;
  readonly freshId: () => MessageId;
}

/** Takes in what a frame carries. The same frame again, in whatever entry, changes nothing (rule 14). */
export async function receiveLoad(
  change: StoreChange,
  session: GroupSession,
  arrival: Arrival,
): Promise<void> {
  const { load } = arrival.frame;
  switch (load.kind) {
    case 'content':
      return receiveContent(change, session, arrival);
    case 'receipt':
      for (const line of load.lines) await receiveReceipt(change, session, { ...arrival, line });
      return;
    case 'again':
      if (load.device === arrival.self.device)
        await sendAgain(change, session, { ...load, person: arrival.from.person });
      break;
    case 'unknown':
      break;
  }
}

async function receiveContent(
  change: StoreChange,
  session: GroupSession,
  { frame, encoded, from, self, entry, freshId }: Arrival,
): Promise<void> {
  if (frame.load.kind !== 'content') return;
  const { content } = frame.load;
  const { id: conversation } = session.conversation;
  const first = session.conversation.rule.kind === 'group' ? frame.number : 1;
  const received =
    (await receivedTable.get(change, conversation, from.device)) ?? nothingFrom(from.person, first);
  if (rangesHave(received.delivered, frame.number)) return;
  receivedTable.put(change, conversation, from.device, {
    ...received,
    delivered: rangesClosed(rangesWith(received.delivered, frame.number)),
    // what has no line of its own cannot be read later than it came
    ...(markedBy(content) === undefined
      ? {}
      : { read: rangesClosed(rangesWith(received.read, frame.number)) }),
    asked: 0,
  });
  const contact = await contactTable.get(change, '', from.person);
  if (contact?.blocked === true) return;
  if (from.person !== self.person) session.conversation = { ...session.conversation, receiptDue: true };
  const known = await messageById(change, content.id);
  // resealed by a device that had lost count: it has a new number and is the same message
  if (known?.from === from.person && known.conversation === conversation) return;
  // somebody else has used this id first: neither may keep the other's words away
  const id = known === undefined ? content.id : freshId();
  const kept = contentOfFrame(encoded, id);
  session.conversation = await takeMessage(
    change,
    session.conversation,
    {
      from: from.person,
      device: from.device,
      number: frame.number,
      arrivedAt: entry.at * 1000,
      content: { ...content, id },
      ...(kept === undefined ? {} : { kept }),
    },
    { self: self.person },
  );
}

interface ReceiptArrival extends Arrival {
  readonly line: {
    readonly device: DeviceId;
    readonly delivered: readonly NumberRange[];
    readonly read: readonly NumberRange[];
  };
}

/** Receipts add up; none is ever answered, and one for a device that is not ours is nobody's business here. */
async function receiveReceipt(
  change: StoreChange,
  session: GroupSession,
  { from, self, line }: ReceiptArrival,
): Promise<void> {
  if (from.person === self.person || !(await isOurs(change, session, { self, device: line.device }))) return;
  const key = `${from.person}/${line.device}`;
  const told = await toldTable.get(change, session.conversation.id, key);
  toldTable.put(change, session.conversation.id, key, {
    person: from.person,
    device: line.device,
    delivered: rangesUnion(told?.delivered ?? [], line.delivered).slice(-mostRanges),
    read: rangesUnion(told?.read ?? [], line.read).slice(-mostRanges),
  });
  await noteReceipt(change, session.conversation);
}

/** This device, one it was before it had to begin anew, or another of the same person that has written here. */
async function isOurs(
  change: StoreChange,
  session: GroupSession,
  { self, device }: { readonly self: Arrival['self']; readonly device: DeviceId },
): Promise<boolean> {
  if (device === self.device || self.former.includes(device)) return true;
  return (await receivedTable.get(change, session.conversation.id, device))?.person === self.person;
}

/** How many messages one request may bring back. */
const mostAgain = 256;

async function sendAgain(
  change: StoreChange,
  session: GroupSession,
  wanted: {
    readonly device: DeviceId;
    readonly numbers: readonly NumberRange[];
    readonly person: PersonId;
  },
): Promise<void> {
  const { id: conversation, rule } = session.conversation;
  // who was taken out of the list and has come again is a stranger until somebody here says yes
  const contact = await contactTable.get(change, '', wanted.person);
  if (rule.kind === 'pair' && contact?.request === true) return;
  const waiting = new Set(
    (await outbox(change)).flatMap(([, one]) =>
      one.kind === 'message' && one.conversation === conversation && one.number !== undefined
        ? [one.number]
        : [],
    ),
  );
  let left = mostAgain;
  for (const [from, to] of wanted.numbers) {
    for (let number = from; number <= to && left > 0; number += 1) {
      left -= 1;
      const message = await sentMessageId(change, conversation, { device: wanted.device, number });
      if (message === undefined || waiting.has(number)) continue;
      // what was said before somebody came is not theirs
      if (!(await wasPresent(change, session, { ...wanted, number }))) continue;
      await putOutgoing(change, {
        kind: 'message',
        conversation,
        message,
        number,
        device: wanted.device,
        blobs: [],
      });
    }
  }
}
