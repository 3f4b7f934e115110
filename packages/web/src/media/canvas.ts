/** A place to draw in, in a page or in a worker. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;
  /** Encodes what was drawn. @returns PNG where the browser does not write the type; undefined where it cannot encode at all */
  encode(type: PictureType, quality?: number): Promise<Blob | undefined>;
}

export type PictureType = 'image/jpeg' | 'image/png' | 'image/webp';

/** @throws {TypeError} where the browser gives no memory for it */
export function openCanvas(width: number, height: number): Canvas {
  return typeof OffscreenCanvas === 'undefined' ? pageCanvas(width, height) : workerCanvas(width, height);
}

function workerCanvas(width: number, height: number): Canvas {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw noRoom();
  return {
    width,
    height,
    context,
    async encode(type, quality) {
      try {
        return await canvas.convertToBlob({ type, ...(quality === undefined ? {} : { quality }) });
      } catch (error) {
        if (error instanceof DOMException) return undefined;
        throw error;
      }
    },
  };
}

function pageCanvas(width: number, height: number): Canvas {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw noRoom();
  return {
    width,
    height,
    context,
    encode: (type, quality) =>
      new Promise((resolve) => canvas.toBlob((blob) => resolve(blob ?? undefined), type, quality)),
  };
}

function noRoom(): TypeError {
  return new TypeError('there is no canvas of this size');
}

/** The size that fits a long side, never larger than it was and never without a pixel. */
function fitted(
  size: { readonly width: number; readonly height: number },
  longSidePx: number,
): { readonly width: number; readonly height: number } {
  const scale = Math.min(1, longSidePx / Math.max(size.width, size.height));
  const side = (length: number): number => Math.max(1, Math.round(length * scale));
  return { width: side(size.width), height: side(size.height) };
}

/**
 * Draws a picture smaller, in halves: one step from very large to very small leaves out most of the pixels in some browsers.
 * @param options `ground`: a colour behind what is transparent
 */
export function drawn(
  picture: ImageBitmap,
  longSidePx: number,
  options: { readonly ground?: string } = {},
): Canvas {
  const wanted = fitted(picture, longSidePx);
  let source: ImageBitmap | Canvas = picture;
  for (;;) {
    const width = Math.max(wanted.width, Math.ceil(source.width / 2));
    const height = Math.max(wanted.height, Math.ceil(source.height / 2));
    const canvas = openCanvas(width, height);
    const { context } = canvas;
    context.imageSmoothingQuality = 'high';
    if (options.ground !== undefined) {
      context.fillStyle = options.ground;
      context.fillRect(0, 0, width, height);
    }
    context.drawImage('context' in source ? source.context.canvas : source, 0, 0, width, height);
    if (width === wanted.width && height === wanted.height) return canvas;
    source = canvas;
  }
}

/** The type in which this browser writes pictures small: WebP, or JPEG where it writes none. */
export async function smallType(): Promise<'image/webp' | 'image/jpeg'> {
  const tried = await openCanvas(1, 1).encode('image/webp');
  return tried?.type === 'image/webp' ? 'image/webp' : 'image/jpeg';
}

/**
 * Whether what is drawn can be read again. A browser that hides itself from fingerprinting (Tor Browser does) gives noise instead,
 * and so would send it; a little noise in the lowest bits is not seen by anybody.
 */
export function canvasIsTrue(): boolean {
  const { context } = openCanvas(8, 8);
  const told: readonly (readonly [number, number, number])[] = [
    [220, 40, 90],
    [10, 200, 130],
  ];
  for (const [at, [red, green, blue]] of told.entries()) {
    context.fillStyle = `rgb(${red} ${green} ${blue})`;
    context.fillRect(at * 4, 0, 4, 8);
  }
  const { data } = context.getImageData(0, 0, 8, 8);
  return told.every((colour, at) => {
    const pixel = (3 * 8 + at * 4 + 2) * 4;
    return colour.every((value, channel) => Math.abs(value - (data[pixel + channel] ?? -99)) <= mostNoise);
  });
}

const mostNoise = 8;
