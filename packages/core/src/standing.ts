import type { DeviceId, MessageId } from '@tern/protocol';
import type { Standing } from './arrangement.ts';
import type { StoreView } from './client-store.ts';
import {
  receivedTable,
  toldTable,
  type Conversation,
  type ReceivedFrom,
  type ToldBy,
} from './conversation.ts';
import { reachOf } from './conversation-digest.ts';
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

type OutgoingMessage = Extract<Outgoing, { readonly kind: 'message' }>;

/** Own messages that wait to leave, or failed. */
export async function waitingMessages(view: StoreView): Promise<ReadonlyMap<MessageId, OutgoingMessage>> {
  const waiting = new Map<MessageId, OutgoingMessage>();
  for (const [, outgoing] of await outbox(view))
    if (outgoing.kind === 'message') waiting.set(outgoing.message, outgoing);
  return waiting;
}

export async function standingsIn(
  engine: Engine,
  view: StoreView,
  conversation: Conversation,
): Promise<Standings> {
  const self = await selfOf(engine, view);
  const told = (await toldTable.list(view, conversation.id)).map(([, one]) => one);
  const waiting = await waitingMessages(view);
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
    readonly waiting: ReadonlyMap<MessageId, OutgoingMessage>;
  },
): Omit<Standing, 'here'> {
  const waiting = known.waiting.get(message.content.id);
  if (waiting?.failed !== undefined) return { fromMe: true, status: 'failed', because: waiting.failed };
  const reach = reachOf(message, known);
  if (reach !== 'sent') return { fromMe: true, status: reach };
  return { fromMe: true, status: waiting === undefined && message.number > 0 ? 'stored' : 'queued' };
}
