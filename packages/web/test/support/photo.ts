import type { Page } from 'playwright-core';

/** Stands in the photo's EXIF, where a camera writes down the place. */
export const plantedPlace = 'PLANTED-GPS 59.9386N 30.3141E';

/**
 * A photo as a camera makes one, with EXIF in front; noise, so that it does not become small.
 * @param page any page: its canvas encodes the JPEG
 */
export async function cameraPhoto(page: Page, width: number, height: number): Promise<Buffer> {
  const base64 = await page.evaluate(
    async ([w, h]) => {
      const canvas = new OffscreenCanvas(w, h);
      const context = canvas.getContext('2d');
      if (context === null) throw new Error('no canvas here');
      const image = context.createImageData(w, h);
      let state = 1;
      for (let at = 0; at < image.data.length; at += 4) {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        image.data[at] = state >>> 24;
        image.data[at + 1] = ((at / 4) % w) & 255;
        image.data[at + 2] = state >>> 16;
        image.data[at + 3] = 255;
      }
      context.putImageData(image, 0, 0);
      const bytes = new Uint8Array(
        await (await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.92 })).arrayBuffer(),
      );
      let text = '';
      for (let at = 0; at < bytes.length; at += 8192)
        text += String.fromCharCode(...bytes.subarray(at, at + 8192));
      return btoa(text);
    },
    [width, height] as const,
  );
  const plain = Buffer.from(base64, 'base64');
  return Buffer.concat([plain.subarray(0, 2), exifSegment(), plain.subarray(2)]);
}

/** APP1 with one TIFF directory whose only field, ImageDescription, is the planted place (Exif 2.32 section 4.5). */
function exifSegment(): Buffer {
  const words = Buffer.from(`${plantedPlace}\0`, 'latin1');
  const tiff = Buffer.alloc(26);
  tiff.write('II*\0', 0, 'latin1');
  tiff.writeUInt32LE(8, 4);
  tiff.writeUInt16LE(1, 8);
  tiff.writeUInt16LE(0x010e, 10);
  tiff.writeUInt16LE(2, 12);
  tiff.writeUInt32LE(words.length, 14);
  tiff.writeUInt32LE(26, 18);
  const body = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff, words]);
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([head, body]);
}
