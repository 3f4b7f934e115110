import fc from 'fast-check';
import { expect, test } from 'vitest';

import { decodeQuery, dnsTypeA, encodeAnswer, encodeQuery, Names, parseAddress } from '@tern/lab';
import { MalformedError } from '@tern/protocol';

const label = fc.stringMatching(/^[a-z0-9-]{1,20}$/u);
const name = fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join('.'));
const number16 = fc.integer({ min: 0, max: 0xffff });

test('a question is read as it was asked', () => {
  fc.assert(
    fc.property(number16, name, number16, (id, asked, type) => {
      expect(decodeQuery(encodeQuery(id, asked, type))).toMatchObject({ id, name: asked, type });
    }),
  );
});

test('a name is read without regard to case, and answered in the case it had', () => {
  const query = decodeQuery(encodeQuery(7, 'Cloud-NOTES.example'));
  expect(query.name).toBe('cloud-notes.example');
  const answer = encodeAnswer(query, { code: 'ok', addresses: [parseAddress('203.0.113.10')], ttl: 60 });
  expect(Buffer.from(answer).toString('latin1')).toContain('Cloud-NOTES');
});

test('an answer is what RFC 1035 says, byte by byte', () => {
  const query = decodeQuery(encodeQuery(0x1234, 'a.bc'));
  const address = parseAddress('192.0.2.1');
  const answer = encodeAnswer(query, { code: 'ok', addresses: [address], ttl: 60 });
  const header = '123481800001000100000000';
  const question = '01610262630000010001';
  const record = 'c00c000100010000003c0004c0000201';
  expect(Buffer.from(answer).toString('hex')).toBe(header + question + record);
});

test('bytes of any kind are a question or malformed', () => {
  const changed = fc
    .tuple(
      name,
      fc.array(fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 255 })), { maxLength: 5 }),
      fc.nat({ max: 40 }),
    )
    .map(([asked, changes, cut]) => {
      const bytes = encodeQuery(1, asked);
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      return bytes.subarray(0, Math.max(0, bytes.length - cut));
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), changed), (bytes) => {
      try {
        const query = decodeQuery(bytes);
        expect(encodeAnswer(query, { code: 'no-such-name', addresses: [], ttl: 0 }).length).toBeLessThan(400);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError);
      }
    }),
    { numRuns: 2000 },
  );
});

test('what is no name is not asked for', () => {
  for (const text of ['', 'a..b', '.', `${'x'.repeat(64)}.example`, 'x.'.repeat(140)]) {
    expect(() => encodeQuery(1, text)).toThrow(MalformedError);
  }
});

test('the table answers with addresses, with an empty answer for another type, and with no such name', () => {
  const names = new Names({ 'Paper-Boats.example': ['198.51.100.20', '198.51.100.21'] });
  expect(countsOf(names.answer(encodeQuery(1, 'paper-boats.example')))).toEqual({ code: 0, answers: 2 });
  expect(countsOf(names.answer(encodeQuery(1, 'paper-boats.example', 28)))).toEqual({ code: 0, answers: 0 });
  expect(countsOf(names.answer(encodeQuery(1, 'river-maps.example', dnsTypeA)))).toEqual({
    code: 3,
    answers: 0,
  });
  names.delete('paper-boats.EXAMPLE');
  expect(countsOf(names.answer(encodeQuery(1, 'paper-boats.example')))).toEqual({ code: 3, answers: 0 });
  expect(names.answer(new Uint8Array([1, 2, 3]))).toBeUndefined();
});

function countsOf(
  answer: Uint8Array | undefined,
): { readonly code: number; readonly answers: number } | undefined {
  if (answer === undefined) return undefined;
  const view = new DataView(answer.buffer, answer.byteOffset, answer.length);
  return { code: view.getUint16(2) & 15, answers: view.getUint16(6) };
}
