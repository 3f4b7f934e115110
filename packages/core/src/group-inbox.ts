import type { DeviceId, Frame, NumberRange, PersonId } from '@tern/protocol';
import type { StoreChange } from './client-store.ts';
import { contactTable } from './contact.ts';
import { receivedTable, toldTable, type ReceivedFrom } from './conversation.ts';
import type { GroupSession } from './group-session.ts';
import type { Credentials } from './identity.ts';
import { appendMessage, messageById, sentMessageId } from './message-store.ts';
import { outbox, putOutgoing } from './outbox.ts';
import { rangesHave, rangesUnion, rangesWith } from './ranges.ts';
import type { ArrivedEntry } from './sealed-entry.ts';

/** A frame that somebody sealed for us, and who. */
interface Arrival {
  readonly frame: Frame;
  readonly from: { readonly person: PersonId; readonly device: DeviceId };
  readonly self: Credentials;
  readonly entry: ArrivedEntry;
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
        await sendAgain(change, session, { device: load.device, numbers: load.numbers });
      break;
    case 'unknown':
      break;
  }
}

async function receiveContent(
  change: StoreChange,
  session: GroupSession,
  { frame, from, self, entry }: Arrival,
): Promise<void> {
  if (frame.load.kind !== 'content') return;
  const { content } = frame.load;
  const { id: conversation } = session.conversation;
  const received: ReceivedFrom = (await receivedTable.get(change, conversation, from.device)) ?? {
    person: from.person,
    delivered: [],
    read: [],
    askedAt: 0,
  };
  if (rangesHave(received.delivered, frame.number)) return;
  receivedTable.put(change, conversation, from.device, {
    ...received,
    delivered: rangesWith(received.delivered, frame.number),
  });
  const contact = await contactTable.get(change, '', from.person);
  if (contact?.blocked === true) return;
  if (from.person !== self.person) session.conversation = { ...session.conversation, receiptDue: true };
  const known = await messageById(change, content.id);
  if (known !== undefined) return; // resealed by a device that had lost count: it has a new number and is the same message
  session.conversation = appendMessage(change, session.conversation, {
    from: from.person,
    device: from.device,
    number: frame.number,
    arrivedAt: entry.at * 1000,
    content,
  });
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
  if (from.person === self.person) return;
  const key = `${from.person}/${line.device}`;
  const told = await toldTable.get(change, session.conversation.id, key);
  toldTable.put(change, session.conversation.id, key, {
    person: from.person,
    device: line.device,
    delivered: rangesUnion(told?.delivered ?? [], line.delivered),
    read: rangesUnion(told?.read ?? [], line.read),
  });
}

/** How many messages one request may bring back. */
const mostAgain = 256;

async function sendAgain(
  change: StoreChange,
  session: GroupSession,
  wanted: { readonly device: DeviceId; readonly numbers: readonly NumberRange[] },
): Promise<void> {
  const { id: conversation } = session.conversation;
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
