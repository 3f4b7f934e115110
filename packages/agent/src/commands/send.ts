import type { Client, ContactView, MessageStatus, MessageView } from '@tern/core';
import { limits, MalformedError, RefusedError, type MessageId } from '@tern/protocol';
import { openClientHome } from '../client-home.ts';
import { wholeNumber, wrong, type Call } from '../command-line.ts';
import type { Command, Context } from '../context.ts';
import { fileSource } from '../file-source.ts';
import { reasonWords } from '../message-words.ts';
import { nudges, whileOnline } from '../online.ts';
import { line } from '../terminal-text.ts';
import { contactNamed } from '../who.ts';

const waitable: readonly MessageStatus[] = ['nearby', 'stored', 'delivered', 'read'];

export const sendCommand: Command = {
  words: ['send'],
  operands: ['WHO', '[TEXT]'],
  about: 'send a text or a file; prints the id of the message as soon as nothing can lose it',
  options: {
    file: { value: 'PATH', about: 'send this file instead of a text' },
    'reply-to': { value: 'ID', about: 'the message that this one answers' },
    wait: {
      value: 'nearby|stored|delivered|read',
      about: 'stay online until the message waits at a relay nearby, is there, on their device, or read',
    },
    timeout: {
      value: 'SECONDS',
      about: 'with --wait: give up waiting after so long; the message goes all the same',
    },
  },
  notes: ['TEXT - is what comes on standard input. A text that begins with - goes after --.'],
  async run(call, context) {
    const { wait, timeoutMs } = waitOptions(call);
    const text = await givenText(call, context);
    await using opened = await openClientHome(context);
    const { client } = opened;
    const contact = await contactNamed(client, call.operand('WHO'), sendCommand);
    if (contact.blocked)
      throw new RefusedError('blocked', `${contact.name} is blocked (tern contacts unblock)`);
    const replyTo = await answered(client, contact, call.value('reply-to'));
    const options = replyTo === undefined ? {} : { replyTo };
    const path = call.value('file');
    const id =
      path === undefined
        ? await client.sendText(contact.conversation, text, options)
        : await client.sendFile(contact.conversation, await fileSource(path), options);
    if (!context.output.json) context.output.result({}, id);
    if (wait === undefined) await opened.synchronise();
    else await reached(client, context, { id, wait, timeoutMs });
    tell(context, { id, contact, message: await client.message(id), wait });
  },
};

interface Wait {
  readonly wait: MessageStatus | undefined;
  readonly timeoutMs: number | undefined;
}

function waitOptions(call: Call): Wait {
  const asked = call.value('wait');
  const wait = waitable.find((status) => status === asked);
  if (asked !== undefined && wait === undefined)
    throw wrong(sendCommand, `--wait is one of: ${waitable.join(', ')}`);
  const timeout = call.value('timeout');
  if (timeout === undefined) return { wait, timeoutMs: undefined };
  if (wait === undefined) throw wrong(sendCommand, '--timeout goes with --wait');
  return {
    wait,
    timeoutMs: wholeNumber(sendCommand, 'timeout', { text: timeout, from: 1, to: 2_000_000 }) * 1000,
  };
}

async function givenText(call: Call, context: Context): Promise<string> {
  const text = call.optional('TEXT');
  if (call.value('file') !== undefined) {
    if (text !== undefined) throw wrong(sendCommand, 'a message is a text or a file, not both');
    return '';
  }
  if (text === undefined) throw wrong(sendCommand, 'TEXT is missing, or --file PATH');
  const whole = text === '-' ? await standardInput(context) : text;
  if (whole === '') throw wrong(sendCommand, 'the text is empty');
  if (Buffer.byteLength(whole) > limits.messageBytes) throw tooLong();
  return whole;
}

async function standardInput({ terminal }: Context): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of terminal.input) {
    const bytes = Buffer.from(piece);
    length += bytes.length;
    if (length > limits.messageBytes + 1) throw tooLong();
    pieces.push(bytes);
  }
  return Buffer.concat(pieces)
    .toString('utf8')
    .replace(/\r?\n$/u, '');
}

function tooLong(): MalformedError {
  return new MalformedError(`a text has at most ${limits.messageBytes} bytes; longer ones go as a file`);
}

async function answered(
  client: Client,
  contact: ContactView,
  id: string | undefined,
): Promise<MessageId | undefined> {
  if (id === undefined) return undefined;
  const message = await client.message(id as MessageId);
  if (message?.conversation !== contact.conversation) {
    throw new RefusedError('unknown-message', `no message with ${contact.name} has the id ${id}`);
  }
  return message.id;
}

const order: readonly MessageStatus[] = ['queued', 'nearby', 'stored', 'delivered', 'read'];

function isReached(status: MessageStatus | undefined, wait: MessageStatus): boolean {
  return status !== undefined && order.indexOf(status) >= order.indexOf(wait);
}

async function reached(
  client: Client,
  context: Context,
  waiting: { readonly id: MessageId; readonly wait: MessageStatus; readonly timeoutMs: number | undefined },
): Promise<void> {
  const { id, wait, timeoutMs } = waiting;
  await whileOnline(client, context, async (online) => {
    const signal =
      timeoutMs === undefined ? online : AbortSignal.any([online, AbortSignal.timeout(timeoutMs)]);
    for await (const _ of nudges(client, signal)) {
      const status = (await client.message(id))?.status;
      if (status === 'failed' || isReached(status, wait)) return;
    }
  });
}

interface Sent {
  readonly id: MessageId;
  readonly contact: ContactView;
  readonly message: MessageView | undefined;
  readonly wait: MessageStatus | undefined;
}

function tell({ output }: Context, { id, contact, message, wait }: Sent): void {
  const status = message?.status ?? 'queued';
  const because = message?.because === undefined ? {} : { because: message.because };
  if (output.json) output.result({ id, status, ...because }, '');
  if (status === 'failed')
    throw new RefusedError(
      'not-sent',
      `the message was not sent: ${message?.because === undefined ? 'the relay refused it' : reasonWords(message.because)}`,
    );
  if (wait !== undefined && !isReached(status, wait)) {
    throw new RefusedError(
      'not-yet',
      `the message is not ${wait} yet (it is ${status}); it goes on by itself whenever tern runs`,
    );
  }
  if (status === 'nearby')
    output.say('the message waits at another relay of yours, and goes on when that one can reach its relay');
  if (status !== 'queued') return;
  const until =
    contact.state === 'waiting' ? line`until ${contact.name} has answered` : 'until a relay can be reached';
  output.say(`the message is kept here ${until}; it goes when tern runs then`);
}
