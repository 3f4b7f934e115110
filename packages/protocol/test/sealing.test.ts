import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  base32Bytes,
  cardResponse,
  encodeBatch,
  encodeOperation,
  MalformedError,
  openCard,
  openRecords,
  openRequest,
  recordPaddingBytes,
  RecordOpener,
  longestRecordBytes,
  ResponseReader,
  responseKeys,
  sealRecords,
  sealRequest,
  sealRequestWithTicket,
  sealResponse,
  unknownTicketResponse,
  type ExchangeSecret,
  type IssuedTicket,
  type RequestKeys,
  type Ticket,
} from '../src/index.ts';
import { bytesOf, hint, idOf, log, primitives, relay, sealingKeys, signedCard } from './fixtures.ts';
import { hexOf } from './bytes-text.ts';
import { batchHeader, smallEntry } from './samples.ts';

const keyId = bytesOf('key id', 8);
const key = { id: keyId, publicKey: sealingKeys.publicKey };
const recordKeys = { key: bytesOf('key'), baseNonce: bytesOf('nonce', 12) };

/** A relay's keys, with the tickets it has issued. */
function keysWith(tickets: Map<string, IssuedTicket> = new Map()): RequestKeys {
  return {
    sealingKey: (id) => (hexOf(id) === hexOf(keyId) ? sealingKeys : undefined),
    takeTicket(id) {
      const ticket = tickets.get(hexOf(id));
      tickets.delete(hexOf(id));
      return ticket;
    },
  };
}

function firstRequest(plaintext: Uint8Array, seed = 'seed'): ReturnType<typeof sealRequest> {
  return sealRequest(primitives, plaintext, { relay, key, seed: bytesOf(seed) });
}

/** What both sides hold once a response has brought a ticket. */
function issued(exchange: ExchangeSecret): {
  readonly ticket: Ticket;
  readonly tickets: Map<string, IssuedTicket>;
} {
  const id = bytesOf('ticket', 16);
  const sharePrivateKey = bytesOf('share');
  const secret = responseKeys(primitives, exchange, bytesOf('response nonce')).ticketSecret(id);
  return {
    ticket: { id, secret, share: primitives.x25519PublicKey(sharePrivateKey) },
    tickets: new Map([[hexOf(id), { secret, sharePrivateKey }]]),
  };
}

function sealedResponse(
  exchange: ExchangeSecret,
  plaintext: Uint8Array,
  nonceName = 'response nonce',
): Uint8Array {
  const nonce = bytesOf(nonceName);
  return sealResponse(primitives, responseKeys(primitives, exchange, nonce), { nonce, plaintext });
}

describe('an answer in clear', () => {
  test('rule 1: a request under a key that the relay does not have is answered with its card', () => {
    const { bytes } = sealRequest(primitives, bytesOf('batch'), {
      relay,
      key: { id: bytesOf('old key', 8), publicKey: sealingKeys.publicKey },
      seed: bytesOf('seed'),
    });
    expect(openRequest(primitives, bytes, { relay, keys: keysWith() })).toEqual({ kind: 'unknown-key' });
    const reader = new ResponseReader(primitives, undefined);
    for (const byte of cardResponse(signedCard)) reader.push(new Uint8Array([byte]));
    if (reader.head?.kind !== 'card') throw new Error('no card');
    expect(openCard(primitives, reader.head.card)?.relay).toBe(relay);
  });

  test('rule 1: a card never shows the secret path', () => {
    expect(Buffer.from(cardResponse(signedCard)).includes(hint.path)).toBe(false);
  });

  test('rule 1: a card of more than 2,048 B is refused before it is whole', () => {
    const reader = new ResponseReader(primitives, undefined);
    expect(() => reader.push(cardResponse(new Uint8Array(2049)))).toThrow(MalformedError);
  });

  test('rule 8: a ticket that the relay lost is answered in two bytes', () => {
    const reader = new ResponseReader(primitives, undefined);
    expect(reader.push(unknownTicketResponse().subarray(0, 1))).toHaveLength(0);
    expect(reader.head).toBeUndefined();
    reader.push(unknownTicketResponse().subarray(1));
    expect([reader.head, reader.complete]).toEqual([{ kind: 'unknown-ticket' }, true]);
    expect(() => reader.push(new Uint8Array(1))).toThrow(MalformedError);
  });

  test.each([
    ['another version', [2, 1]],
    ['another kind', [1, 9]],
    ['a sealed one where nothing was sealed', [1, 1]],
    ['a page', [...Buffer.from('<!doctype html>')]],
  ])('rule 31: %s is refused', (_, bytes) => {
    expect(() => new ResponseReader(primitives, undefined).push(new Uint8Array(bytes))).toThrow(
      MalformedError,
    );
  });
});

describe('bytes from Node', () => {
  test('rule 7: a base nonce given as a Buffer is never changed by what is sealed under it', () => {
    const keys = { key: recordKeys.key, baseNonce: Buffer.from(recordKeys.baseNonce) };
    const sealed = sealRecords(primitives, keys, bytesOf('batch', 3000));
    expect(sealed).toEqual(sealRecords(primitives, recordKeys, bytesOf('batch', 3000)));
    expect(hexOf(keys.baseNonce)).toBe(hexOf(recordKeys.baseNonce));
  });

  test('what was opened from a Buffer stays as it was when the Buffer is used again', () => {
    const { bytes, exchange } = firstRequest(bytesOf('batch'));
    const request = Buffer.from(bytes);
    const opened = openRequest(primitives, request, { relay, keys: keysWith() });
    request.fill(0);
    expect(opened).toEqual({ kind: 'opened', plaintext: bytesOf('batch'), exchange });
    const opener = new RecordOpener(primitives, recordKeys);
    const sealed = sealRecords(primitives, recordKeys, bytesOf('batch'));
    const piece = Buffer.from(sealed.subarray(0, 100));
    opener.push(piece);
    piece.fill(0);
    expect(opener.push(sealed.subarray(100))).toEqual(bytesOf('batch'));
  });
});

describe('what whoever carries the bytes learns', () => {
  test('rule 23: two batches of the same size and sealed anew have nothing in common but version, mode and key id', () => {
    const [one, two] = ['one', 'two'].map((seed) => firstRequest(bytesOf('batch', 700), seed).bytes);
    if (one === undefined || two === undefined) throw new Error('not sealed');
    expect(one.length).toBe(two.length);
    expect(one.subarray(0, 10)).toEqual(two.subarray(0, 10));
    const same = one.subarray(42).filter((byte, at) => byte === two[42 + at]).length;
    expect(same).toBeLessThan(one.length / 32);
  });

  test('rule 23: a sealed batch never shows a log, an entry or a proof', () => {
    const operation = encodeOperation({ kind: 'append', log, number: 3, entry: smallEntry });
    const proof = bytesOf('proof', 64);
    const batch = encodeBatch({ ...batchHeader, operations: [{ ...operation, proofs: [proof] }] });
    const carried = Buffer.from(firstRequest(batch).bytes);
    for (const secret of [base32Bytes(log), smallEntry, proof, base32Bytes(batchHeader.id)])
      for (let at = 0; at + 8 <= secret.length; at += 4)
        expect(carried.includes(Buffer.from(secret.subarray(at, at + 8)))).toBe(false);
  });

  test('rule 23: a seized sealing key opens a first batch, and never one under a ticket', () => {
    const first = firstRequest(bytesOf('batch'));
    expect(openRequest(primitives, first.bytes, { relay, keys: keysWith() }).kind).toBe('opened');
    const { ticket } = issued(first.exchange);
    const { bytes } = sealRequestWithTicket(primitives, bytesOf('batch'), {
      relay,
      ticket,
      random: bytesOf('r', 64),
    });
    const guessed = new Map([
      [hexOf(ticket.id), { secret: ticket.secret, sharePrivateKey: sealingKeys.privateKey }],
    ]);
    expect(() => openRequest(primitives, bytes, { relay, keys: keysWith(guessed) })).toThrow(MalformedError);
  });
});

describe('records', () => {
  test('rule 5: any plaintext opens again from records of at most 1,200 B, padded to 256 B', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 5000 }),
        fc.integer({ min: 1, max: 1500 }),
        (plaintext, step) => {
          const sealed = sealRecords(primitives, recordKeys, plaintext);
          expect(openRecords(primitives, recordKeys, sealed)).toEqual(plaintext);
          const opener = new RecordOpener(primitives, recordKeys);
          const pieces: number[] = [];
          for (let at = 0; at < sealed.length; at += step)
            pieces.push(...opener.push(sealed.subarray(at, at + step)));
          expect([new Uint8Array(pieces), opener.complete]).toEqual([plaintext, true]);
          for (let at = 0; at < sealed.length;) {
            const length = ((sealed[at] ?? 0) << 8) + (sealed[at + 1] ?? 0) - 16;
            expect(length % recordPaddingBytes).toBe(0);
            expect(length).toBeLessThanOrEqual(longestRecordBytes);
            at += 2 + length + 16;
          }
        },
      ),
      { numRuns: 60 },
    );
    expect(longestRecordBytes).toBeLessThanOrEqual(1200);
  });

  test('rule 5: plaintexts of the same bucket are sealed to the same length', () => {
    const lengths = [0, 1, 100, 253].map(
      (length) => sealRecords(primitives, recordKeys, new Uint8Array(length)).length,
    );
    expect(new Set(lengths)).toEqual(new Set([2 + 256 + 16]));
  });

  test('rule 5: a response cut anywhere still yields its first records, and never says that it is whole', () => {
    const { exchange } = firstRequest(bytesOf('batch'));
    const plaintext = bytesOf('answer', 4000);
    const response = sealedResponse(exchange, plaintext);
    const firstEnd = 2 + 32;
    for (let cut = 0; cut < response.length; cut += 1) {
      const reader = new ResponseReader(primitives, exchange);
      const got = reader.push(response.subarray(0, cut));
      const whole = Math.max(0, Math.floor((cut - firstEnd) / (2 + 1024 + 16)));
      expect([cut, got.length, reader.complete]).toEqual([cut, whole * 1021, false]);
      expect(Buffer.from(got).equals(plaintext.subarray(0, got.length))).toBe(true);
    }
  });

  test('rule 5: records that are swapped, left out, damaged, resized or followed by more are refused', () => {
    const sealed = sealRecords(primitives, recordKeys, bytesOf('batch', 2500));
    const one = 2 + 1024 + 16;
    const [first, second, last] = [sealed.slice(0, one), sealed.slice(one, 2 * one), sealed.slice(2 * one)];
    const wrong = [
      Buffer.concat([second, first, last]),
      Buffer.concat([first, last]),
      Buffer.concat([first, second]),
      Buffer.concat([sealed, new Uint8Array(1)]),
      Buffer.concat([first, second, last.with(9, (last[9] ?? 0) ^ 1)]),
      Buffer.from([0, 100]),
      Buffer.from([255, 255]),
      Buffer.from([1, 17]),
    ];
    for (const bytes of wrong)
      expect(() => openRecords(primitives, recordKeys, bytes)).toThrow(MalformedError);
  });

  test('rule 5: a record whose head or padding is wrong is refused, though it was sealed well', () => {
    const good = new Uint8Array(256).with(0, 1).with(2, 1);
    const wrong = [good.with(0, 2), good.with(1, 2), good.with(2, 254), good.with(100, 1)];
    const open = (record: Uint8Array): Uint8Array => {
      const sealed = primitives.seal(recordKeys.key, recordKeys.baseNonce, record, new Uint8Array());
      return openRecords(primitives, recordKeys, Buffer.concat([Buffer.from([1, 16]), sealed]));
    };
    expect(open(good)).toEqual(new Uint8Array(1));
    for (const record of wrong) expect(() => open(record)).toThrow(MalformedError);
  });
});

describe('keys', () => {
  test('rule 7: ten thousand repeated requests never show one key and nonce twice', () => {
    const { exchange } = firstRequest(bytesOf('batch'));
    const seen = new Set<string>();
    const watching = {
      ...primitives,
      seal(sealKey: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associated: Uint8Array) {
        const pair = hexOf(sealKey) + hexOf(nonce);
        expect(seen.has(pair)).toBe(false);
        seen.add(pair);
        return primitives.seal(sealKey, nonce, plaintext, associated);
      },
    };
    const answer = bytesOf('the same answer', 1500);
    for (let round = 0; round < 10_000; round += 1) {
      const nonce = bytesOf(`nonce ${round}`);
      sealResponse(watching, responseKeys(watching, exchange, nonce), { nonce, plaintext: answer });
    }
    expect(seen.size).toBe(20_000);
  });

  test('rule 7: a repeat is answered under other keys, and each opens with its own nonce', () => {
    const { exchange } = firstRequest(bytesOf('batch'));
    for (const nonce of ['one', 'two']) {
      const reader = new ResponseReader(primitives, exchange);
      expect(reader.push(sealedResponse(exchange, bytesOf('answer'), nonce))).toEqual(bytesOf('answer'));
      expect(reader.complete).toBe(true);
    }
    expect(sealedResponse(exchange, bytesOf('answer'), 'one').slice(34)).not.toEqual(
      sealedResponse(exchange, bytesOf('answer'), 'two').slice(34),
    );
  });

  test('rule 7: a response under another nonce, or to another request, is refused', () => {
    const { exchange } = firstRequest(bytesOf('batch'));
    const other = firstRequest(bytesOf('batch'), 'other seed').exchange;
    const response = sealedResponse(exchange, bytesOf('answer'));
    expect(() => new ResponseReader(primitives, other).push(response)).toThrow(MalformedError);
    const changed = response.with(5, (response[5] ?? 0) ^ 1);
    expect(() => new ResponseReader(primitives, exchange).push(changed)).toThrow(MalformedError);
  });
});

describe('requests', () => {
  test('rule 8: the first batch opens under the card, the next under the ticket that its response brought', () => {
    const first = firstRequest(bytesOf('first batch', 3000));
    const opened = openRequest(primitives, first.bytes, { relay, keys: keysWith() });
    expect(opened).toEqual({
      kind: 'opened',
      plaintext: bytesOf('first batch', 3000),
      exchange: first.exchange,
    });
    const { ticket, tickets } = issued(first.exchange);
    const second = sealRequestWithTicket(primitives, bytesOf('second batch'), {
      relay,
      ticket,
      random: bytesOf('random', 64),
    });
    const again = openRequest(primitives, second.bytes, { relay, keys: keysWith(tickets) });
    expect(again).toEqual({
      kind: 'opened',
      plaintext: bytesOf('second batch'),
      exchange: second.exchange,
      ticketId: ticket.id,
    });
  });

  test('rule 8: a ticket that was used is never taken again', () => {
    const { ticket, tickets } = issued(firstRequest(bytesOf('batch')).exchange);
    const { bytes } = sealRequestWithTicket(primitives, bytesOf('batch'), {
      relay,
      ticket,
      random: bytesOf('r', 64),
    });
    const keys = keysWith(tickets);
    expect(openRequest(primitives, bytes, { relay, keys }).kind).toBe('opened');
    expect(openRequest(primitives, bytes, { relay, keys })).toEqual({ kind: 'unknown-ticket' });
  });

  test("rule 8: the relay's secret alone never opens a batch: both shares count", () => {
    const { ticket, tickets } = issued(firstRequest(bytesOf('batch')).exchange);
    const { bytes } = sealRequestWithTicket(primitives, bytesOf('batch'), {
      relay,
      ticket,
      random: bytesOf('r', 64),
    });
    const stolen = new Map(
      [...tickets].map(([id, one]) => [id, { ...one, sharePrivateKey: bytesOf('guess') }]),
    );
    expect(() => openRequest(primitives, bytes, { relay, keys: keysWith(stolen) })).toThrow(MalformedError);
  });

  test('rule 8: a share or key of low order is refused by both sides', () => {
    const nothing = new Uint8Array(32);
    const { ticket, tickets } = issued(firstRequest(bytesOf('batch')).exchange);
    const random = bytesOf('r', 64);
    const low = { relay, ticket: { ...ticket, share: nothing }, random };
    expect(() => sealRequestWithTicket(primitives, bytesOf('batch'), low)).toThrow(MalformedError);
    const options = { relay, key: { id: keyId, publicKey: nothing }, seed: bytesOf('seed') };
    expect(() => sealRequest(primitives, bytesOf('batch'), options)).toThrow(MalformedError);
    const { bytes } = sealRequestWithTicket(primitives, bytesOf('batch'), { relay, ticket, random });
    bytes.fill(0, 50, 82);
    expect(() => openRequest(primitives, bytes, { relay, keys: keysWith(tickets) })).toThrow(MalformedError);
    const first = firstRequest(bytesOf('batch')).bytes;
    first.fill(0, 10, 42);
    expect(() => openRequest(primitives, first, { relay, keys: keysWith() })).toThrow(MalformedError);
  });

  test('rule 31: a request of another version or mode, cut, damaged or for another relay is refused', () => {
    const { ticket, tickets } = issued(firstRequest(bytesOf('batch')).exchange);
    const under = [
      firstRequest(bytesOf('batch')).bytes,
      sealRequestWithTicket(primitives, bytesOf('batch'), { relay, ticket, random: bytesOf('r', 64) }).bytes,
    ];
    for (const bytes of under) {
      const open = (changed: Uint8Array, to = relay): unknown =>
        openRequest(primitives, changed, { relay: to, keys: keysWith(new Map(tickets)) });
      expect(open(bytes)).toMatchObject({ kind: 'opened' });
      expect(() => open(bytes, idOf('another relay'))).toThrow(MalformedError);
      expect(() => open(bytes.with(0, 2))).toThrow(MalformedError);
      expect(() => open(bytes.with(1, 7))).toThrow(MalformedError);
      for (let cut = 0; cut < bytes.length; cut += 5)
        expect(() => open(bytes.slice(0, cut))).toThrow(MalformedError);
      for (let at = 42; at < bytes.length; at += 11)
        expect(() => open(bytes.with(at, (bytes[at] ?? 0) ^ 1))).toThrow(MalformedError);
    }
  });

  test('noise is refused, or names a key or ticket that nobody has', () => {
    fc.assert(
      fc.property(
        fc.constantFrom([1, 1], [1, 2], [1], []),
        fc.uint8Array({ maxLength: 400 }),
        (head, noise) => {
          const bytes = new Uint8Array([...head, ...noise]);
          try {
            const { kind } = openRequest(primitives, bytes, { relay, keys: keysWith() });
            expect(['unknown-key', 'unknown-ticket']).toContain(kind);
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
