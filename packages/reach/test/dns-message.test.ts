import { MalformedError, UsageError, utf8 } from '@tern/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeAnswer, encodeQuestion } from '../src/node/dns-message.ts';

const bytesOf = (name: string): number[] =>
  name.split('.').flatMap((label) => [label.length, ...utf8(label)]);

interface RecordIn {
  readonly type: number;
  readonly data: readonly number[];
  /** of a name; the one that was asked for unless given */
  readonly name?: readonly number[];
  readonly ttl?: number;
}

/** An answer, byte by byte. */
function answer(
  name: string,
  records: readonly RecordIn[],
  {
    type = 1,
    code = 0,
    flags = 0x81,
  }: { readonly type?: number; readonly code?: number; readonly flags?: number } = {},
): Uint8Array {
  const body = records.flatMap(({ type: of, data, name: named = [0xc0, 12], ttl = 300 }) => [
    ...named,
    0,
    of,
    0,
    1,
    ...[24, 16, 8, 0].map((shift) => (ttl >>> shift) & 255),
    0,
    data.length,
    ...data,
  ]);
  return Uint8Array.of(
    0,
    0,
    flags,
    0x80 | code,
    0,
    1,
    0,
    records.length,
    0,
    0,
    0,
    0,
    ...bytesOf(name),
    0,
    0,
    type,
    0,
    1,
    ...body,
  );
}

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/u);
const names = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));

describe('a question', () => {
  test('is what RFC 1035 writes for a name and a type', () => {
    expect([...encodeQuestion('a.example', 'AAAA')]).toEqual([
      0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 97, 7, 101, 120, 97, 109, 112, 108, 101, 0, 0, 28, 0, 1,
    ]);
  });

  test.for(['', '.', 'a..b', `${'a'.repeat(64)}.example`, `${'abcdefg.'.repeat(40)}example`])(
    'is not asked for %j, which is no name',
    (name) => {
      expect(() => encodeQuestion(name, 'A')).toThrow(UsageError);
    },
  );
});

describe('an answer', () => {
  test('names the addresses of any name', () => {
    const address = fc.uint8Array({ minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(names, fc.array(address, { maxLength: 6 }), fc.nat(2 ** 31 - 1), (name, addresses, ttl) => {
        const message = answer(
          name,
          addresses.map((data) => ({ type: 1, data: [...data], ttl })),
        );
        expect(decodeAnswer(message, name, 'A')).toEqual(
          addresses.map((data) => ({ address: data.join('.'), ttlSeconds: ttl })),
        );
      }),
    );
  });

  test('names addresses of IPv6', () => {
    const data = [0x20, 1, 0x0d, 0xb8, ...Array.from({ length: 11 }, () => 0), 7];
    expect(
      decodeAnswer(answer('a.example', [{ type: 28, data }], { type: 28 }), 'a.example', 'AAAA'),
    ).toEqual([{ address: '2001:db8:0:0:0:0:0:7', ttlSeconds: 300 }]);
  });

  test('leads on from an alias, and from nothing else', () => {
    const records = [
      { type: 5, data: [...bytesOf('b.other'), 0] },
      { type: 1, data: [192, 0, 2, 1], name: [...bytesOf('b.other'), 0] },
      { type: 1, data: [192, 0, 2, 2], name: [...bytesOf('c.other'), 0] },
    ];
    expect(
      decodeAnswer(answer('a.example', records), 'a.example', 'A').map(({ address }) => address),
    ).toEqual(['192.0.2.1']);
  });

  test('says that there is no such name, which is an answer', () => {
    expect(decodeAnswer(answer('a.example', [], { code: 3 }), 'a.example', 'A')).toEqual([]);
  });

  test.for([
    ['to another name', answer('b.example', [])],
    ['to another type', answer('a.example', [], { type: 28 })],
    ['that is a question', answer('a.example', [], { flags: 1 })],
    ['of a resolver that failed', answer('a.example', [], { code: 2 })],
    ['with an address of three bytes', answer('a.example', [{ type: 1, data: [1, 2, 3] }])],
    [
      'with a name that leads to itself',
      answer('a.example', [{ type: 1, data: [1, 2, 3, 4], name: [0xc0, 27] }]),
    ],
    ['that goes on and on', new Uint8Array(5000)],
  ] as const)('%s is none', ([, message]) => {
    expect(() => decodeAnswer(message, 'a.example', 'A')).toThrow(MalformedError);
  });

  test('cut anywhere, or changed anywhere, is read or is malformed', () => {
    const whole = answer('a.example', [
      { type: 5, data: [...bytesOf('b.other'), 0] },
      { type: 1, data: [192, 0, 2, 1], name: [...bytesOf('b.other'), 0] },
    ]);
    const read = (message: Uint8Array): void => {
      try {
        decodeAnswer(message, 'a.example', 'A');
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError);
      }
    };
    for (let length = 0; length < whole.length; length += 1) read(whole.subarray(0, length));
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const changed = whole.slice();
        changed[at] = byte;
        read(changed);
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), read));
  });
});
