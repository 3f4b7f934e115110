/** The kinds of picture that are shown. An SVG is a document with scripts, and never among them. */
export type PictureKind = 'jpeg' | 'png' | 'webp' | 'gif' | 'avif';

export interface PictureHeader {
  readonly kind: PictureKind;
  /** pixels, as they are stored: before any turning */
  readonly width: number;
  readonly height: number;
}

/** `later`: it may become one with more bytes */
export type HeaderReading = PictureHeader | 'later' | 'none';

/**
 * Reads what kind of picture bytes are, and how large it is, from its header alone: before a decoder takes memory for it.
 * What the bytes are called by whoever sent them is not asked.
 * @param bytes the beginning of a file, or all of it
 */
export function readPictureHeader(bytes: Uint8Array): HeaderReading {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (begins(bytes, [0xff, 0xd8, 0xff])) return jpegHeader(view);
  if (begins(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return pngHeader(view);
  if (textAt(view, 0, 4) === 'RIFF' && textAt(view, 8, 4) === 'WEBP') return webpHeader(view);
  if (textAt(view, 0, 6) === 'GIF87a' || textAt(view, 0, 6) === 'GIF89a') return gifHeader(view);
  if (textAt(view, 4, 4) === 'ftyp') return avifHeader(view);
  return 'none';
}

/** ITU T.81 section B.1: segments up to the frame's own, whose size is said there and nowhere else. */
function jpegHeader(view: DataView): HeaderReading {
  let at = 2;
  while (at + 4 <= view.byteLength) {
    if (view.getUint8(at) !== 0xff) return 'none';
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at += 1; // a fill byte
      continue;
    }
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
      at += 2; // markers without a length
      continue;
    }
    if (marker === 0xd9 || marker === 0xda) return 'none';
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      if (at + 9 > view.byteLength) return 'later';
      return sized('jpeg', view.getUint16(at + 7), view.getUint16(at + 5));
    }
    const length = view.getUint16(at + 2);
    if (length < 2) return 'none';
    at += 2 + length;
  }
  return 'later';
}

/** PNG specification, third edition, section 11.2.1: the header is the first chunk. */
function pngHeader(view: DataView): HeaderReading {
  if (view.byteLength < 24) return 'later';
  if (textAt(view, 12, 4) !== 'IHDR') return 'none';
  return sized('png', view.getUint32(16), view.getUint32(20));
}

/** RFC 9649: lossy, lossless and extended files each say their size in their own way. */
function webpHeader(view: DataView): HeaderReading {
  if (view.byteLength < 30) return 'later';
  switch (textAt(view, 12, 4)) {
    case 'VP8 ': {
      if (view.getUint8(23) !== 0x9d || view.getUint8(24) !== 0x01 || view.getUint8(25) !== 0x2a)
        return 'none';
      return sized('webp', view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff);
    }
    case 'VP8L': {
      if (view.getUint8(20) !== 0x2f) return 'none';
      const packed = view.getUint32(21, true);
      return sized('webp', (packed & 0x3fff) + 1, ((packed >>> 14) & 0x3fff) + 1);
    }
    case 'VP8X': {
      const sizeAt = (at: number): number => (view.getUint16(at, true) | (view.getUint8(at + 2) << 16)) + 1;
      return sized('webp', sizeAt(24), sizeAt(27));
    }
    default:
      return 'none';
  }
}

/**
 * GIF89a sections 18 to 24. Browsers make the whole as large as the first picture in it where that is larger, so that is read too:
 * what stands before it is stepped over.
 */
function gifHeader(view: DataView): HeaderReading {
  if (view.byteLength < 13) return 'later';
  const flags = view.getUint8(10);
  let at = 13 + ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1));
  while (at + 10 <= view.byteLength) {
    const mark = view.getUint8(at);
    if (mark === 0x2c) {
      const end = (place: number): number =>
        view.getUint16(at + place, true) + view.getUint16(at + place + 4, true);
      return sized(
        'gif',
        Math.max(view.getUint16(6, true), end(1)),
        Math.max(view.getUint16(8, true), end(3)),
      );
    }
    if (mark !== 0x21) return 'none';
    at += 2;
    while (at < view.byteLength && view.getUint8(at) > 0) at += 1 + view.getUint8(at);
    at += 1;
  }
  return 'later';
}

/**
 * ISO 14496-12 boxes: `meta` / `iprp` / `ipco` / `ispe`. A file has a size for each of its parts: the largest counts. What moves has
 * further sizes elsewhere (`moov`), and is not shown.
 */
function avifHeader(view: DataView): HeaderReading {
  const ftyp = boxAt(view, 0, view.byteLength);
  if (ftyp === undefined) return view.byteLength < longestFtypBytes ? 'later' : 'none';
  if (!isAvif(view, ftyp)) return 'none';
  let largest: PictureHeader | undefined;
  let whole = false;
  for (let at = ftyp.end; !whole && at < view.byteLength;) {
    const box = boxAt(view, at, view.byteLength);
    if (box === undefined) return 'later';
    at = box.end;
    if (box.type === 'moov') return 'none';
    if (box.type !== 'meta') continue;
    whole = true;
    const iprp = boxIn(view, { ...box, start: box.start + 4 }, 'iprp');
    const ipco = iprp === undefined ? undefined : boxIn(view, iprp, 'ipco');
    if (ipco === undefined) return 'none';
    for (const part of boxesIn(view, ipco)) {
      if (part.type !== 'ispe' || part.end - part.start < 12) continue;
      const size = sized('avif', view.getUint32(part.start + 4), view.getUint32(part.start + 8));
      if (size === 'none') return 'none';
      if (largest === undefined || size.width * size.height > largest.width * largest.height) largest = size;
    }
  }
  return largest ?? (whole ? 'none' : 'later');
}

const longestFtypBytes = 512;

function isAvif(view: DataView, ftyp: Box): boolean {
  if (ftyp.end > longestFtypBytes) return false;
  const brands: string[] = [];
  for (let at = ftyp.start; at + 4 <= ftyp.end; at += 4)
    if (at !== ftyp.start + 4) brands.push(textAt(view, at, 4));
  return brands.includes('avif') && !brands.includes('avis');
}

interface Box {
  readonly type: string;
  /** where its content begins and ends */
  readonly start: number;
  readonly end: number;
}

/** @returns undefined where it is not here as a whole */
function boxAt(view: DataView, at: number, limit: number): Box | undefined {
  if (at + 8 > limit) return undefined;
  const length = view.getUint32(at);
  const end = length === 0 ? limit : at + length;
  if ((length !== 0 && length < 8) || end > limit) return undefined;
  return { type: textAt(view, at + 4, 4), start: at + 8, end };
}

function* boxesIn(view: DataView, outer: Box): Iterable<Box> {
  for (let at = outer.start; ;) {
    const box = boxAt(view, at, outer.end);
    if (box === undefined) return;
    yield box;
    at = box.end;
  }
}

function boxIn(view: DataView, outer: Box, type: string): Box | undefined {
  for (const box of boxesIn(view, outer)) if (box.type === type) return box;
  return undefined;
}

function sized(kind: PictureKind, width: number, height: number): PictureHeader | 'none' {
  return width > 0 && height > 0 ? { kind, width, height } : 'none';
}

function begins(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, at) => bytes[at] === byte);
}

/** @returns less, or nothing, where the bytes end before */
function textAt(view: DataView, at: number, length: number): string {
  let text = '';
  for (let each = at; each < at + length && each < view.byteLength; each += 1)
    text += String.fromCharCode(view.getUint8(each));
  return text;
}
