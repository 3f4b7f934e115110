import { concat } from '@tern/protocol';
import { readPictureHeader } from './picture-header.ts';

/** Larger files are not looked through. */
const mostBytes = 67_108_864;

/**
 * The file of a picture without where and with what it was taken: the coded pixels stay as they are, and of all that stands around
 * them only what is needed to see them right. For pictures that cannot be written anew.
 * @returns undefined for kinds other than JPEG, PNG and WebP, and for files that are not built as they should be
 */
export async function barePicture(file: Blob): Promise<Blob | undefined> {
  if (file.size > mostBytes) return undefined;
  const bytes = new Uint8Array(await file.arrayBuffer());
  const header = readPictureHeader(bytes);
  if (typeof header === 'string') return undefined;
  const parts = partsOf(header.kind, bytes);
  return parts === undefined
    ? undefined
    : new Blob([new Uint8Array(concat(...parts))], { type: `image/${header.kind}` });
}

type Parts = readonly Uint8Array[] | undefined;

function partsOf(kind: string, bytes: Uint8Array): Parts {
  if (kind === 'jpeg') return bareJpeg(bytes);
  if (kind === 'png') return barePng(bytes);
  return kind === 'webp' ? bareWebp(bytes) : undefined;
}

/** ITU T.81 annex B. Ends at the end of the image: telephones put films and further pictures behind it. */
function bareJpeg(bytes: Uint8Array): Parts {
  const view = viewOf(bytes);
  const parts: Uint8Array[] = [bytes.subarray(0, 2)];
  let at = 2;
  while (at + 2 <= bytes.length) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = view.getUint8(at + 1);
    if (marker === 0xd9) return [...parts, bytes.subarray(at, at + 2)];
    if (marker === 0xff) {
      at += 1; // a fill byte
      continue;
    }
    if (at + 4 > bytes.length) return undefined;
    const end = at + 2 + view.getUint16(at + 2);
    if (end < at + 4 || end > bytes.length) return undefined;
    const segment = bytes.subarray(at, end);
    if (isPixels(marker, segment)) parts.push(segment);
    else if (marker === 0xe1) parts.push(...turning(segment));
    at = end;
    if (marker !== 0xda) continue;
    const next = endOfScan(bytes, end);
    if (next === undefined) return undefined;
    parts.push(bytes.subarray(end, next));
    at = next;
  }
  return undefined;
}

/** Tables, frames and scans; of what programs add, only the colour profile and the colour transform of Adobe. */
function isPixels(marker: number, segment: Uint8Array): boolean {
  if (marker === 0xe2) return asciiAt(segment, 4, 12) === 'ICC_PROFILE\0';
  if (marker === 0xee) return asciiAt(segment, 4, 5) === 'Adobe';
  return marker >= 0xc0 && marker <= 0xdf;
}

/** Where the next marker stands that is not part of the coded pixels. */
function endOfScan(bytes: Uint8Array, from: number): number | undefined {
  for (
    let at = bytes.indexOf(0xff, from);
    at >= 0 && at + 1 < bytes.length;
    at = bytes.indexOf(0xff, at + 1)
  ) {
    const next = bytes[at + 1] ?? 0;
    const isCoded = next === 0 || next === 0xff || (next >= 0xd0 && next <= 0xd7);
    if (!isCoded) return at;
  }
  return undefined;
}

/** An EXIF segment that says nothing but how the picture is turned (TIFF 6.0 tag 274); none where that is not said. */
function turning(segment: Uint8Array): readonly Uint8Array[] {
  const orientation = orientationIn(segment);
  if (orientation === undefined || orientation === 1) return [];
  // one entry of type SHORT, and no further directory
  const tiff = [
    0x4d,
    0x4d,
    0,
    42,
    0,
    0,
    0,
    8,
    0,
    1,
    0x01,
    0x12,
    0,
    3,
    0,
    0,
    0,
    1,
    0,
    orientation,
    0,
    0,
    0,
    0,
    0,
    0,
  ];
  return [Uint8Array.from([0xff, 0xe1, 0, 8 + tiff.length, 0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff])];
}

function orientationIn(segment: Uint8Array): number | undefined {
  const tiffAt = 10;
  if (asciiAt(segment, 4, 6) !== 'Exif\0\0' || segment.length < tiffAt + 8) return undefined;
  const view = viewOf(segment.subarray(tiffAt));
  const little = asciiAt(segment, tiffAt, 2) === 'II';
  const directory = view.getUint32(4, little);
  if (directory + 2 > view.byteLength) return undefined;
  const entries = view.getUint16(directory, little);
  for (let at = directory + 2; at + 12 <= view.byteLength && at < directory + 2 + entries * 12; at += 12) {
    if (view.getUint16(at, little) !== 0x0112) continue;
    const orientation = view.getUint16(at + 8, little);
    return orientation >= 1 && orientation <= 8 ? orientation : undefined;
  }
  return undefined;
}

/** PNG chunks that decide how the picture looks; words, times and EXIF are none of them. */
const pngPixels: ReadonlySet<string> = new Set(
  'IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP sBIT bKGD pHYs acTL fcTL fdAT'.split(' '),
);

function barePng(bytes: Uint8Array): Parts {
  const view = viewOf(bytes);
  const parts: Uint8Array[] = [bytes.subarray(0, 8)];
  for (let at = 8; at + 12 <= bytes.length;) {
    const end = at + 12 + view.getUint32(at);
    if (end > bytes.length) return undefined;
    const type = asciiAt(bytes, at + 4, 4);
    if (pngPixels.has(type)) parts.push(bytes.subarray(at, end));
    if (type === 'IEND') return parts;
    at = end;
  }
  return undefined;
}

const webpPixels: ReadonlySet<string> = new Set(['VP8 ', 'VP8L', 'VP8X', 'ALPH', 'ANIM', 'ANMF', 'ICCP']);
/** RFC 9649 section 2.7: the bits of VP8X that announce EXIF and XMP */
const announced = 0x0c;

function bareWebp(bytes: Uint8Array): Parts {
  const view = viewOf(bytes);
  const end = 8 + view.getUint32(4, true);
  if (end > bytes.length) return undefined;
  const parts: Uint8Array[] = [];
  for (let at = 12; at < end;) {
    if (at + 8 > end) return undefined;
    const length = view.getUint32(at + 4, true);
    const next = at + 8 + length + (length % 2);
    if (next > end) return undefined;
    const type = asciiAt(bytes, at, 4);
    const chunk = bytes.slice(at, next);
    if (type === 'VP8X') chunk[8] = (chunk[8] ?? 0) & ~announced;
    if (webpPixels.has(type)) parts.push(chunk);
    at = next;
  }
  const head = bytes.slice(0, 12);
  viewOf(head).setUint32(4, 4 + parts.reduce((sum, part) => sum + part.length, 0), true);
  return [head, ...parts];
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function asciiAt(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
