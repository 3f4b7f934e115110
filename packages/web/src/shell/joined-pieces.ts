import { pieceFolder, type SetList } from './load-list.ts';
import type { BringPieces, Brought } from './piece-loader.ts';

/** What the pieces in the cache hold, one after the other. @returns undefined when one is missing @throws {TypeError} for no deflate stream */
export async function joined(
  cache: Cache,
  pieces: readonly string[],
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const parts = await Promise.all(
    pieces.map(async (piece) => (await cache.match(pieceFolder + piece))?.blob()),
  );
  const blobs = parts.filter((part) => part !== undefined);
  return blobs.length < pieces.length ? undefined : inflated(new Blob(blobs));
}

export async function inflated(deflated: Blob): Promise<Uint8Array<ArrayBuffer>> {
  const stream = deflated.stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Brings the set of this name. @returns what went wrong, where something did */
export async function setOf(
  cache: Cache,
  name: string,
  bring: BringPieces,
): Promise<SetList | Exclude<Brought, 'whole'>> {
  const brought = await bring([name], cache);
  if (brought !== 'whole') return brought;
  const bytes = await joined(cache, [name]);
  return bytes === undefined ? 'unreachable' : readSet(bytes);
}

/** @param bytes inflated, of the hash that the first page names: what the same build wrote */
export function readSet(bytes: Uint8Array): SetList {
  return JSON.parse(new TextDecoder().decode(bytes)) as SetList;
}
