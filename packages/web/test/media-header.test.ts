import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkPicture, longestSidePx, mostPixels } from '../src/media/picture-check.ts';
import { readPictureHeader, type PictureKind } from '../src/media/picture-header.ts';
import { pictureHeaders } from './media-samples.ts';

const side = fc.integer({ min: 1, max: 16_383 });
const kinds: readonly PictureKind[] = ['jpeg', 'png', 'webp', 'gif', 'avif'];

test('the size of a picture is read from the header of each kind', () => {
  fc.assert(
    fc.property(side, side, (width, height) => {
      for (const { kind, bytes } of pictureHeaders(width, height)) {
        expect(readPictureHeader(bytes), kind).toEqual({ kind: kind.split(' ')[0], width, height });
      }
    }),
  );
});

test('the beginning of a picture says that more is needed, and never another size', () => {
  for (const { kind, bytes } of pictureHeaders(640, 480)) {
    for (let length = 16; length < bytes.length; length += 1) {
      const reading = readPictureHeader(bytes.subarray(0, length));
      if (typeof reading === 'string') expect([kind, reading]).toEqual([kind, 'later']);
      else expect(reading).toMatchObject({ width: 640, height: 480 });
    }
  }
});

test('whatever bytes are given, they are a picture with a size, or none', () => {
  const starts = pictureHeaders(100, 100).map(({ bytes }) => bytes);
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .tuple(
        fc.constantFrom(...starts),
        fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 0, max: 255 })), { maxLength: 12 }),
      )
      .map(([start, changes]) => {
        const bytes = start.slice();
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        return bytes;
      }),
  );
  fc.assert(
    fc.property(anything, (bytes) => {
      const reading = readPictureHeader(bytes);
      if (typeof reading === 'string') return ['later', 'none'].includes(reading);
      return reading.width > 0 && reading.height > 0 && kinds.includes(reading.kind);
    }),
    { numRuns: 3000 },
  );
});

test('documents that can carry scripts are no pictures, whatever they are called', () => {
  for (const text of [
    '<svg xmlns="http://www.w3.org/2000/svg"/>',
    '<!doctype html><script>1</script>',
    '%PDF-1.7',
    '',
  ]) {
    expect(readPictureHeader(new TextEncoder().encode(text))).toBe('none');
  }
});

test('a picture too large to decode is told by its header alone, without being decoded', async () => {
  for (const [width, height] of [
    [longestSidePx + 1, 1],
    [20_000, 20_000],
    [12_000, 9000],
  ] as const) {
    for (const { kind, bytes } of pictureHeaders(width, height, { upTo: 16_383 })) {
      expect([kind, await checkPicture(new Blob([bytes]))]).toEqual([
        kind,
        { kind: 'too-large', width, height },
      ]);
    }
  }
  const most = Math.floor(Math.sqrt(mostPixels));
  for (const { bytes } of pictureHeaders(most, most))
    expect(await checkPicture(new Blob([bytes]))).toMatchObject({ width: most, height: most });
});

test('a picture that says one size in its header and another where it moves is none', () => {
  const avif = pictureHeaders(10, 10).find(({ kind }) => kind === 'avif')?.bytes ?? new Uint8Array();
  const text = new TextDecoder('latin1').decode(avif);
  const moving = Uint8Array.from(text.replace('mif1avif', 'avisavif'), (char) => char.charCodeAt(0));
  const filmed = Uint8Array.from(text.replace('free', 'moov'), (char) => char.charCodeAt(0));
  expect([avif, moving, filmed].map((bytes) => typeof readPictureHeader(bytes))).toEqual([
    'object',
    'string',
    'string',
  ]);
});

test('a picture of few bytes is too large where fewer pixels are asked for', async () => {
  for (const { kind, bytes } of pictureHeaders(1200, 1000))
    expect([kind, await checkPicture(new Blob([bytes]), 1_000_000)]).toEqual([
      kind,
      { kind: 'too-large', width: 1200, height: 1000 },
    ]);
});

test('a camera puts much before the size of a JPEG, and it is found all the same', async () => {
  const jpeg = pictureHeaders(640, 480).find(({ kind }) => kind === 'jpeg')?.bytes ?? new Uint8Array();
  const long = new Uint8Array(65_535);
  long.set([0xff, 0xe2, 0xff, 0xfd]);
  const file = new Blob([jpeg.slice(0, 2), long, long, long, jpeg.slice(2)]);
  expect(await checkPicture(file)).toMatchObject({ kind: 'jpeg', width: 640, height: 480 });
});
