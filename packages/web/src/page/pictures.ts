import type { FileView } from '@tern/core';
import type { FileToSend } from '../engine/app-api.ts';

/** The way to the code that reads and writes pictures; it comes when the first picture does. */

/** A picture takes its whole memory while it is decoded: one at a time. */
const inTurn = takingTurns();

/** @returns what came, drawn and encoded anew by this browser; undefined where that cannot be done, and it must not be shown */
export async function showable(received: Blob): Promise<Blob | undefined> {
  const { showablePicture } = await import('../media/received-picture.ts');
  const picture = await inTurn(() => showablePicture(received));
  return picture.kind === 'shown' ? picture.blob : undefined;
}

const previewSidePx = 400;
/** Comes with the message, unasked for, and from strangers too: in 6 kB fits a picture that takes half a gigabyte to decode. */
const mostPreviewPixels = 1_000_000;

/** What stands in a picture's place until it is here: its preview, else its few blurred colours. */
export async function standIn({
  preview,
  thumbhash,
}: NonNullable<FileView['picture']>): Promise<Blob | undefined> {
  const { showablePicture, thumbhashImage } = await import('../media/received-picture.ts');
  if (preview !== undefined) {
    const picture = await inTurn(() =>
      showablePicture(preview.bytes, { longSidePx: previewSidePx, mostPixels: mostPreviewPixels }),
    );
    if (picture.kind === 'shown') return picture.blob;
  }
  return thumbhashImage(thumbhash);
}

/** @param options `original`: a photo goes as it is, with where and when it was taken */
export async function fileToSend(file: File, options: { readonly original: boolean }): Promise<FileToSend> {
  const plain = { blob: file, name: file.name, type: file.type || 'application/octet-stream' };
  if (!file.type.startsWith('image/')) return plain;
  const { preparePhoto } = await import('../media/photo.ts');
  const photo = await inTurn(() => preparePhoto(file, options));
  // what cannot be made small still goes without where it was taken, where that can be taken out
  if (photo.kind !== 'photo') return { ...plain, blob: ('bare' in photo ? photo.bare : undefined) ?? file };
  const { blob, width, height, thumbhash, preview } = photo;
  const picture = { width, height, thumbhash, ...(preview !== undefined && { preview }) };
  const type = blob.type === '' ? plain.type : blob.type;
  return { blob, name: options.original ? file.name : renamed(file.name, type), type, picture };
}

/** The ending says what the bytes have become. */
function renamed(name: string, type: string): string {
  const ending = type === 'image/jpeg' ? 'jpg' : type.replace('image/', '');
  return `${name.replace(/\.[^.]{1,8}$/u, '')}.${ending}`;
}

function takingTurns(): <T>(run: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (run) => {
    const next = last.then(run, run);
    last = next;
    return next;
  };
}
