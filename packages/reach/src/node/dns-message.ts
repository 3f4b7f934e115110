import { MalformedError, utf8, UsageError } from '@tern/protocol';

/** What is asked of a resolver here. */
export type AddressType = 'A' | 'AAAA';

export interface ResolvedAddress {
  readonly address: string;
  readonly ttlSeconds: number;
}

const types: Readonly<Record<AddressType, number>> = { A: 1, AAAA: 28 };
const alias = 5;
const internet = 1;
const headBytes = 12;
/** an answer that is longer is no answer to a question about addresses */
const longestMessageBytes = 4096;

/** A question as RFC 1035 has it, with id 0 as RFC 8484 likes it. @throws {UsageError} for what is no name */
export function encodeQuestion(name: string, type: AddressType): Uint8Array {
  const labels = name.split('.').map(utf8);
  if (name.length > 253 || labels.some(({ length }) => length === 0 || length > 63))
    throw new UsageError('not a name that can be asked for');
  const named = labels.flatMap((label) => [label.length, ...label]);
  return Uint8Array.of(0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...named, 0, 0, types[type], 0, internet);
}

/**
 * The addresses in an answer to such a question, aliases followed as far as the answer itself does.
 * @returns nothing where the name has none, or there is no such name
 * @throws {MalformedError} for anything else, also for an answer to another question
 */
export function decodeAnswer(
  message: Uint8Array,
  name: string,
  type: AddressType,
): readonly ResolvedAddress[] {
  if (message.length > longestMessageBytes) throw new MalformedError('the answer is too long');
  const reader = new MessageReader(message);
  const head = reader.head();
  if (!head.isAnswer || head.questions !== 1) throw new MalformedError('not an answer to one question');
  const asked = reader.name();
  const [askedType, askedClass] = [reader.uint16(), reader.uint16()];
  if (asked !== name.toLowerCase() || askedType !== types[type] || askedClass !== internet)
    throw new MalformedError('an answer to another question');
  if (head.code === noSuchName) return [];
  if (head.code !== 0) throw new MalformedError('the resolver could not say');
  const names = new Set([asked]);
  const found: ResolvedAddress[] = [];
  for (let at = 0; at < head.answers; at += 1) {
    const record = reader.record();
    if (record.kind !== internet || !names.has(record.name)) continue;
    if (record.type === alias) names.add(reader.nameAt(record.dataAt));
    else if (record.type === types[type])
      found.push({ address: addressOf(record.data, type), ttlSeconds: record.ttlSeconds });
  }
  return found;
}

const noSuchName = 3;

function addressOf(data: Uint8Array, type: AddressType): string {
  if (data.length !== (type === 'A' ? 4 : 16)) throw new MalformedError('not an address');
  if (type === 'A') return data.join('.');
  const groups = Array.from({ length: 8 }, (_, at) => ((data[2 * at] ?? 0) << 8) | (data[2 * at + 1] ?? 0));
  return groups.map((group) => group.toString(16)).join(':');
}

interface MessageRecord {
  readonly name: string;
  readonly type: number;
  readonly kind: number;
  readonly ttlSeconds: number;
  readonly data: Uint8Array;
  readonly dataAt: number;
}

class MessageReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  head(): {
    readonly isAnswer: boolean;
    readonly code: number;
    readonly questions: number;
    readonly answers: number;
  } {
    if (this.#bytes.length < headBytes) throw new MalformedError('too short');
    this.#at = 2;
    const flags = this.uint16();
    const [questions, answers] = [this.uint16(), this.uint16()];
    this.#at = headBytes;
    // a truncated answer over HTTPS would be a strange thing, and is taken for what it holds
    return { isAnswer: (flags & 0x8000) !== 0, code: flags & 0x0f, questions, answers };
  }

  uint16(): number {
    const [high, low] = this.#take(2);
    return ((high ?? 0) << 8) | (low ?? 0);
  }

  name(): string {
    const { name, next } = this.#nameFrom(this.#at);
    this.#at = next;
    return name;
  }

  nameAt(at: number): string {
    return this.#nameFrom(at).name;
  }

  record(): MessageRecord {
    const name = this.name();
    const [type, kind] = [this.uint16(), this.uint16()];
    const ttlSeconds = this.uint16() * 65_536 + this.uint16();
    const length = this.uint16();
    const dataAt = this.#at;
    return { name, type, kind, ttlSeconds, data: this.#take(length), dataAt };
  }

  /** Labels, the rest of them perhaps further ahead: a pointer leads backwards only, so that none leads in a circle. */
  #nameFrom(from: number): { readonly name: string; readonly next: number } {
    const labels: string[] = [];
    let length = 0;
    let next: number | undefined;
    for (let at = from, before = from; ;) {
      const size = this.#bytes[at];
      if (size === undefined) throw new MalformedError('a name has no end');
      if (size === 0) return { name: labels.join('.').toLowerCase(), next: next ?? at + 1 };
      if (size < 64) {
        const label = this.#bytes.subarray(at + 1, at + 1 + size);
        length += size + 1;
        if (label.length < size || length > 255) throw new MalformedError('a name is too long');
        labels.push(String.fromCharCode(...label));
        at += 1 + size;
      } else if (size >= 192) {
        const low = this.#bytes[at + 1];
        const target = ((size & 0x3f) << 8) | (low ?? 0);
        if (low === undefined || target >= before) throw new MalformedError('a name leads nowhere');
        next ??= at + 2;
        at = target;
        before = target;
      } else throw new MalformedError('a label of an unknown kind');
    }
  }

  #take(length: number): Uint8Array {
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    if (taken.length < length) throw new MalformedError('the message ends too soon');
    this.#at += length;
    return taken;
  }
}
