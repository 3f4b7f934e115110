/** Names that Windows keeps for devices, with any ending. */
const reserved = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)\s*(?:\..*)?$/iu;
/** Controls, format characters (bidi marks, zero width), surrogates, private use, unassigned, line and paragraph separators. */
const unseen = /[\p{C}\p{Zl}\p{Zp}]/gu;
/** What some file system takes for a path, a stream, a wildcard or a quotation. */
const forbidden = /[/\\:*?"<>|%~]/gu;

/** As bytes in UTF-8, a limit that every file system has at 255. */
const longestNameBytes = 180;
const longestExtension = /\.[\p{L}\p{N}]{1,12}$/u;

/**
 * A name under which a received file may be saved: nothing in it is a path or unseen, so "photo<U+202E>gpj.exe" cannot pass for a
 * picture, and it keeps the end by which a system knows its kind. `file` where nothing is left.
 */
export function downloadName(name: string): string {
  const seen = name
    .toWellFormed()
    .replaceAll(unseen, '')
    .replaceAll(forbidden, '_')
    .replaceAll(/\s+/gu, ' ')
    .replaceAll(/^[. ]+|[. ]+$/gu, ''); // hidden files, and endings that Windows drops
  const safe = reserved.test(seen) ? `_${seen}` : seen;
  const extension = longestExtension.exec(safe)?.[0] ?? '';
  const stem = safe.slice(0, safe.length - extension.length);
  const whole = `${shortened(stem, longestNameBytes - byteLength(extension))}${extension}`;
  return whole === '' ? 'file' : whole;
}

/** Received bytes as the browser may have them: of no kind that it opens by itself. */
export function octetBlob(parts: readonly Uint8Array[]): Blob {
  return new Blob(
    parts.map((part) => new Uint8Array(part)),
    { type: 'application/octet-stream' },
  );
}

function shortened(text: string, mostBytes: number): string {
  let short = '';
  let bytes = 0;
  for (const character of text) {
    bytes += byteLength(character);
    if (bytes > mostBytes) break;
    short += character;
  }
  return short.replaceAll(/[. ]+$/gu, '');
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
