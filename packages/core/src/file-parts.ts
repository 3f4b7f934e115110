import {
  bytes,
  decode,
  dispositions,
  encode,
  field,
  limits,
  MalformedError,
  struct,
  uint,
  utf8,
  utf8Text,
  type Codec,
  type ExternalPart,
  type Part,
  type SinglePart,
} from '@tern/protocol';
import type { PictureView } from './client.ts';

/*
 * How a text, a file and what goes with it are parts of a content. A file that has a caption or is a picture is a part of several:
 * the file, its caption, what is known of the picture, its preview. Whatever of that somebody sent does not fit is passed over.
 */

const plainText = 'text/plain;charset=utf-8';
/** a type of our own, for a map of {@link pictureCodec} */
const pictureType = 'application/vnd.tern.picture';
const previewTypes: ReadonlySet<string> = new Set(['image/jpeg', 'image/png', 'image/webp']);
const largestPreviewBytes = 6144;
const longestSide: number = 2 ** 20;
const largestThumbhashBytes = 32;
const largestPictureBytes = 64;

const pictureCodec: Codec<Omit<PictureView, 'preview'>> = struct<Omit<PictureView, 'preview'>>({
  width: field(1, uint(longestSide)),
  height: field(2, uint(longestSide)),
  thumbhash: field(3, bytes(0, largestThumbhashBytes)),
});

/** @throws {MalformedError} for text that is empty or longer than 128 KiB */
export function textPart(text: string): SinglePart {
  const content = utf8(text.toWellFormed());
  if (content.length === 0) throw new MalformedError('a message has at least one character');
  if (content.length > limits.messageBytes)
    throw new MalformedError(`a message has at most ${limits.messageBytes} bytes: send it as a file`);
  return { kind: 'single', disposition: dispositions.render, type: plainText, content };
}

/** @throws {MalformedError} for a caption or a picture beyond its limits */
export function filePart(
  file: ExternalPart,
  beside: { readonly caption?: string; readonly picture?: PictureView },
): Part {
  const caption = beside.caption === undefined || beside.caption === '' ? [] : [textPart(beside.caption)];
  const picture = beside.picture === undefined ? [] : pictureParts(beside.picture);
  if (caption.length + picture.length === 0) return file;
  return {
    kind: 'multi',
    disposition: dispositions.attachment,
    parts: [file, ...caption, ...picture],
  };
}

function pictureParts({ preview, ...about }: PictureView): readonly SinglePart[] {
  if (about.width === 0 || about.height === 0) throw new MalformedError('a picture has a width and a height');
  const disposition = dispositions.preview;
  const parts: SinglePart[] = [
    { kind: 'single', disposition, type: pictureType, content: encode(pictureCodec, about) },
  ];
  if (preview === undefined) return parts;
  if (!isPreview(preview.type, preview.bytes))
    throw new MalformedError(`a preview is JPEG, PNG or WebP of at most ${largestPreviewBytes} bytes`);
  return [...parts, { kind: 'single', disposition, type: preview.type, content: preview.bytes }];
}

function isPreview(type: string, content: Uint8Array): boolean {
  return previewTypes.has(type) && content.length > 0 && content.length <= largestPreviewBytes;
}

/** The same file under another caption, or a text under other words; undefined where there is nothing to say differently. */
export function partSaying(part: Part, text: string): Part | undefined {
  if (fileOf(part) === undefined) return textOf(part) === undefined ? undefined : textPart(text);
  const caption = text === '' ? [] : [textPart(text)];
  if (part.kind === 'external')
    return caption.length === 0
      ? part
      : { kind: 'multi', disposition: dispositions.attachment, parts: [part, ...caption] };
  if (part.kind !== 'multi') return undefined;
  const [first, ...others] = part.parts.filter((one) => textOf(one) === undefined);
  return first === undefined ? undefined : { ...part, parts: [first, ...caption, ...others] };
}

/** The text of a message, or the caption of its file. */
export function textOf(part: Part): string | undefined {
  if (part.kind === 'multi') {
    for (const one of part.parts) {
      const text = textOf(one);
      if (text !== undefined) return text;
    }
    return undefined;
  }
  if (part.kind !== 'single' || !part.type.startsWith('text/plain')) return undefined;
  return unlessMalformed(() => utf8Text(part.content));
}

/** The file of a message, if it has one. */
export function fileOf(part: Part): ExternalPart | undefined {
  if (part.kind === 'external') return part;
  return part.kind === 'multi' ? part.parts.find((one) => one.kind === 'external') : undefined;
}

/** What is known of the picture that a message's file is, if its sender told. */
export function pictureOf(part: Part): PictureView | undefined {
  if (part.kind !== 'multi' || fileOf(part) === undefined) return undefined;
  const shown = part.parts.filter(
    (one) => one.kind === 'single' && one.disposition === dispositions.preview,
  ) as readonly SinglePart[];
  const about = shown.find((one) => one.type === pictureType)?.content;
  if (about === undefined || about.length > largestPictureBytes) return undefined;
  const picture = unlessMalformed(() => decode(pictureCodec, about));
  if (picture === undefined || picture.width === 0 || picture.height === 0) return undefined;
  const preview = shown.find((one) => isPreview(one.type, one.content));
  return {
    ...picture,
    ...(preview === undefined ? {} : { preview: { type: preview.type, bytes: preview.content } }),
  };
}

/** What others send may be anything: what is not of its form is not there. */
function unlessMalformed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}
