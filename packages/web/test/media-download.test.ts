import fc from 'fast-check';
import { expect, test } from 'vitest';
import { downloadName, octetBlob } from '../src/media/download.ts';

test.for([
  ['photo.jpg', 'photo.jpg'],
  ['Отпуск в Крыму.jpeg', 'Отпуск в Крыму.jpeg'],
  ['../../.ssh/authorized_keys', '_.._.ssh_authorized_keys'],
  ['C:\\Windows\\win.ini', 'C__Windows_win.ini'],
  ['photo\u202Egpj.exe', 'photogpj.exe'],
  ['a\u0000b\r\n\tc.txt', 'abc.txt'],
  ['CON', '_CON'],
  ['nul.txt', '_nul.txt'],
  ['com1 .log', '_com1.log'],
  ['.bashrc', 'bashrc'],
  ['name.txt. . ', 'name.txt'],
  ['invoice.pdf:evil.exe', 'invoice.pdf_evil.exe'],
  ['', 'file'],
  ['\u200B\u202E', 'file'],
  ['...', 'file'],
] as const)('a received file called %j is saved as %j', ([received, saved]) => {
  expect(downloadName(received)).toBe(saved);
});

test('a long name is shortened and keeps its end', () => {
  const name = downloadName(`${'длинное имя '.repeat(60)}.pdf`);
  expect(name.endsWith('.pdf')).toBe(true);
  expect(new TextEncoder().encode(name).length).toBeLessThanOrEqual(180);
});

test('whatever a file is called, its name is safe, short, and the same when it is made safe again', () => {
  const pieces = fc.constantFrom(
    '..',
    '/',
    '\\',
    ':',
    '\u202E',
    '\u0007',
    '.',
    ' ',
    'nul',
    'a',
    '😀',
    '\uD800',
    '.exe',
  );
  const names = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(names, (name) => {
      const safe = downloadName(name);
      expect(safe).not.toMatch(/[\p{C}\p{Zl}\p{Zp}/\\:*?"<>|]/u);
      expect(safe).not.toMatch(/^(?:con|prn|aux|nul|com\d|lpt\d)\s*(?:\.|$)/iu);
      expect(safe).toMatch(/^[^. ](?:.*[^. ])?$/u);
      expect(new TextEncoder().encode(safe).length).toBeLessThanOrEqual(180);
      expect(downloadName(safe)).toBe(safe);
    }),
    { numRuns: 400 },
  );
});

test('received bytes are handed to the browser as of no kind', async () => {
  const blob = octetBlob([new Uint8Array([1, 2]), new Uint8Array([3])]);
  expect(blob.type).toBe('application/octet-stream');
  expect(new Uint8Array(await blob.arrayBuffer())).toEqual(new Uint8Array([1, 2, 3]));
});
