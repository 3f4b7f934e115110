import { connect } from 'node:net';
import type { WebBuild } from '../../bundle/web-build.ts';
import type { Load } from '../../src/shell/load-list.ts';

/** What a server sent on a connection of its own until it ended it. */
export interface Sent {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** status line and headers with the empty line after them */
  readonly headBytes: number;
  readonly body: Buffer;
  /** all of it, as it went over the connection */
  readonly bytes: number;
}

/** Asks as a browser does that takes brotli, and reads off the connection what really comes. */
export async function sentFor(
  url: string,
  options: { readonly accept?: string; readonly method?: string } = {},
): Promise<Sent> {
  const { hostname, port, pathname, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  const lines = [
    `${options.method ?? 'GET'} ${pathname} HTTP/1.1`,
    `Host: ${host}`,
    `Accept-Encoding: ${options.accept ?? 'gzip, deflate, br, zstd'}`,
    'Connection: close',
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const parts: Buffer[] = [];
  for await (const part of socket as AsyncIterable<Buffer>) parts.push(part);
  const all = Buffer.concat(parts);
  const headBytes = all.indexOf('\r\n\r\n') + 4;
  const [status = '', ...head] = all
    .subarray(0, headBytes - 4)
    .toString('latin1')
    .split('\r\n');
  return {
    status: Number(status.split(' ')[1]),
    headers: new Map(head.map((line) => [line.split(':')[0] ?? '', line.slice(line.indexOf(':') + 2)])),
    headBytes,
    body: all.subarray(headBytes),
    bytes: all.length,
  };
}

/** Bytes of whole responses, headers included. */
export interface AppBytes {
  /** the page, its script and its style */
  readonly firstPage: number;
  /** the first page, the service worker, and every piece that somebody new needs until they can write: a name, or to whoever invited them */
  readonly firstScreen: number;
  /** as `firstScreen`, and how many connections it takes */
  readonly firstScreenResponses: number;
  readonly engine: number;
  /** everything else, which comes when it is asked for or when nothing else is to do */
  readonly later: number;
  readonly largestPiece: number;
  readonly serviceWorker: number;
}

/** @param url of the page as a relay serves that build. @param language of the person: `en` or `ru` */
export async function measureApp(url: string, build: WebBuild, language: string): Promise<AppBytes> {
  const page = url.replace(/[?#].*$/u, '');
  const bytesOf = async (names: readonly string[]): Promise<readonly number[]> => {
    const sizes: number[] = [];
    for (const name of names) {
      const sent = await sentFor(page + name);
      if (sent.status !== 200) throw new Error(`${name} is answered with ${sent.status}`);
      sizes.push(sent.bytes);
    }
    return sizes;
  };
  const piecesOf = (loads: readonly (Load | undefined)[]): Promise<readonly number[]> =>
    bytesOf(loads.flatMap((load) => load?.pieces.map((piece) => `p/${piece}`) ?? []));
  const { front, set } = build;
  const early = ['page', language];
  const firstPage = await bytesOf(build.firstPage.map((name) => (name === 'index.html' ? '' : name)));
  const [serviceWorker = 0] = await bytesOf([front.worker]);
  const first = await piecesOf(early.map((name) => front.loads[name]));
  const engine = await piecesOf([set.loads['engine']]);
  const others = Object.keys(set.loads).filter((name) => !early.includes(name) && name !== 'engine');
  const later = [
    ...(await piecesOf(others.map((name) => set.loads[name]))),
    ...(await bytesOf([`p/${front.set}`])),
  ];
  return {
    firstPage: sum(firstPage),
    firstScreen: sum(firstPage) + serviceWorker + sum(first),
    firstScreenResponses: firstPage.length + 1 + first.length,
    engine: sum(engine),
    later: sum(later),
    largestPiece: Math.max(...first, ...engine, ...later),
    serviceWorker,
  };
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}
