import { unsentBecause, type ContactView, type GapView, type Me, type MessageView } from '@tern/core';
import type { PersonId } from '@tern/protocol';
import { line, safeBlock } from './terminal-text.ts';

/** What is needed to say who wrote to whom. */
export interface Correspondents {
  readonly me: Me;
  /** the other one in a conversation of two */
  readonly partner: (message: Pick<MessageView, 'conversation'>) => ContactView | undefined;
  readonly nameOf: (person: PersonId) => string;
}

/** A message as `--json` shows it. Fields that do not apply are left out. */
export function messageObject(
  message: MessageView,
  people: Correspondents,
): Readonly<Record<string, unknown>> {
  const { from, to } = ends(message, people);
  return {
    id: message.id,
    from: from.name,
    fromId: from.person,
    to: to.name,
    toId: to.person,
    at: new Date(message.at).toISOString(),
    ...(message.text !== undefined && { text: message.text }),
    ...(message.file !== undefined && {
      file: { name: message.file.name, type: message.file.type, size: message.file.size },
    }),
    ...(message.replyTo !== undefined && { replyTo: message.replyTo }),
    ...(message.edited && { edited: true }),
    ...(message.deleted && { deleted: true }),
    ...(message.newer && { newer: true }),
    ...(message.reactions.length > 0 && {
      reactions: message.reactions.map((one) => ({ from: people.nameOf(one.from), text: one.text })),
    }),
    ...(message.because !== undefined && { because: message.because }),
    ...(message.number > 0 && { number: message.number }),
    device: message.device,
    status: message.status,
  };
}

/** A message as people read it: a head at the edge, and everything of others indented below. */
export function messageWords(
  message: MessageView,
  people: Correspondents,
  columns: number | undefined,
): string {
  const { from, to } = ends(message, people);
  const status = message.fromMe ? ` [${message.status}]` : '';
  const head = line`${localTime(message.at)}  ${from.name} to ${to.name}${status}  (${message.id})`;
  const body = [
    ...(message.replyTo === undefined ? [] : [line`    in answer to ${message.replyTo}`]),
    ...(message.because === undefined ? [] : [line`    not sent: ${reasonWords(message.because)}`]),
    ...contentWords(message, columns),
    ...message.reactions.map((reaction) => line`    ${people.nameOf(reaction.from)}: ${reaction.text}`),
  ];
  return [head, ...body].join('\n');
}

function contentWords(message: MessageView, columns: number | undefined): readonly string[] {
  if (message.deleted) return ['    (deleted by who wrote it)'];
  const words: string[] = [];
  if (message.text !== undefined) words.push(safeBlock(message.text, columns));
  if (message.edited) words.push('    (edited)');
  const { file } = message;
  if (file !== undefined)
    words.push(line`    file "${file.name}", ${sizeWords(file.size)}: tern save ${message.id} PATH`);
  if (message.newer) words.push('    (sent by a newer Tern, which shows what this one cannot)');
  return words;
}

export function gapObject(gap: GapView, people: Correspondents): Readonly<Record<string, unknown>> {
  return { gap: gap.missing, from: people.nameOf(gap.from), fromId: gap.from, device: gap.device };
}

export function gapWords(gap: GapView, people: Correspondents): string {
  const what = gap.missing === 1 ? '1 message has' : `${gap.missing} messages have`;
  return line`(${what} not arrived from ${people.nameOf(gap.from)} yet)`;
}

interface End {
  readonly name: string;
  readonly person: PersonId | undefined;
}

/** A conversation that is no contact's. */
const group: End = { name: 'a group', person: undefined };

function ends(
  message: MessageView,
  { me, partner, nameOf }: Correspondents,
): { readonly from: End; readonly to: End } {
  const self: End = { name: me.name, person: me.person };
  const other = partner(message);
  if (!message.fromMe) {
    const from = { name: nameOf(message.from), person: message.from };
    return { from, to: other === undefined ? group : self };
  }
  return { from: self, to: other === undefined ? group : { name: other.name, person: other.person } };
}

function localTime(at: number): string {
  const time = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

const wordsOfReasons: ReadonlyMap<string, string> = new Map([
  [
    unsentBecause,
    'it had not left when this home was exported; the device it was written on may still send it',
  ],
  ['malformed', 'the relay does not understand it'],
  ['unsupported', 'the relay is too old for it'],
  ['quota', 'the relay has kept as much for you as it may'],
]);

/** Why a message failed, in words. */
export function reasonWords(because: string): string {
  return wordsOfReasons.get(because) ?? `the relay refused it (${because})`;
}

export function sizeWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
