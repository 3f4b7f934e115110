/** The half of the benchmark that runs in the page: a conversation of 10,000 messages, told what changes as the engine tells it. */
import type { ConversationWindow, WindowLine } from '@tern/core';
import type { ConversationId, DeviceId, MessageId, PersonId } from '@tern/protocol';
import type { WindowUpdate } from '../src/engine/app-api.ts';
import { startFakePage } from '../test/support/fake-page.ts';

const messagesInAll = 10_000;
const id = 'Anna' as ConversationId;
const start = Date.UTC(2026, 0, 1);
let lines: readonly WindowLine[] = Array.from({ length: messagesInAll }, (_, at) => lineOf(at));
let told: WindowUpdate = { kind: 'whole', window: { ...about(), lines } };
let tell = Promise.withResolvers<void>();

function lineOf(at: number): WindowLine & { readonly kind: 'message' } {
  const mine = at % 3 === 0;
  const words = 'the tern flies from pole to pole and back every year '.repeat(1 + (at % 4));
  return {
    kind: 'message',
    key: `m${at}`,
    id: `m${at}` as MessageId,
    conversation: id,
    from: (mine ? 'person-me' : 'person-Anna') as PersonId,
    device: 'd' as DeviceId,
    fromMe: mine,
    number: at + 1,
    position: at + 1,
    at: start + at * 180_000,
    arrivedAt: start + at * 180_000,
    text: `${at} ${words}`,
    edited: false,
    deleted: false,
    newer: false,
    reactions: [],
    status: 'read',
  };
}

function about(): Omit<ConversationWindow, 'lines'> {
  return { conversation: id, from: 1, whole: true, unread: 0 };
}

function say(update: WindowUpdate): void {
  told = update;
  tell.resolve();
  tell = Promise.withResolvers();
}

/** From when the page is told until what it shows is laid out; without the wait for the screen. */
async function timed(change: () => void, isShown: () => boolean): Promise<number> {
  const from = performance.now();
  change();
  while (!isShown()) await new Promise<void>((resolve) => queueTask(resolve));
  document.querySelector('.messages')?.getBoundingClientRect();
  return performance.now() - from;
}

/** A turn of the event loop, without a timer's least wait. */
function queueTask(run: () => void): void {
  const channel = new MessageChannel();
  channel.port1.addEventListener('message', run, { once: true });
  channel.port1.start();
  channel.port2.postMessage(undefined);
}

const shows = (text: string): boolean =>
  [...document.querySelectorAll('.message')].some((one) => one.textContent.includes(text));

const measure = {
  append(): Promise<number> {
    const line = lineOf(lines.length);
    lines = [...lines, line];
    return timed(
      () => say({ kind: 'changed', lines: [line], gone: [], window: about() }),
      () => shows(line.text ?? ''),
    );
  },
  /** five own messages in view change where they are, one after the other */
  async ticks(): Promise<number> {
    let sum = 0;
    const mine = lines.filter((line) => line.kind === 'message' && line.fromMe).slice(-5);
    for (const line of mine) {
      if (line.kind !== 'message') continue;
      const status = line.status === 'read' ? 'delivered' : 'read';
      const next = { ...line, status } as const;
      lines = lines.map((one) => (one === line ? next : one));
      const mark = (): boolean =>
        document.querySelector(`[data-message="${next.id}"] .status.${status}`) !== null;
      sum += await timed(() => say({ kind: 'changed', lines: [next], gone: [], window: about() }), mark);
    }
    return sum;
  },
  /** the last message but ten comes to stand at the end */
  reorder(): Promise<number> {
    const moved = lines.at(-10);
    if (moved === undefined) return Promise.resolve(0);
    lines = [...lines.filter((line) => line !== moved), moved];
    const order = lines.map(({ key }) => key);
    return timed(
      () => say({ kind: 'changed', lines: [], gone: [], order, window: about() }),
      () => [...document.querySelectorAll('[data-key]')].at(-1)?.getAttribute('data-key') === moved.key,
    );
  },
};
Reflect.set(globalThis, 'measure', measure);

void startFakePage(
  { conversations: [{ name: 'Anna', lines: [{ text: 'hi', by: 'Anna' }] }] },
  {
    async *window(_, { signal }) {
      while (!signal.aborted) {
        const next = tell.promise;
        yield told;
        await next;
      }
    },
  },
);
