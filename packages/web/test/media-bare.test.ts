import fc from 'fast-check';
import { expect, test } from 'vitest';
import { barePicture } from '../src/media/bare-picture.ts';
import { readPictureHeader } from '../src/media/picture-header.ts';
import { exifSegment, wholePictures } from './media-samples.ts';

const secrets = /Exif|Secret|GPS|eXIf|tEXt|XMP|film/u;

async function textOf(blob: Blob): Promise<string> {
  return new TextDecoder('latin1').decode(await blob.arrayBuffer());
}

test('what a camera wrote around the pixels is left out, and the pixels stay', async () => {
  for (const { kind, bytes, pixels } of wholePictures()) {
    expect(await textOf(new Blob([bytes])), kind).toMatch(secrets);
    const bare = await barePicture(new Blob([bytes]));
    if (bare === undefined) throw new Error(`${kind} was not understood`);
    const text = await textOf(bare);
    expect(text, kind).not.toMatch(secrets);
    expect(text, kind).toContain(new TextDecoder('latin1').decode(pixels));
    const read = new Uint8Array(await bare.arrayBuffer());
    expect(readPictureHeader(read)).toEqual({ kind, width: 64, height: 48 });
    expect(await textOf((await barePicture(bare)) ?? new Blob()), 'once more changes nothing').toBe(text);
  }
});

test('how a JPEG is turned is kept, and nothing else of its EXIF', async () => {
  const jpeg = wholePictures().find(({ kind }) => kind === 'jpeg')?.bytes ?? new Uint8Array();
  for (const orientation of [2, 6, 8]) {
    const turned = new Blob([jpeg.slice(0, 2), exifSegment(orientation), jpeg.slice(2)]);
    const bare = new Uint8Array(await ((await barePicture(turned)) ?? new Blob()).arrayBuffer());
    expect(bare.slice(2, 6)).toEqual(new Uint8Array([0xff, 0xe1, 0, 34]));
    expect(bare[31]).toBe(orientation);
    expect(new TextDecoder('latin1').decode(bare)).not.toMatch(/Secret|GPS/u);
  }
});

test('whatever the bytes are, they are made bare or given back to nobody', async () => {
  const starts = wholePictures().map(({ bytes }) => bytes);
  const anything = fc
    .tuple(
      fc.constantFrom(...starts),
      fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 0, max: 255 })), { maxLength: 8 }),
      fc.nat(400),
    )
    .map(([start, changes, length]) => {
      const bytes = start.slice(0, Math.max(20, length));
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      return bytes;
    });
  await fc.assert(
    fc.asyncProperty(anything, async (bytes) => {
      const bare = await barePicture(new Blob([bytes]));
      expect(bare === undefined || bare.size <= bytes.length).toBe(true);
    }),
    { numRuns: 1000 },
  );
});
