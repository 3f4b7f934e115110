import { concat, utf8 } from '@tern/protocol';

type Bytes = Uint8Array<ArrayBuffer>;

function big(value: number, length: number): Bytes {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 1) bytes[length - 1 - at] = Math.floor(value / 256 ** at) & 0xff;
  return bytes;
}

function little(value: number, length: number): Bytes {
  return big(value, length).toReversed();
}

function of(...parts: readonly (Uint8Array | string | readonly number[])[]): Bytes {
  const bytes = concat(
    ...parts.map((part) =>
      typeof part === 'string' ? utf8(part) : part instanceof Uint8Array ? part : Uint8Array.from(part),
    ),
  );
  return new Uint8Array(bytes);
}

function box(type: string, ...parts: readonly Uint8Array[]): Bytes {
  const content = of(...parts);
  return of(big(content.length + 8, 4), type, content);
}

/** A whole GIF with one picture that is larger than the file says. Its codes are a byte long as long as the table is begun anew in time. */
export function gifSaying(sides: {
  readonly says: number;
  readonly width: number;
  readonly height: number;
}): Bytes {
  const pixels = sides.width * sides.height;
  const codes = Array.from({ length: Math.ceil(pixels / 100) }, (_, at) => [
    128,
    ...new Array<number>(Math.min(100, pixels - at * 100)).fill(1),
  ]).flat();
  const blocks: Bytes[] = [];
  for (let at = 0; at < codes.length; at += 255) {
    const block = codes.slice(at, at + 255);
    blocks.push(of([block.length], block));
  }
  const says = little(sides.says, 2);
  const colours = new Uint8Array(384).fill(77);
  const picture = gifPicture(sides.width, sides.height);
  return of('GIF89a', says, says, [0x86, 0, 0], colours, picture, [7], ...blocks, [1, 129, 0, 0x3b]);
}

function gifPicture(width: number, height: number): Bytes {
  return of([0x2c, 0, 0, 0, 0], little(width, 2), little(height, 2), [0]);
}

/**
 * The beginnings of pictures of a size, of each kind and each way in which it may say its size.
 * @param options `upTo`: leaves out the kinds in which larger sides cannot be written
 */
export function pictureHeaders(
  width: number,
  height: number,
  options: { readonly upTo?: number } = {},
): readonly { readonly kind: string; readonly bytes: Bytes }[] {
  const large = Math.max(width, height) > (options.upTo ?? Infinity);
  const ispe = (w: number, h: number): Bytes => box('ispe', big(0, 4), big(w, 4), big(h, 4));
  const webp = (chunk: string, content: Bytes): Bytes =>
    of('RIFF', little(content.length + 12, 4), 'WEBP', chunk, little(content.length, 4), content);
  const packed = ((height - 1) << 14) | (width - 1);
  const headers: readonly (readonly [kind: string, bytes: Bytes])[] = [
    [
      'jpeg',
      of(
        [0xff, 0xd8, 0xff, 0xe1, 0, 8],
        'Exif\0\0',
        [0xff, 0xff, 0xdb, 0, 3, 1, 0xff, 0xc2, 0, 17, 8],
        big(height, 2),
        big(width, 2),
        [3],
        new Uint8Array(9),
      ),
    ],
    [
      'png',
      of([0x89], 'PNG\r\n\u001a\n', big(13, 4), 'IHDR', big(width, 4), big(height, 4), [8, 6, 0, 0, 0]),
    ],
    [
      'avif',
      of(
        box('ftyp', utf8('mif1'), big(0, 4), utf8('mif1avif')),
        box('free', new Uint8Array(5)),
        box(
          'meta',
          big(0, 4),
          box('hdlr', new Uint8Array(20)),
          box('iprp', box('ipco', ispe(1, 1), ispe(width, height), ispe(1, 1))),
        ),
      ),
    ],
    ['gif', of('GIF89a', little(width, 2), little(height, 2), [0, 0, 0], gifPicture(width, height))],
    [
      'gif with a larger picture in it',
      of(
        'GIF89a',
        [1, 0, 1, 0, 0x80, 0, 0, 1, 2, 3, 4, 5, 6],
        [0x21, 0xf9, 4, 0, 0, 0, 0, 0, 0x21, 0xfe, 2, 65, 66, 1, 67, 0],
        gifPicture(width, height),
      ),
    ],
    [
      'webp extended',
      webp('VP8X', of([0, 0, 0, 0], little(width - 1, 3), little(height - 1, 3), new Uint8Array(20))),
    ],
    ...(large
      ? []
      : ([
          ['webp lossless', webp('VP8L', of([0x2f], little(packed >>> 0, 4), new Uint8Array(20)))],
          [
            'webp lossy',
            webp(
              'VP8 ',
              of([0, 0, 0, 0x9d, 0x01, 0x2a], little(width, 2), little(height, 2), new Uint8Array(20)),
            ),
          ],
        ] as const)),
  ];
  return headers.map(([kind, bytes]) => ({ kind, bytes }));
}

/** What a camera writes into a photo: how it was held, where it was, and words. Put after the first two bytes of a JPEG. */
export function exifSegment(orientation: number): Bytes {
  const entry = (tag: number, type: number, count: number, value: Bytes): Bytes =>
    of(big(tag, 2), big(type, 2), big(count, 4), value);
  const maker = utf8('Secret Camera 3000\0');
  const places = { gps: 8 + 2 + 3 * 12 + 4, maker: 8 + 2 + 3 * 12 + 4 + 2 + 2 * 12 + 4 };
  const tiff = of(
    'MM\0*',
    big(8, 4),
    big(3, 2),
    entry(0x010f, 2, maker.length, big(places.maker, 4)),
    entry(0x0112, 3, 1, of(big(orientation, 2), [0, 0])),
    entry(0x8825, 4, 1, big(places.gps, 4)),
    big(0, 4),
    big(2, 2),
    entry(0x0001, 2, 2, utf8('N\0\0\0') as Bytes),
    entry(0x0002, 5, 3, big(places.maker + maker.length, 4)),
    big(0, 4),
    maker,
    ...[59, 1, 56, 1, 20, 1].map((part) => big(part, 4)),
  );
  const content = of('Exif\0\0', tiff);
  return of([0xff, 0xe1], big(content.length + 2, 2), content);
}

/** Pictures of 64 by 48 as a camera or a program writes them, with secrets before, between and behind what makes the picture. */
export function wholePictures(): readonly {
  readonly kind: string;
  readonly bytes: Bytes;
  readonly pixels: Bytes;
}[] {
  const pixels = of('the coded pixels', [0xff, 0, 0xff, 0xd3, 1, 2]);
  const segment = (marker: number, content: Bytes): Bytes =>
    of([0xff, marker], big(content.length + 2, 2), content);
  const frame = segment(0xc0, of([8], big(48, 2), big(64, 2), [1, 1, 0x11, 0]));
  const chunk = (type: string, content: Bytes): Bytes =>
    of(big(content.length, 4), type, content, [0, 0, 0, 0]);
  const part = (type: string, content: Bytes): Bytes =>
    of(type, little(content.length, 4), content, new Uint8Array(content.length % 2));
  const webpParts = of(
    part('VP8X', of([0x0c, 0, 0, 0], little(63, 3), little(47, 3))),
    part('VP8 ', pixels),
    part('EXIF', of('Secret GPS')),
    part('XMP ', of('<x:xmpmeta>Secret')),
  );
  return [
    {
      kind: 'jpeg',
      pixels,
      bytes: of(
        [0xff, 0xd8],
        segment(0xe0, of('JFIF\0Secret')),
        exifSegment(1),
        segment(0xe1, of('http://ns.adobe.com/xap/1.0/\0Secret GPS')),
        segment(0xfe, of('Secret words')),
        segment(0xdb, of([0, 1, 2])),
        frame,
        segment(0xda, of([1, 1, 0])),
        pixels,
        segment(0xed, of('Photoshop Secret')),
        segment(0xda, of([1, 1, 0])),
        pixels,
        [0xff, 0xd9],
        'a film with Secret GPS',
      ),
    },
    {
      kind: 'png',
      pixels,
      bytes: of(
        [0x89],
        'PNG\r\n\u001a\n',
        chunk('IHDR', of(big(64, 4), big(48, 4), [8, 6, 0, 0, 0])),
        chunk('tEXt', of('Secret words')),
        chunk('eXIf', of('Secret GPS')),
        chunk('IDAT', pixels),
        chunk('IEND', of('')),
        'a film',
      ),
    },
    {
      kind: 'webp',
      pixels,
      bytes: of('RIFF', little(webpParts.length + 4, 4), 'WEBP', webpParts, 'a film'),
    },
  ];
}
