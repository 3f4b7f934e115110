/** Reads a QR code out of a picture: by the browser where it can, by the `qr` package's decoder (loaded then) where it cannot. */

/** What both the browser and a canvas take: a frame of a video, or a picture that was opened. */
export type Picture = HTMLVideoElement | ImageBitmap;

export interface CodeReader {
  /** @returns undefined where no code is seen */
  read(picture: Picture): Promise<string | undefined>;
}

/** Beyond this many pixels along a side a code is not found better, only slower. */
const longestSide = 1200;

export async function openCodeReader(): Promise<CodeReader> {
  return (await browserReader()) ?? decoderReader();
}

/** @returns undefined for a picture that the browser cannot open, or that shows no code */
export async function readCodeOfFile(file: Blob): Promise<string | undefined> {
  let picture: ImageBitmap;
  try {
    picture = await createImageBitmap(file);
  } catch {
    return undefined;
  }
  try {
    return await (await openCodeReader()).read(picture);
  } finally {
    picture.close();
  }
}

interface Detector {
  detect(picture: Picture): Promise<readonly { readonly rawValue: string }[]>;
}

interface DetectorClass {
  new (options: { readonly formats: readonly string[] }): Detector;
  getSupportedFormats(): Promise<readonly string[]>;
}

async function browserReader(): Promise<CodeReader | undefined> {
  const { BarcodeDetector } = globalThis as { readonly BarcodeDetector?: DetectorClass };
  if (BarcodeDetector === undefined) return undefined;
  try {
    if (!(await BarcodeDetector.getSupportedFormats()).includes('qr_code')) return undefined;
    const detector = new BarcodeDetector({ formats: ['qr_code'] });
    return { read: async (picture) => (await detector.detect(picture))[0]?.rawValue };
  } catch {
    // some systems offer it and lack the service behind it
    return undefined;
  }
}

async function decoderReader(): Promise<CodeReader> {
  const { decodeQR } = await import('qr/decode.js');
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { willReadFrequently: true });
  return {
    async read(picture) {
      const size = sizeOf(picture);
      const scale = Math.min(1, longestSide / Math.max(size.width, size.height));
      canvas.width = Math.round(size.width * scale);
      canvas.height = Math.round(size.height * scale);
      if (context === null || canvas.width === 0 || canvas.height === 0) return undefined;
      context.drawImage(picture, 0, 0, canvas.width, canvas.height);
      try {
        return decodeQR(context.getImageData(0, 0, canvas.width, canvas.height));
      } catch {
        // the decoder throws where it sees no code, which is most of the time
        return undefined;
      }
    },
  };
}

function sizeOf(picture: Picture): { readonly width: number; readonly height: number } {
  return picture instanceof HTMLVideoElement
    ? { width: picture.videoWidth, height: picture.videoHeight }
    : picture;
}
