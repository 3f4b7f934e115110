import { createHash } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { deflateAsync } from '@gfx/zopfli';
import type { Load } from '../src/shell/load-list.ts';

/** Of a response with a piece, headers included: what a connection carries before some networks freeze it. */
export const pieceResponseBytes = 8192;
/** The relay's headers of a piece. */
const headBytes = 350;

export interface NamedBytes {
  /** below the app's folder */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface CutLoad {
  readonly load: Load;
  /** by their names */
  readonly pieces: ReadonlyMap<string, Uint8Array>;
}

/** Files that travel together, as one stream of pieces. */
export async function cutLoad(files: readonly NamedBytes[]): Promise<CutLoad> {
  const whole = Buffer.concat(files.map(({ bytes }) => bytes));
  const pieces = cut(await deflated(whole));
  const load: Load = {
    files: files.map(({ name, bytes }) => [name, bytes.length]),
    hash: hashOf(whole),
    pieces: pieces.map(([name]) => name),
  };
  return { load, pieces: new Map(pieces) };
}

/** @throws {Error} when it needs more than one piece */
export async function onePiece(bytes: Uint8Array): Promise<readonly [name: string, piece: Uint8Array]> {
  const [piece, ...more] = cut(await deflated(bytes));
  if (piece === undefined || more.length > 0) throw new Error('does not fit a piece');
  return piece;
}

/** As the page computes it: 16 bytes of SHA-256 in base64url. */
export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest().subarray(0, 16).toString('base64url');
}

/** Raw DEFLATE as small as it gets, 4 % below zlib's smallest; more iterations take longer and gain a few bytes. */
async function deflated(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = await deflateAsync(bytes, { numiterations: 5 });
  if (!inflateRawSync(stream).equals(bytes)) throw new Error('the compressor made something else');
  return stream;
}

function cut(stream: Uint8Array): readonly (readonly [name: string, piece: Uint8Array])[] {
  const most = pieceResponseBytes - headBytes;
  return Array.from({ length: Math.ceil(stream.length / most) }, (_, at) => {
    const piece = stream.subarray(at * most, (at + 1) * most);
    return [hashOf(piece), piece] as const;
  });
}
