import { rgbaToThumbHash } from 'thumbhash';
import { barePicture } from './bare-picture.ts';
import { canvasIsTrue, drawn, smallType, type Canvas, type PictureType } from './canvas.ts';
import { checkPicture } from './picture-check.ts';

/** A picture as it is sent. */
export interface Photo {
  readonly kind: 'photo';
  /** JPEG or WebP without anything but the pixels; of an original, the very bytes of the file */
  readonly blob: Blob;
  /** pixels as they are seen: turned as the camera was held */
  readonly width: number;
  readonly height: number;
  /** at most 25 bytes */
  readonly thumbhash: Uint8Array;
  /** absent where even the smallest one was too large */
  readonly preview?: { readonly type: string; readonly bytes: Uint8Array };
}

/**
 * What became of a file that somebody wants to send as a picture. All but a photo can still be sent as a file, `bare` where it is
 * there; where it is not, the file may say where it was taken, and whoever sends it should know.
 */
export type PreparedPhoto =
  | Photo
  /** none of the kinds that are known here: a file of a camera (HEIC), a drawing (SVG), something else */
  | { readonly kind: 'no-picture' }
  | {
      readonly kind: 'too-large';
      readonly width: number;
      readonly height: number;
      readonly bare?: Blob;
    }
  /** `damaged`: the decoder gives up, or the memory ends. `blocked`: this browser does not let a page read its own drawings. */
  | { readonly kind: 'damaged' | 'blocked'; readonly bare?: Blob };

const longSidePx = 1600;
const photoQuality = 0.8;
export const largestPreviewBytes = 6144;
/** each try smaller than the one before; the first one that fits is taken */
const previewTries: readonly (readonly [longSidePx: number, quality: number])[] = [
  [400, 0.5],
  [320, 0.5],
  [320, 0.35],
  [240, 0.4],
  [200, 0.35],
  [160, 0.3],
  [96, 0.3],
  [48, 0.2],
];
const thumbhashSidePx = 100;

/**
 * Makes a photo ready to be sent: smaller, and without where and with what it was taken (EXIF, GPS, XMP, comments), because only
 * its pixels are written anew. Of what moves, the first picture is taken. Decodes the whole picture: one at a time, please.
 * @param options `original`: sends the file's own bytes, with all that is in them
 */
export async function preparePhoto(
  file: Blob,
  options: { readonly original: boolean },
): Promise<PreparedPhoto> {
  const checked = await checkPicture(file);
  if (checked.kind === 'no-picture') return checked;
  const photo =
    checked.kind === 'too-large'
      ? checked
      : await photoOf(file, { ...options, ground: checked.kind === 'jpeg' ? undefined : 'white' });
  if (photo.kind === 'photo' || options.original) return photo;
  const bare = await barePicture(file);
  return bare === undefined ? photo : { ...photo, bare };
}

async function photoOf(
  file: Blob,
  how: { readonly original: boolean; readonly ground: string | undefined },
): Promise<Photo | { readonly kind: 'damaged' | 'blocked' }> {
  if (!canvasIsTrue()) return { kind: 'blocked' };
  const picture = await decoded(file);
  if (picture === undefined) return { kind: 'damaged' };
  try {
    return await prepared(picture, { ...how, file });
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError || error instanceof DOMException)
      return { kind: 'damaged' }; // no canvas of that size: the memory is at its end
    throw error;
  } finally {
    picture.close();
  }
}

/** @returns undefined where the browser cannot. Turned as its EXIF says: the pixels are then as they are seen. */
export async function decoded(file: Blob): Promise<ImageBitmap | undefined> {
  try {
    return await createImageBitmap(file, { imageOrientation: 'from-image', colorSpaceConversion: 'default' });
  } catch (error) {
    if (error instanceof DOMException || error instanceof TypeError) return undefined;
    throw error;
  }
}

async function prepared(
  picture: ImageBitmap,
  how: { readonly original: boolean; readonly file: Blob; readonly ground: string | undefined },
): Promise<Photo | { readonly kind: 'damaged' }> {
  const type = await smallType();
  // JPEG knows no transparency: what is behind would be black
  const ground = type === 'image/jpeg' && how.ground !== undefined ? { ground: how.ground } : {};
  const about = { thumbhash: thumbhashOf(picture), ...(await previewOf(picture, type, ground)) };
  if (how.original) {
    const { width, height } = picture;
    return { kind: 'photo', blob: how.file, width, height, ...about };
  }
  const canvas = drawn(picture, longSidePx, ground);
  const blob = await canvas.encode(type, photoQuality);
  if (blob?.type !== type) return { kind: 'damaged' };
  return { kind: 'photo', blob, width: canvas.width, height: canvas.height, ...about };
}

function thumbhashOf(picture: ImageBitmap): Uint8Array {
  const canvas: Canvas = drawn(picture, thumbhashSidePx);
  const { width, height, context } = canvas;
  return rgbaToThumbHash(width, height, context.getImageData(0, 0, width, height).data);
}

async function previewOf(
  picture: ImageBitmap,
  type: PictureType,
  ground: { readonly ground?: string },
): Promise<Pick<Photo, 'preview'>> {
  for (const [longSidePx, quality] of previewTries) {
    const blob = await drawn(picture, longSidePx, ground).encode(type, quality);
    if (blob?.type !== type || blob.size > largestPreviewBytes) continue;
    return { preview: { type, bytes: new Uint8Array(await blob.arrayBuffer()) } };
  }
  return {};
}
