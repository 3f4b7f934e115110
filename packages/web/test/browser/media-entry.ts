import { concat, utf8 } from '@tern/protocol';
import { barePicture } from '../../src/media/bare-picture.ts';
import { openCanvas } from '../../src/media/canvas.ts';
import { largestPreviewBytes, preparePhoto, type Photo } from '../../src/media/photo.ts';
import { readPictureHeader } from '../../src/media/picture-header.ts';
import { showablePicture, thumbhashImage } from '../../src/media/received-picture.ts';
import { standIn } from '../../src/page/pictures.ts';
import { exifSegment, gifSaying, pictureHeaders } from '../media-samples.ts';
import type { PageTests } from '../support/page-tests.ts';

export const tests: PageTests = (test) => {
  test('a compressed photo holds nothing of what the camera wrote beside the pixels', async () => {
    const camera = await cameraPhoto(640, 480, 1);
    holds(camera.size > 0 && (await holdsSecrets(camera)), 'the photo of the camera says where it was taken');
    const photo = await photoOf(camera, { original: false });
    holds(!(await holdsSecrets(photo.blob)), 'the compressed photo says nothing of it');
    holds(!(await holdsSecrets(new Blob([bytesOf(photo.preview?.bytes)]))), 'and neither does its preview');
    same([photo.width, photo.height], [640, 480]);
    same(['image/webp', 'image/jpeg'].includes(photo.blob.type), true);
  });

  test('an original is sent byte by byte, and what is shown before it is here says nothing of the camera', async () => {
    const camera = await cameraPhoto(640, 480, 6);
    const photo = await photoOf(camera, { original: true });
    same(await bytes(photo.blob), await bytes(camera));
    same([photo.width, photo.height], [480, 640]);
    holds(!(await holdsSecrets(new Blob([bytesOf(photo.preview?.bytes)]))), 'the preview is clean');
  });

  test('a photo is turned as the camera was held', async () => {
    // as stored: red on the left, blue on the right; orientation 6: turn it to the right
    const photo = await photoOf(await cameraPhoto(600, 400, 6), { original: false });
    same([photo.width, photo.height], [400, 600]);
    const [top, bottom] = await colours(photo.blob, [
      [200, 60],
      [200, 540],
    ]);
    holds(isRed(top) && isBlue(bottom), `red is on top, and blue below: ${JSON.stringify([top, bottom])}`);
    const shown = await showablePicture(await cameraPhoto(600, 400, 6));
    same(shown.kind === 'shown' && [shown.width, shown.height], [400, 600]);
  });

  test('a photo that is only made bare has the same pixels, turned as they were', async () => {
    const camera = await cameraPhoto(600, 400, 6);
    const bare = await barePicture(camera);
    if (bare === undefined) throw new Error('it was not understood');
    holds(!(await text(bare)).includes('Secret'), 'nothing is left of what the camera wrote');
    const places = [
      [200, 60],
      [200, 540],
    ] as const;
    same(await colours(bare, places), await colours(camera, places));
    for (const plain of [await pngOf(60, 40), await webpOf(60, 40)])
      same(await colours((await barePicture(plain)) ?? new Blob(), [[5, 5]]), await colours(plain, [[5, 5]]));
  });

  test('a large photo is made smaller, and its preview has at most 6 kB', async () => {
    const camera = await noisyPhoto(3000, 2000);
    const photo = await photoOf(camera, { original: false });
    same([photo.width, photo.height], [1600, 1067]);
    holds(photo.blob.size < camera.size, `${photo.blob.size} is less than ${camera.size}`);
    const preview = photo.preview?.bytes.length ?? 0;
    holds(preview > 0 && preview <= largestPreviewBytes, `the preview has ${preview} bytes`);
    holds(photo.thumbhash.length > 4 && photo.thumbhash.length <= 32, 'the thumbhash is short');
    same((await showablePicture(bytesOf(photo.preview?.bytes))).kind, 'shown');
    const image = await thumbhashImage(photo.thumbhash);
    same(image?.type, 'image/png');
  });

  test('a picture with a very long side is drawn, and has a thumbhash', async () => {
    const photo = await photoOf(await pngOf(4000, 3), { original: false });
    same([photo.width, photo.height], [1600, 1]);
  });

  test('a picture of 20,000 pixels a side is not decoded, neither to be sent nor to be shown', async () => {
    for (const { kind, bytes: start } of pictureHeaders(20_000, 20_000, { upTo: 16_383 })) {
      const file = new Blob([start, new Uint8Array(1000)]);
      const { bare: _, ...prepared } = {
        bare: undefined,
        ...(await preparePhoto(file, { original: false })),
      };
      same([kind, prepared], [kind, tooLarge]);
      same([kind, await showablePicture(file)], [kind, tooLarge]);
    }
  });

  test('SVG and HTML are never shown, whatever they are called', async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';
    for (const text of [
      svg,
      '<!doctype html><h1>hello</h1>',
      `GIF89a${svg}`,
      `\u0089PNG\r\n\u001a\n${svg}`,
    ]) {
      for (const type of ['image/svg+xml', 'text/html', 'image/png', '']) {
        const file = new Blob([text], { type });
        const shown = await showablePicture(file);
        holds(shown.kind !== 'shown', `${text.slice(0, 9)} as ${type} is ${shown.kind}`);
        const prepared = await preparePhoto(file, { original: false });
        holds(prepared.kind !== 'photo', `${text.slice(0, 9)} as ${type} is no photo`);
      }
    }
  });

  test('what is shown is written anew by this browser, whatever came and whatever it was called', async () => {
    const tail = utf8('<script>alert(1)</script>');
    for (const received of [await pngOf(50, 40), await cameraPhoto(50, 40, 1), await webpOf(50, 40)]) {
      const file = new Blob([received, new Uint8Array(tail)], { type: 'text/html' });
      const shown = await showablePicture(file);
      if (shown.kind !== 'shown') throw new Error(`it is ${shown.kind}`);
      same([shown.width, shown.height], [50, 40]);
      holds(['image/jpeg', 'image/png', 'image/webp'].includes(shown.blob.type), shown.blob.type);
      holds(!(await text(shown.blob)).includes('script'), 'nothing is left of what stood behind the pixels');
      holds(!(await holdsSecrets(shown.blob)), 'nor of what stood before');
    }
  });

  test('a picture is shown as large as it is needed, and never larger than it is', async () => {
    const large = await pngOf(3000, 1500);
    const whole = await showablePicture(large);
    same(whole.kind === 'shown' && [whole.width, whole.height], [2560, 1280]);
    const small = await showablePicture(large, { longSidePx: 300 });
    same(small.kind === 'shown' && [small.width, small.height], [300, 150]);
    const tiny = await showablePicture(await pngOf(1, 1), { longSidePx: 300 });
    same(tiny.kind === 'shown' && [tiny.width, tiny.height], [1, 1]);
  });

  test('cut and altered pictures are shown or not, and nothing is thrown', async () => {
    const random = numbers(7);
    const kinds = new Set<string>();
    for (const whole of [await pngOf(60, 40), await cameraPhoto(60, 40, 3), await webpOf(60, 40)]) {
      const start = new Uint8Array(await whole.arrayBuffer());
      for (let round = 0; round < 60; round += 1) {
        const changed = start.slice(0, round % 3 === 0 ? random(start.length) : start.length);
        for (let change = random(6); change > 0; change -= 1) changed[random(changed.length)] = random(256);
        const file = new Blob([changed]);
        kinds.add((await showablePicture(file)).kind);
        const prepared = await preparePhoto(file, { original: false });
        kinds.add(prepared.kind);
        if (prepared.kind === 'photo') same(prepared.width <= 1600 && prepared.height <= 1600, true);
      }
    }
    holds(
      kinds.has('damaged') && kinds.has('shown'),
      `some are shown and some are not: ${[...kinds].join()}`,
    );
  });

  test('a GIF is drawn as large as its header was read, however small it says it is', async () => {
    const gif = gifSaying({ says: 10, width: 300, height: 200 });
    same(readPictureHeader(gif), { kind: 'gif', width: 300, height: 200 });
    const picture = await createImageBitmap(new Blob([gif], { type: 'image/gif' }));
    same([picture.width, picture.height], [300, 200]);
  });

  test('a preview of few bytes and very many pixels is not decoded: the blurred colours stand in its place', async () => {
    const { thumbhash } = await photoOf(await cameraPhoto(64, 48, 1), { original: false });
    const stoodIn = async (width: number, height: number): Promise<number> => {
      const bytes = new Uint8Array(await (await webpOf(width, height)).arrayBuffer());
      const preview = { type: 'image/webp', bytes };
      const image = await standIn({ width, height, thumbhash, preview });
      return image === undefined ? 0 : (await createImageBitmap(image)).width;
    };
    same(await stoodIn(400, 300), 400);
    holds((await stoodIn(4000, 3000)) <= 32, 'the blurred colours are small');
  });

  test('bytes that are no thumbhash are no image, and nothing is thrown', async () => {
    const random = numbers(11);
    same(await thumbhashImage(new Uint8Array()), undefined);
    same(await thumbhashImage(new Uint8Array(33)), undefined);
    for (let round = 0; round < 200; round += 1) {
      const hash = Uint8Array.from({ length: random(33) }, () => random(256));
      const image = await thumbhashImage(hash);
      if (image !== undefined) holds(image.size < 10_000, 'it is small');
    }
  });
};

const tooLarge = { kind: 'too-large', width: 20_000, height: 20_000 };

async function photoOf(file: Blob, options: { readonly original: boolean }): Promise<Photo> {
  const prepared = await preparePhoto(file, options);
  if (prepared.kind !== 'photo') throw new Error(`it is ${prepared.kind}`);
  return prepared;
}

/** Red on the left, blue on the right. */
async function drawing(
  width: number,
  height: number,
  type: 'image/jpeg' | 'image/png' | 'image/webp',
): Promise<Blob> {
  const canvas = openCanvas(width, height);
  canvas.context.fillStyle = 'red';
  canvas.context.fillRect(0, 0, width / 2, height);
  canvas.context.fillStyle = 'blue';
  canvas.context.fillRect(width / 2, 0, width / 2, height);
  const blob = await canvas.encode(type);
  if (blob?.type !== type) throw new Error(`this browser does not write ${type}`);
  return blob;
}

const pngOf = (width: number, height: number): Promise<Blob> => drawing(width, height, 'image/png');
const webpOf = (width: number, height: number): Promise<Blob> => drawing(width, height, 'image/webp');

async function cameraPhoto(width: number, height: number, orientation: number): Promise<Blob> {
  const plain = await drawing(width, height, 'image/jpeg');
  return new Blob([plain.slice(0, 2), exifSegment(orientation), plain.slice(2)], { type: 'image/jpeg' });
}

/** Hard to compress. */
async function noisyPhoto(width: number, height: number): Promise<Blob> {
  const canvas = openCanvas(width, height);
  const random = numbers(3);
  const pixels = new Uint8ClampedArray(width * height * 4).map((_, at) => (at % 4 === 3 ? 255 : random(256)));
  canvas.context.putImageData(new ImageData(pixels, width, height), 0, 0);
  const blob = await canvas.encode('image/jpeg', 0.9);
  if (blob === undefined) throw new Error('it was not encoded');
  return blob;
}

async function colours(
  blob: Blob,
  places: readonly (readonly [x: number, y: number])[],
): Promise<readonly (readonly number[])[]> {
  const picture = await createImageBitmap(blob);
  const { context } = openCanvas(picture.width, picture.height);
  context.drawImage(picture, 0, 0);
  return places.map(([x, y]) => [...context.getImageData(x, y, 1, 1).data]);
}

function isRed([red = 0, , blue = 0]: readonly number[] = []): boolean {
  return red > 200 && blue < 60;
}

function isBlue([red = 0, , blue = 0]: readonly number[] = []): boolean {
  return blue > 200 && red < 60;
}

async function holdsSecrets(blob: Blob): Promise<boolean> {
  const found = await text(blob);
  return ['Exif', 'Secret Camera', 'MM\u0000*'].some((secret) => found.includes(secret));
}

async function text(blob: Blob): Promise<string> {
  return new TextDecoder('latin1').decode(await blob.arrayBuffer());
}

async function bytes(blob: Blob): Promise<readonly number[]> {
  return [...new Uint8Array(await blob.arrayBuffer())];
}

function bytesOf(some: Uint8Array | undefined): Uint8Array<ArrayBuffer> {
  return new Uint8Array(concat(some ?? new Uint8Array()));
}

/** The same numbers below a limit each time. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function holds(condition: boolean, words: string): void {
  if (!condition) throw new Error(`it does not hold that ${words}`);
}

function same(actual: unknown, expected: unknown): void {
  const words = JSON.stringify(actual);
  holds(words === JSON.stringify(expected), `${words} is ${JSON.stringify(expected)}`);
}
