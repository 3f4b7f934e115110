import { canvasIsTrue, drawn, openCanvas, smallType, type PictureType } from './canvas.ts';
import { decoded } from './photo.ts';
import { checkPicture } from './picture-check.ts';
import { thumbHashToRGBA } from 'thumbhash';

/** What became of a received picture. All but `shown` can be saved as a file, and is not shown. */
export type ReceivedPicture =
  | { readonly kind: 'shown'; readonly blob: Blob; readonly width: number; readonly height: number }
  | { readonly kind: 'no-picture' }
  | { readonly kind: 'too-large'; readonly width: number; readonly height: number }
  | { readonly kind: 'damaged' }
  /** this browser does not let a page read its own drawings */
  | { readonly kind: 'blocked' };

/** Enough for a screen of twice the usual density and a zoom. */
const longestShownPx = 2560;
const shownQuality = 0.92;

/**
 * Makes of bytes from somebody else a picture that may be shown: what it is, its own first bytes say, and not its sender; only its
 * pixels, drawn and encoded anew by this browser, are ever given to an `<img>`. Decodes the whole picture: one at a time, please.
 * @param options `longSidePx`: how large it is needed; 2560 where not given. `mostPixels`: what has more is `too-large`
 */
export async function showablePicture(
  received: Blob | Uint8Array,
  options: { readonly longSidePx?: number; readonly mostPixels?: number } = {},
): Promise<ReceivedPicture> {
  // without a type, the decoder too has to go by the bytes alone
  const bytes = received instanceof Blob ? received : new Blob([new Uint8Array(received)]);
  const checked = await checkPicture(bytes, options.mostPixels);
  if (checked.kind === 'no-picture' || checked.kind === 'too-large') return checked;
  if (!canvasIsTrue()) return { kind: 'blocked' };
  const picture = await decoded(bytes.slice(0, bytes.size, `image/${checked.kind}`));
  if (picture === undefined) return { kind: 'damaged' };
  try {
    const canvas = drawn(picture, Math.min(longestShownPx, options.longSidePx ?? longestShownPx));
    const type = await shownType(checked.kind === 'jpeg');
    const blob = await canvas.encode(type, shownQuality);
    if (blob?.type !== type) return { kind: 'damaged' };
    return { kind: 'shown', blob, width: canvas.width, height: canvas.height };
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError || error instanceof DOMException)
      return { kind: 'damaged' }; // no canvas of that size: the memory is at its end
    throw error;
  } finally {
    picture.close();
  }
}

/** What may be transparent stays so: WebP, or PNG where this browser writes none. */
async function shownType(opaque: boolean): Promise<PictureType> {
  if (opaque) return 'image/jpeg';
  return (await smallType()) === 'image/webp' ? 'image/webp' : 'image/png';
}

const longestThumbhashBytes = 32;
const shortestThumbhashBytes = 5;

/**
 * The few blurred colours that stand where a picture will be.
 * @returns a PNG of at most 32 px a side; undefined for bytes that are no thumbhash
 */
export async function thumbhashImage(hash: Uint8Array): Promise<Blob | undefined> {
  if (hash.length < shortestThumbhashBytes || hash.length > longestThumbhashBytes) return undefined;
  const { w, h, rgba } = thumbHashToRGBA(hash);
  const isPicture = [w, h].every((side) => Number.isInteger(side) && side >= 1 && side <= 64);
  if (!isPicture || rgba.length !== w * h * 4) return undefined;
  const canvas = openCanvas(w, h);
  canvas.context.putImageData(new ImageData(new Uint8ClampedArray(rgba), w, h), 0, 0);
  return canvas.encode('image/png');
}
