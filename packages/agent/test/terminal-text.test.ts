import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { line, safeBlock, safeJson, safeLine, safeLines } from '../src/terminal-text.ts';

/** What a terminal obeys, or shows as nothing, line feeds aside: named here apart from the code that removes it. */
const obeyed: readonly (readonly [from: number, to: number])[] = [
  [0x00, 0x09],
  [0x0b, 0x1f],
  [0x7f, 0x9f],
  [0x61c, 0x61c],
  [0x200b, 0x200b],
  [0x200e, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0xd800, 0xdfff],
  [0xfeff, 0xfeff],
  [0xfff9, 0xfffb],
  [0xe0000, 0xe0fff],
];

function isHarmless(text: string): boolean {
  return Array.from(text).every((character) => {
    const point = character.codePointAt(0) ?? 0;
    return obeyed.every(([from, to]) => point < from || point > to);
  });
}

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom(
      '\u001b[2J',
      '\u001b]0;x\u0007',
      '\u009b',
      '\u202e',
      '\u2066',
      '\u200f',
      '\u061c',
      '\u200b',
      '\u{e0041}',
      '\u2028',
      '\r',
      '\n',
      '\b',
      '\u007f',
      '\ud800',
      'a',
      '(',
      ' ',
    ),
  }),
);

describe('text of others', () => {
  test('nothing that a terminal obeys comes through, on one line or as a block', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(isHarmless(safeLine(text))).toBe(true);
        expect(safeLine(text)).not.toContain('\n');
        expect(isHarmless(safeBlock(text))).toBe(true);
        expect(isHarmless(safeLines(text))).toBe(true);
        expect(line`from ${text} to`).not.toContain('\n');
      }),
      { numRuns: 2000 },
    );
  });

  test('JSON has nothing in it that a terminal obeys, and reads back as it was', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const json = safeJson({ text });
        expect(isHarmless(json)).toBe(true);
        expect(json).not.toContain('\n');
        expect(JSON.parse(json)).toEqual({ text });
      }),
      { numRuns: 2000 },
    );
  });

  test('no line of a message begins at the edge, where the heads of messages are, however wide the terminal', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 25, max: 120 }), (text, columns) => {
        for (const one of safeBlock(text, columns).split('\n')) {
          expect(one.startsWith('    ')).toBe(true);
          expect(one.length).toBeLessThan(columns);
        }
      }),
    );
  });

  test('what is removed is shown by its number', () => {
    expect(safeLine('a\u202eb\u001b[31m')).toBe('a\\u{202E}b\\u{1B}[31m');
  });

  test('letters of every script, emoji families and joiners between Persian letters stay as they are', () => {
    for (const text of [
      'مي\u200cخواهم',
      'Привет, мир',
      'नमस्ते',
      '👩\u200d👩\u200d👧',
      '❤\ufe0f',
      '日本語',
      'e\u0301',
    ]) {
      expect(safeLine(text)).toBe(text);
    }
    expect(safeLine('bo\u200cb')).toBe('bo\\u{200C}b');
  });
});
