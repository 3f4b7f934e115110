/**
 * What a build consists of. The first page names what is needed at once and the hash of the rest; the rest (the set) comes like a
 * piece. From the page on everything is named by its hash, so one page is one version.
 */

/** Path below the app's folder, and length, of a file of a load. */
export type LoadFile = readonly [name: string, bytes: number];

/** Files that travel together: one after the other, deflated as one stream, cut into pieces. */
export interface Load {
  readonly files: readonly LoadFile[];
  /** of all files, one after the other */
  readonly hash: string;
  /** the hash of each piece in order, which is its name below `p/` */
  readonly pieces: readonly string[];
}

/** What the first page itself knows. */
export interface FrontList {
  /** of the program */
  readonly version: string;
  /** the piece that holds the {@link SetList} */
  readonly set: string;
  readonly worker: string;
  /** `page` first; then the words of each language by its name, and `new` for whoever has no home here yet */
  readonly loads: Readonly<Record<string, Load>>;
}

/** Everything of one build beside the first page itself. */
export interface SetList {
  /** files of the first page: path and hash */
  readonly shell: readonly (readonly [name: string, hash: string])[];
  readonly loads: Readonly<Record<string, Load>>;
}

/** Where pieces lie, below the app's folder. */
export const pieceFolder = 'p/';
/** Where the files of loads lie whole, for browsers that cannot put pieces together. */
export const assetFolder = 'a/';
/** Everything kept for working offline; what is in it is named by its hash, the first page excepted. */
export const cacheName = 'tern';

/** @param html of a page that the same server sent. @returns undefined for any other page than ours */
export function frontListIn(html: string): FrontList | undefined {
  const found = /<meta name=tern content='([^']+)'/u.exec(html)?.[1];
  return found === undefined ? undefined : (JSON.parse(found) as FrontList);
}

/**
 * The first 16 bytes of SHA-256, as base64url: nobody finds other bytes with the same ones, and the first page has to name a dozen.
 */
export async function hashOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).subarray(0, 16);
  return btoa(String.fromCharCode(...digest))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .slice(0, 22);
}
