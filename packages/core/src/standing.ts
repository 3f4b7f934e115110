import type { DeviceId, MessageId } from '@tern/protocol';
import type { Standing } from './arrangement.ts';
import type { MessageStatus } from './client.ts';
import type { StoreView } from './client-store.ts';
import {
  receivedTable,
  toldTable,
  type Conversation,
  type ReceivedFrom,
  type ToldBy,
} from './conversation.ts';
import { reachOf } from './conversation-digest.ts';
import { deferredTable, isKept } from './deferred-messages.ts';
import { selfOf, type Engine } from './engine.ts';
import { wholeFiles } from './kept-files.ts';
import type { Message } from './message-store.ts';
import { outbox, type Outgoing } from './outbox.ts';
import { rangesHave, rangesMissing } from './ranges.ts';

/** What is known of a conversation's messages beside what they say. */
export interface Standings {
  readonly of: (message: Message) => Standing;
  /** how many of a device's numbers, both included, are still expected */
  readonly missing: (device: DeviceId, from: number, to: number) => number;
  /** the highest number of a device before this one that has come */
  readonly before: (device: DeviceId, number: number) => number;
}

/** An own message that waits to leave, or failed; `kept` where another relay has it meanwhile. */
export type WaitingMessage = Extract<Outgoing, { readonly kind: 'message' }> & { readonly kept: boolean };

export async function waitingMessages(
  engine: Pick<Engine, 'now'>,
  view: StoreView,
): Promise<ReadonlyMap<MessageId, WaitingMessage>> {
  const waiting = new Map<MessageId, WaitingMessage>();
  for (const [key, outgoing] of await outbox(view)) {
    if (outgoing.kind !== 'message') continue;
    const kept =
      outgoing.sealed !== undefined && isKept(engine, outgoing, await deferredTable.get(view, '', key));
    waiting.set(outgoing.message, { ...outgoing, kept });
  }
  return waiting;
}

/** Where an own message is that nobody has said anything of. */
export function leavingStatus(waiting: WaitingMessage | undefined, number: number): MessageStatus {
  if (waiting === undefined && number > 0) return 'stored';
  return waiting?.kept === true ? 'nearby' : 'queued';
}

export async function standingsIn(
  engine: Engine,
  view: StoreView,
  conversation: Conversation,
): Promise<Standings> {
  const self = await selfOf(engine, view);
  const told = (await toldTable.list(view, conversation.id)).map(([, one]) => one);
  const waiting = await waitingMessages(engine, view);
  const whole = await wholeFiles(view);
  const received = new Map<string, ReceivedFrom>(await receivedTable.list(view, conversation.id));
  return {
    missing(device, from, to) {
      const known = received.get(device);
      return known === undefined ? 0 : rangesMissing(known.delivered, Math.max(from, known.first), to);
    },
    before(device, number) {
      const range = received.get(device)?.delivered.findLast(([from]) => from < number);
      return range === undefined ? 0 : Math.min(range[1], number - 1);
    },
    of(message) {
      const here = whole.has(message.content.id);
      if (message.from === self.person)
        return { here, ...statusOf(message, { people: conversation.people.length, told, waiting }) };
      const read = rangesHave(received.get(message.device)?.read ?? [], message.number);
      return { here, fromMe: false, status: read ? 'read' : 'delivered' };
    },
  };
}

/** How an own message stands: the lowest state that everybody in the conversation has reached. */
function statusOf(
  message: Message,
  known: {
    readonly people: number;
    readonly told: readonly ToldBy[];
    readonly waiting: ReadonlyMap<MessageId, WaitingMessage>;
  },
): Omit<Standing, 'here'> {
  const waiting = known.waiting.get(message.content.id);
  if (waiting?.failed !== undefined) return { fromMe: true, status: 'failed', because: waiting.failed };
  const reach = reachOf(message, known);
  if (reach !== 'sent') return { fromMe: true, status: reach };
  return { fromMe: true, status: leavingStatus(waiting, message.number) };
}
