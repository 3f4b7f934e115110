import type { FileSource } from '@tern/core';

const pieceBytes = 262_144;

/** A file of a page as the client reads it: a piece at a time, so that a gigabyte is never in memory. */
export function fileSource(
  file: { readonly blob: Blob; readonly name: string; readonly type: string },
  signal: AbortSignal,
): FileSource {
  const { blob, name, type } = file;
  return { name, type, size: blob.size, content: pieces(blob, signal) };
}

async function* pieces(blob: Blob, signal: AbortSignal): AsyncIterable<Uint8Array> {
  for (let at = 0; at < blob.size; at += pieceBytes) {
    signal.throwIfAborted();
    yield new Uint8Array(await blob.slice(at, at + pieceBytes).arrayBuffer());
  }
}
