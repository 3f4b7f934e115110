import { decodeContent, dispositions, encodeContent, type Part, type SinglePart } from '@tern/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fileOf, filePart, pictureOf, textOf } from '../src/file-parts.ts';

const file = {
  kind: 'external',
  disposition: dispositions.attachment,
  type: 'image/jpeg',
  name: 'sea.jpg',
  size: 10,
  hash: new Uint8Array(32),
  key: new Uint8Array(32),
  chunks: [],
} as const;

const single = (
  type: string,
  content: Uint8Array,
  disposition: number = dispositions.preview,
): SinglePart => ({
  kind: 'single',
  disposition,
  type,
  content,
});

function parts(...others: readonly SinglePart[]): Part {
  return { kind: 'multi', disposition: dispositions.attachment, parts: [file, ...others] };
}

test('a file with its caption, its picture and a preview is read as it was written', () => {
  const picture = fc.record({
    width: fc.integer({ min: 1, max: 2 ** 20 }),
    height: fc.integer({ min: 1, max: 2 ** 20 }),
    thumbhash: fc.uint8Array({ maxLength: 32 }),
    preview: fc.record({
      type: fc.constantFrom('image/jpeg', 'image/png', 'image/webp'),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 6144 }),
    }),
  });
  fc.assert(
    fc.property(picture, fc.string({ minLength: 1, unit: 'grapheme' }), (about, caption) => {
      const part = filePart(file, { caption, picture: about });
      const id = 'a'.repeat(26) as Parameters<typeof encodeContent>[0]['id'];
      const read = decodeContent(encodeContent({ id, at: 1, part })).part;
      expect(pictureOf(read)).toEqual(about);
      expect(textOf(read)).toBe(caption);
      expect(fileOf(read)).toEqual(file);
    }),
  );
});

test('whatever somebody sends as a picture, nothing else than a small one of a known type is shown', () => {
  const type = fc.constantFrom('application/vnd.tern.picture', 'image/png', 'image/svg+xml', 'text/html');
  const some = fc.array(fc.tuple(type, fc.uint8Array({ maxLength: 7000 })), { maxLength: 15 });
  fc.assert(
    fc.property(some, (given) => {
      const picture = pictureOf(parts(...given.map(([of, content]) => single(of, content))));
      if (picture === undefined) return;
      expect(picture.preview?.type ?? 'image/png').toBe('image/png');
      expect(picture.preview?.bytes.length ?? 0).toBeLessThanOrEqual(6144);
    }),
  );
  const known = filePart(file, { picture: { width: 3, height: 2, thumbhash: new Uint8Array() } });
  const about = known.kind === 'multi' ? known.parts.slice(1) : [];
  const svg = single('image/svg+xml', new Uint8Array(100));
  const large = single('image/png', new Uint8Array(6145));
  const shown: Part = { kind: 'multi', disposition: 6, parts: [file, ...about, svg, large] };
  expect(pictureOf(shown)).toEqual({ width: 3, height: 2, thumbhash: new Uint8Array() });
});
