import { readPictureHeader, type PictureHeader } from './picture-header.ts';

/** Beyond these, decoding one picture takes more memory than a telephone has. */
export const mostPixels = 100_000_000;
export const longestSidePx = 16_384;

/** Why a picture is not decoded. */
export type Unfit =
  /** none of the kinds that are shown, whatever it is called */
  | { readonly kind: 'no-picture' }
  | { readonly kind: 'too-large'; readonly width: number; readonly height: number };

/** JPEG files carry maps and previews of many hundred kilobytes before they say their size. */
const firstBytes = 65_536;
const mostHeaderBytes = 16_777_216;

/**
 * Looks at the beginning of a file only. What is unfit must not be given to a decoder.
 * @param most pixels; a file of a hundred bytes may have as many as it likes
 */
export async function checkPicture(file: Blob, most: number = mostPixels): Promise<PictureHeader | Unfit> {
  for (let take = firstBytes; ; take *= 16) {
    const bytes = new Uint8Array(await file.slice(0, Math.min(take, mostHeaderBytes)).arrayBuffer());
    const header = readPictureHeader(bytes);
    if (header === 'none') return { kind: 'no-picture' };
    if (header !== 'later') return fit(header, most);
    if (bytes.length >= Math.min(file.size, mostHeaderBytes)) return { kind: 'no-picture' };
  }
}

function fit(header: PictureHeader, most: number): PictureHeader | Unfit {
  const { width, height } = header;
  const tooLarge = width * height > most || Math.max(width, height) > longestSidePx;
  return tooLarge ? { kind: 'too-large', width, height } : header;
}
