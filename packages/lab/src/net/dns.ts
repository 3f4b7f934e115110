import { MalformedError } from '@tern/protocol';

/** The little of RFC 1035 that a lab needs: one question, answered with addresses or with a refusal. */

export interface DnsQuery {
  readonly id: number;
  /** In lower case, without the last dot. */
  readonly name: string;
  /** 1 asks for IPv4 addresses, 28 for IPv6 addresses. */
  readonly type: number;
  readonly recursionDesired: boolean;
  /** The question as it came, its letters in the case they had. */
  readonly question: Uint8Array;
}

export interface DnsAnswer {
  readonly code: 'ok' | 'no-such-name' | 'refused';
  /** Given only to who asks for IPv4 addresses; another type of an existing name has an empty answer. */
  readonly addresses: readonly number[];
  /** Seconds. */
  readonly ttl: number;
}

export const dnsTypeA = 1;
export const dnsPort = 53;

const headerLength = 12;
const classInternet = 1;
const responseCodes = { ok: 0, 'no-such-name': 3, refused: 5 } as const;
/** RFC 1035 2.3.4 */
const longestLabel = 63;
const longestName = 255;

/**
 * Reads a query of one question; what follows the question (EDNS) is not looked at.
 * @throws {MalformedError} for anything else
 */
export function decodeQuery(bytes: Uint8Array): DnsQuery {
  if (bytes.length < headerLength) throw new MalformedError('a DNS message without a header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = view.getUint16(2);
  const isAnswer = (flags & 0x8000) !== 0;
  const operation = (flags >>> 11) & 15;
  if (isAnswer || operation !== 0 || view.getUint16(4) !== 1)
    throw new MalformedError('no query of one question');
  const { name, end } = nameAt(bytes, headerLength);
  if (end + 4 > bytes.length) throw new MalformedError('a DNS question is cut');
  if (view.getUint16(end + 2) !== classInternet)
    throw new MalformedError('a DNS question of an unknown class');
  return {
    id: view.getUint16(0),
    name,
    type: view.getUint16(end),
    recursionDesired: (flags & 0x0100) !== 0,
    question: bytes.subarray(headerLength, end + 4),
  };
}

function nameAt(bytes: Uint8Array, start: number): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = start;
  for (;;) {
    const length = bytes[at];
    if (length === undefined) throw new MalformedError('a DNS name is cut');
    at += 1;
    if (length === 0) return { name: labels.join('.').toLowerCase(), end: at };
    if (length > longestLabel) throw new MalformedError('a DNS question with a compressed name');
    if (at + length > bytes.length) throw new MalformedError('a DNS name is cut');
    labels.push(Buffer.from(bytes.buffer, bytes.byteOffset + at, length).toString('latin1'));
    at += length;
    if (at - start > longestName) throw new MalformedError('a DNS name is too long');
  }
}

/** @throws {MalformedError} where a label is empty or longer than 63 bytes */
export function encodeQuery(id: number, name: string, type: number = dnsTypeA): Uint8Array {
  const labels = name.split('.').map((label) => Buffer.from(label, 'latin1'));
  if (
    labels.some((label) => label.length === 0 || label.length > longestLabel) ||
    name.length > longestName - 2
  ) {
    throw new MalformedError(`no DNS name: ${name}`);
  }
  const header = Buffer.alloc(headerLength);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(0x0100, 2);
  header.writeUInt16BE(1, 4);
  const end = Buffer.from([0, type >>> 8, type & 255, 0, classInternet]);
  return Buffer.concat([header, ...labels.flatMap((label) => [Buffer.from([label.length]), label]), end]);
}

/** What a resolver sends back, for any name of any length. */
export function encodeAnswer(query: DnsQuery, { code, addresses, ttl }: DnsAnswer): Uint8Array {
  const given = code === 'ok' && query.type === dnsTypeA ? addresses : [];
  const header = Buffer.alloc(headerLength);
  header.writeUInt16BE(query.id, 0);
  // an answer, recursion available
  header.writeUInt16BE(0x8080 | (query.recursionDesired ? 0x0100 : 0) | responseCodes[code], 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(given.length, 6);
  const records = given.map((address) => {
    const record = Buffer.alloc(16);
    record.writeUInt16BE(0xc000 | headerLength, 0); // the name is the question's
    record.writeUInt16BE(dnsTypeA, 2);
    record.writeUInt16BE(classInternet, 4);
    record.writeUInt32BE(ttl, 6);
    record.writeUInt16BE(4, 10);
    record.writeUInt32BE(address, 12);
    return record;
  });
  return Buffer.concat([header, query.question, ...records]);
}
