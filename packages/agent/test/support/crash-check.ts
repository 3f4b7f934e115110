import type { Journal, Line } from '../programs/crash-command.ts';

/** What one device was promised, and what its owner sees of one conversation. */
export interface Side {
  readonly name: string;
  readonly journal: Journal;
  readonly lines: readonly Line[];
  readonly notices: readonly string[];
  /** ids of the invitations its owner finds */
  readonly invitations: readonly string[];
}

/** What may be told about a conversation in which nothing happened but crashes. */
const harmless: ReadonlySet<string> = new Set(['joined', 'device-added']);

/** Everything that a crash must not do to a conversation and did, in words. */
export function faultsBetween(one: Side, other: Side): readonly string[] {
  return [...faultsFrom(one, other), ...faultsFrom(other, one)];
}

function faultsFrom(sender: Side, reader: Side): readonly string[] {
  const way = `${sender.name}>${reader.name}`;
  const sent = messagesOf(sender, true);
  const seen = messagesOf(reader, false);
  const sentIds = sent.map((message) => message.id);
  const seenIds = seen.map((message) => message.id);
  const gaps = reader.lines.filter((line) => line.kind === 'gap');
  return [
    ...[...sender.journal.durable]
      .filter(([id, to]) => to === reader.name && !sentIds.includes(id))
      .map(([id]) => `${way}: ${id} was durable and is gone from the home it was written in`),
    ...[...sender.journal.durable]
      .filter(([id, to]) => to === reader.name && !seenIds.includes(id))
      .map(
        ([id]) =>
          `${way}: ${id} was ${sender.journal.stored.has(id) ? 'stored' : 'durable'} and did not arrive`,
      ),
    ...twice(sentIds).map((id) => `${way}: ${id} stands twice where it was written`),
    ...twice(seenIds).map((id) => `${way}: ${id} is seen twice`),
    ...seenIds.filter((id) => !sentIds.includes(id)).map((id) => `${way}: ${id} was never written`),
    ...gaps.map((gap) => `${way}: a gap of ${gap.missing} is left`),
    ...sent
      .filter((one) => one.status === 'queued' || one.status === 'failed')
      .map((one) => `${way}: ${one.id} is ${one.status}`),
    ...outOfOrder(sent).map((text) => `${way}: "${text}" stands out of order where it was written`),
    ...outOfOrder(seen).map((text) => `${way}: "${text}" is seen out of order`),
    // what arrives after those that were written later was lost on the way, and only its reader's asking brought it back
    ...seen
      .filter((message, at) => at > 0 && message.position < (seen[at - 1]?.position ?? 0))
      .map((message) => `${way}: what was written before number ${message.number} was lost, and sent again`),
    ...seen
      .filter((message, at) => message.number !== at + 1)
      .slice(0, 1)
      .map((message) => `${way}: number ${message.number} is not in its place`),
    ...seen
      .filter(({ id, text }) => sent.some((one) => one.id === id && one.text !== text))
      .map((message) => `${way}: ${message.id} says something else than was written`),
    ...[...sender.journal.invited]
      .filter((id) => !sender.invitations.includes(id))
      .map((id) => `${sender.name}: invitation ${id} is gone`),
    ...reader.notices
      .filter((notice) => !harmless.has(notice))
      .map((notice) => `${reader.name} was told "${notice}" about ${sender.name}`),
  ];
}

type Shown = Extract<Line, { readonly kind: 'message' }>;

function messagesOf(side: Side, fromMe: boolean): readonly Shown[] {
  return side.lines.filter((line) => line.kind === 'message').filter((line) => line.fromMe === fromMe);
}

function twice(ids: readonly string[]): readonly string[] {
  return [...new Set(ids.filter((id, at) => ids.indexOf(id) !== at))];
}

/** A text begins with its place among those of its sender; one that was never promised may be missing. */
function outOfOrder(messages: readonly Shown[]): readonly string[] {
  const places = messages.map((message) => Number.parseInt(message.text));
  return messages
    .filter((_, at) => at > 0 && !((places[at - 1] ?? 0) < (places[at] ?? 0)))
    .map((message) => message.text.slice(0, 40));
}
