import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { extname, join } from 'node:path';
import { UsageError } from '@tern/protocol';

/** How a file of the app is answered. */
export interface PageFile {
  /** media type */
  readonly type: string;
  /** a document or a script, which the browser asks what it may do; a part only becomes something in the hands of one of these */
  readonly role: 'document' | 'part';
  /** its name says what is in it, so that it never changes */
  readonly immutable: boolean;
  readonly etag: string;
  /** as it is, and smaller forms by their name in Accept-Encoding */
  readonly bytes: Uint8Array;
  readonly encoded: ReadonlyMap<'br' | 'gzip', Uint8Array>;
}

/** The app's files under its secret path, by their names below it; `''` is the page itself. */
export interface PageFiles {
  /** one segment */
  readonly path: string;
  /** @returns undefined for a file that is not there */
  file(name: string): PageFile | undefined;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};

const encodings = [
  ['.br', 'br'],
  ['.gz', 'gzip'],
] as const;

/** The first page as it is found: it must be there. */
const front = 'index.html';
/** Names that end so hold a hash of the content: 8 or more characters, or the whole name in the folder of pieces. */
const hashed = /(?:^p\/|-)[\w-]{8,}(?:\.\w+)?$/u;
/** What a browser takes for a page, a worker or a service worker. */
const executes = /^(?:index\.html|sw-[\w-]+\.js|a\/[^/]+\.js)$/u;

/**
 * Reads a built app whole, so that it stays one version while the folder becomes another: about 1 MB. A file `x.br` or `x.gz` is
 * `x` compressed; what begins with a dot is not served.
 * @throws {UsageError} for a folder without a first page
 */
export function readPageFiles(folder: string): (name: string) => PageFile | undefined {
  if (!existsSync(join(folder, front))) throw new UsageError(`there is no built app in ${folder}`);
  const real = realpathSync(folder);
  const names = readdirSync(real, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(real.length + 1))
    .filter((name) => !/(?:^|\/)\./u.test(name));
  const known = new Set(names);
  const isForm = (name: string): boolean =>
    encodings.some(([end]) => name.endsWith(end) && known.has(name.slice(0, -end.length)));
  const files = new Map<string, PageFile>();
  for (const name of names) {
    if (isForm(name)) continue;
    const bytes = readFileSync(join(real, name));
    files.set(name === front ? '' : name, {
      type: types[extname(name)] ?? 'application/octet-stream',
      role: executes.test(name) ? 'document' : 'part',
      immutable: hashed.test(name),
      etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 16)}"`,
      bytes,
      encoded: new Map(
        encodings
          .filter(([end]) => known.has(`${name}${end}`))
          .map(([end, encoding]) => [encoding, readFileSync(join(real, `${name}${end}`))]),
      ),
    });
  }
  return (name) => files.get(name);
}
