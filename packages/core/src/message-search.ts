import type { ConversationId, PersonId } from '@tern/protocol';
import type { StoreView } from './client-store.ts';
import { contactTable } from './contact.ts';
import { conversationTable, type Conversation } from './conversation.ts';
import { selfOf, type Engine } from './engine.ts';
import { fileOf, textOf } from './file-parts.ts';
import { digests } from './conversation-digest.ts';
import { messagePage, pageAt, type Message } from './message-store.ts';
import type { SearchHit } from './views.ts';

const excerptCharacters = 160;
/** of the excerpt, before the first word that was found */
const leadCharacters = 40;
const longestQuery = 200;
const mostWords = 16;

/** A conversation that is read page by page, from its end. */
interface Reading {
  readonly id: ConversationId;
  /** the next page to read; below 0 there is none */
  page: number;
  /** nothing on that page is likely newer; milliseconds since 1970 */
  until: number;
  /** what was found on the page before it and not given out yet, newest first */
  found: readonly Found[];
}

interface Found {
  readonly arrivedAt: number;
  readonly hit: SearchHit;
}

/**
 * A scan, always going on in the conversation in which something newer may stand. Holds what was found on one page of each, however much
 * was said.
 */
export async function* searchMessages(
  engine: Engine,
  query: string,
  options: { readonly signal: AbortSignal; readonly conversation?: ConversationId },
): AsyncGenerator<SearchHit, void> {
  const words = wordsOf(query);
  if (words.length === 0) return;
  const { self, readings } = await engine.store.read(async (view) => ({
    self: (await selfOf(engine, view)).person,
    readings: await readingsOf(view, options.conversation),
  }));
  for (;;) {
    options.signal.throwIfAborted();
    const reading = newest(readings);
    if (reading === undefined) return;
    const [first, ...others] = reading.found;
    if (first !== undefined) {
      reading.found = others;
      yield first.hit;
      continue;
    }
    const messages = await engine.store.read((view) => messagePage(view, reading.id, reading.page));
    reading.found = messages.toReversed().flatMap((message) => {
      const hit = hitIn(message, { words, self });
      return hit === undefined ? [] : [{ arrivedAt: message.arrivedAt, hit }];
    });
    reading.page -= 1;
    reading.until = messages[0]?.arrivedAt ?? reading.until;
  }
}

async function readingsOf(view: StoreView, only: ConversationId | undefined): Promise<readonly Reading[]> {
  const contacts = await contactTable.list(view, '');
  const hidden = new Set(
    contacts.filter(([, contact]) => contact.removed).map(([, contact]) => contact.conversation),
  );
  const last = await digests(view);
  const listed: readonly Conversation[] = (await conversationTable.list(view, '')).map(([, one]) => one);
  return listed
    .filter(({ id, nextPosition }) => nextPosition > 0 && !hidden.has(id) && (only ?? id) === id)
    .map(({ id, nextPosition }) => ({
      id,
      page: pageAt(nextPosition - 1),
      until: last.get(id)?.at ?? Infinity,
      found: [],
    }));
}

function newest(readings: readonly Reading[]): Reading | undefined {
  let found: Reading | undefined;
  let time = -1;
  for (const reading of readings) {
    const first = reading.found[0]?.arrivedAt ?? (reading.page < 0 ? undefined : reading.until);
    if (first === undefined || first <= time) continue;
    found = reading;
    time = first;
  }
  return found;
}

function wordsOf(query: string): readonly string[] {
  const words = folded(query.slice(0, longestQuery)).split(/\s+/u);
  return [...new Set(words.filter((word) => word !== ''))].slice(0, mostWords);
}

/** Case and accents do not count. */
function folded(text: string): string {
  // most of what people write needs no more than this
  if (/^[\x20-\x7e]*$/u.test(text)) return text.toLowerCase();
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

function hitIn(
  message: Message,
  { words, self }: { readonly words: readonly string[]; readonly self: PersonId },
): SearchHit | undefined {
  const { part } = message.content;
  if (message.marks?.hidden === true || part.kind === 'null') return undefined;
  const text = textOf(part);
  const name = fileOf(part)?.name;
  const said = [text, name].filter((one) => one !== undefined);
  const found = said.map(folded);
  if (!words.every((word) => found.some((one) => one.includes(word)))) return undefined;
  const at = found.findIndex((one) => words.some((word) => one.includes(word)));
  return {
    conversation: message.conversation,
    message: message.content.id,
    position: message.position,
    from: message.from,
    fromMe: message.from === self,
    at: message.content.at,
    ...excerptOf(said[at] ?? '', words),
  };
}

/** The words around the first place, and every place within. */
function excerptOf(text: string, words: readonly string[]): Pick<SearchHit, 'excerpt' | 'marks'> {
  const { fold, places } = foldedWithPlaces(text);
  const first = Math.min(...words.map((word) => fold.indexOf(word)).filter((at) => at >= 0), fold.length);
  let begin = Math.max(0, (places[first] ?? 0) - leadCharacters);
  if (begin > 0) begin = afterSpace(text, begin, places[first] ?? 0);
  const excerpt = wholeCharacters(text.slice(begin, begin + excerptCharacters));
  const marks: (readonly [number, number])[] = [];
  for (const word of words) {
    for (let at = fold.indexOf(word); at >= 0; at = fold.indexOf(word, at + word.length)) {
      const from = (places[at] ?? 0) - begin;
      const to = Math.max(from + 1, (places[at + word.length] ?? text.length) - begin);
      if (from >= excerpt.length) break;
      if (from >= 0 && to <= excerpt.length) marks.push([from, to]);
    }
  }
  return { excerpt, marks: disjoint(marks) };
}

/** As {@link folded}, with the place in the text that each character comes from. */
function foldedWithPlaces(text: string): { readonly fold: string; readonly places: readonly number[] } {
  const places: number[] = [];
  let fold = '';
  let at = 0;
  for (const character of text) {
    const letters = folded(character);
    for (let count = 0; count < letters.length; count += 1) places.push(at);
    fold += letters;
    at += character.length;
  }
  places.push(at);
  return { fold, places };
}

function afterSpace(text: string, from: number, to: number): number {
  const space = text.slice(from, to).search(/\s/u);
  return space < 0 ? from : from + space + 1;
}

/** No half of a character at either end. */
function wholeCharacters(text: string): string {
  return text.replace(/[\uD800-\uDBFF]$/u, '');
}

function disjoint(marks: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const merged: [number, number][] = [];
  for (const [from, to] of marks.toSorted((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}
