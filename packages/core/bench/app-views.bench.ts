import { randomBytes } from 'node:crypto';
import {
  base32,
  utf8,
  type Content,
  type ConversationId,
  type DeviceId,
  type MessageId,
  type PersonId,
  type World,
} from '@tern/protocol';
import { nodePrimitives } from '@tern/reach/node';
import type { Transport } from '@tern/reach';
import { pairRule } from '../src/authorise.ts';
import type { ClientStore, StoreChange } from '../src/client-store.ts';
import { contactTable } from '../src/contact.ts';
import { conversationTable, emptyConversation, pairConversationId } from '../src/conversation.ts';
import { memoryStore } from '../src/memory-store.ts';
import { takeMessage } from '../src/message-marks.ts';
import { openClient } from '../src/open-client.ts';

interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: number;
}

const people = 500;
const long = 10_000;
const short = 20;
const spare = 200;

/** What a screen asks of a home with 500 conversations, one of them of 10,000 messages: times over a store in memory, and how often it is asked. */
export async function benchAppViews(): Promise<readonly Measurement[]> {
  const counted = countingStore(memoryStore({ world }));
  await using client = await openClient({
    store: counted.store,
    world,
    primitives: nodePrimitives,
    transport: nowhere,
  });
  const me = await client.init('Anna');
  const filled = await filledHome(counted.store, me.person);
  const overview = await timesMs(20, () => client.overview());
  const reads = counted.reads;
  await client.overview();
  const overviewReads = counted.reads - reads;
  const latest = await timesMs(50, () => client.window(filled.long));
  const before = counted.reads;
  await client.window(filled.long);
  const windowReads = counted.reads - before;
  const grown = await timesMs(20, () => client.window(filled.long, { from: long - 1000 }));
  const arriving = await timesMs(spare, async (at) => {
    await counted.store.change((change) => filled.arrive(change, at));
    await client.window(filled.long);
  });
  const missing = await timesMs(5, () =>
    drained(client.search('xylophone', { signal: never, conversation: filled.long })),
  );
  const found = await timesMs(20, async () => {
    for await (const _ of client.search('word9990', { signal: never })) return;
  });
  const written = await timesMs(50, (at) => client.sendText(filled.long, `written ${at}`));
  return [
    { name: 'overview of 500 conversations', value: overview, unit: 'ms', goal: 30 },
    { name: 'overview of 500 conversations, store reads', value: overviewReads, unit: 'reads', goal: 10 },
    { name: 'latest window of 10,000 messages', value: latest, unit: 'ms', goal: 10 },
    { name: 'latest window of 10,000 messages, store reads', value: windowReads, unit: 'reads', goal: 12 },
    { name: 'window of the last 1,000 of 10,000 messages', value: grown, unit: 'ms' },
    { name: 'a message arrives, and the latest window', value: arriving, unit: 'ms', goal: 15 },
    { name: 'search through 10,000 messages to the end', value: missing, unit: 'ms', goal: 500 },
    { name: 'search, until the first hit among the last messages', value: found, unit: 'ms', goal: 50 },
    { name: 'write a message into a conversation of 10,000', value: written, unit: 'ms', goal: 10 },
  ];
}

const never: AbortSignal = new AbortController().signal;

const world: World = {
  now: () => Date.now(),
  randomBytes: (length) => new Uint8Array(randomBytes(length)),
  wait: async (_ms, { signal }) => signal.throwIfAborted(),
};

const nowhere: Transport = {
  name: 'nowhere',
  async *carry() {
    yield await Promise.reject(new TypeError('nothing is sent here'));
  },
};

interface FilledHome {
  readonly long: ConversationId;
  /** one more message of the other side in the long one */
  arrive(change: StoreChange, at: number): Promise<void>;
}

async function filledHome(store: ClientStore, self: PersonId): Promise<FilledHome> {
  const ids: ConversationId[] = [];
  const others: PersonId[] = [];
  for (let at = 0; at < people; at += 1) {
    const rootKey = new Uint8Array(randomBytes(32));
    const other = base32(new Uint8Array(randomBytes(32))) as PersonId;
    const id = pairConversationId(nodePrimitives, new Uint8Array(32), rootKey);
    ids.push(id);
    others.push(other);
    await store.change(async (change) => {
      contactTable.put(change, '', other, {
        rootKey,
        name: `Person ${at}`,
        verified: false,
        blocked: false,
        devices: new Uint8Array(),
        meetings: [],
        conversation: id,
        addedAt: world.now(),
        removed: false,
      });
      let conversation = { ...emptyConversation(id, pairRule(new Uint8Array(32), rootKey)), people: [other] };
      for (let number = 0; number < (at === 0 ? long : short); number += 1)
        conversation = {
          ...(await takeMessage(change, conversation, messageOf(other, number), { self })),
          people: [other],
        };
      conversationTable.put(change, '', id, conversation);
    });
  }
  const [first, other] = [ids[0], others[0]];
  if (first === undefined || other === undefined) throw new TypeError('nobody is there');
  return {
    long: first,
    async arrive(change, at) {
      const conversation = await conversationTable.get(change, '', first);
      if (conversation === undefined) return;
      const after = await takeMessage(change, conversation, messageOf(other, long + at), { self });
      conversationTable.put(change, '', first, after);
    },
  };
}

function messageOf(from: PersonId, at: number): Parameters<typeof takeMessage>[2] {
  const text = `This is what somebody said as word${at}: ${'and more of it, '.repeat(10)}and that is all.`;
  const content: Content = {
    id: base32(new Uint8Array(randomBytes(16))) as MessageId,
    at: 1_790_000_000_000 + at,
    part: { kind: 'single', disposition: 1, type: 'text/plain;charset=utf-8', content: utf8(text) },
  };
  return {
    from,
    device: from.slice(0, 26).replace(/.$/u, 'a') as DeviceId,
    number: at + 1,
    arrivedAt: content.at,
    content,
  };
}

function countingStore(store: ClientStore): { readonly store: ClientStore; reads: number } {
  const counted = {
    reads: 0,
    store: {
      read: (work) =>
        store.read((view) =>
          work({
            get(place, key) {
              counted.reads += 1;
              return view.get(place, key);
            },
            list(place) {
              counted.reads += 1;
              return view.list(place);
            },
          }),
        ),
      change: (work, options) => store.change(work, options),
      changes: (signal) => store.changes(signal),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    } satisfies ClientStore as ClientStore,
  };
  return counted;
}

async function drained(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream) continue;
}

/** The median. */
async function timesMs(times: number, work: (at: number) => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let at = 0; at < times; at += 1) {
    const begin = performance.now();
    await work(at);
    taken.push(performance.now() - begin);
  }
  return taken.toSorted((a, b) => a - b)[Math.floor(times / 2)] ?? Number.NaN;
}
