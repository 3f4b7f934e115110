/**
 * A client of the messenger of comparison: one WebSocket, all places it knows tried in turn with growing pauses between the rounds,
 * the last good one first; what was not told to be stored is sent again on the next socket; files leave in pieces of 64 kB, one after
 * the other, behind the texts. Settings: {@link Settings} as one JSON argument.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { fileBytes, isThatFile } from './file-bytes.ts';
import { orders, settingsOf, tell, type Order } from './lines.ts';
import { decodeFrame, encodeFrame, type Frame, type Head } from './messenger-frame.ts';
import { openSocket, type Place, type Way } from './messenger-ways.ts';
import { startPluggableClient } from './pluggable.ts';

export interface Settings {
  readonly name: string;
  /** in the order in which they are tried the first time */
  readonly places: readonly Place[];
  readonly way:
    | Exclude<Way, { readonly kind: 'socks' }>
    | {
        readonly kind: 'pluggable';
        readonly program: string;
        readonly transport: string;
        readonly state: string;
        readonly server: string;
      };
}

type Message = Extract<Head, { readonly kind: 'message' }>;

const pieceBytes = 65_536;
const longestConnectMs = 10_000;
const betweenPlacesMs = 500;
const firstPauseMs = 1000;
const longestPauseMs = 30_000;
const pingEveryMs = 20_000;
/** nothing came for so long while something was awaited: the socket is dead. Longer while a large piece may fill the line. */
const longestSilenceMs = 15_000;
const longestSilenceOfPieceMs = 60_000;

const settings = settingsOf<Settings>();
const outbox: Frame[] = [];
const inboxIds = new Set<string>();
const files = new Map<string, { readonly bytes: Uint8Array; here: number }>();
let running = 0;
let socket: WebSocket | undefined;
/** messages on the socket that are not told to be stored yet */
const sent = new Set<string>();
let awaitedSince: number | undefined;
let pieceOnTheWay = false;

const way = await wayOf(settings.way);
tell({ is: 'ready' });
void stayConnected();
for await (const order of orders()) {
  take(order);
  tell({ is: 'done', number: order.number });
}
process.exit(0);

async function wayOf(way: Settings['way']): Promise<Way> {
  if (way.kind !== 'pluggable') return way;
  const { port } = await startPluggableClient(way.program, way);
  return { kind: 'socks', port, server: way.server };
}

function take(order: Order): void {
  if (order.do === 'text') put(order.to, Buffer.from(order.text));
  else if (order.do === 'file') {
    const bytes = fileBytes(order.name, order.size);
    for (let at = 0; at < bytes.length; at += pieceBytes)
      put(order.to, bytes.subarray(at, at + pieceBytes), { name: order.name, at, size: order.size });
  }
  flush();
}

function put(to: string, body: Uint8Array, file?: Message['file']): void {
  running += 1;
  const id = `${settings.name}-${process.pid}-${running}`;
  const head: Message = {
    kind: 'message',
    id,
    from: settings.name,
    to,
    ...(file === undefined ? {} : { file }),
  };
  outbox.push({ head, body });
}

/** Texts at once, pieces of files one at a time. */
function flush(): void {
  if (socket === undefined) return;
  for (const frame of outbox) {
    const head = frame.head as Message;
    if (sent.has(head.id) || (head.file !== undefined && pieceOnTheWay)) continue;
    if (head.file !== undefined) pieceOnTheWay = true;
    sent.add(head.id);
    awaitedSince ??= performance.now();
    socket.send(encodeFrame(frame));
  }
}

async function stayConnected(): Promise<never> {
  let next = 0;
  let failed = 0;
  let pauseMs = firstPauseMs;
  for (;;) {
    const place = settings.places[next % settings.places.length];
    if (place === undefined) throw new Error('no place to try');
    try {
      const opened = await openSocket(place, way, AbortSignal.timeout(longestConnectMs));
      failed = 0;
      pauseMs = firstPauseMs;
      await use(opened);
    } catch (error) {
      tell({
        is: 'note',
        words: `${place.host}:${place.port} ${error instanceof Error ? error.message : ''}`,
      });
      next += 1;
      failed += 1;
    }
    if (failed === 0 || failed % settings.places.length === 0) {
      await wait(pauseMs * (0.5 + Math.random() / 2));
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    } else await wait(betweenPlacesMs);
  }
}

/** @returns when the socket is no more */
async function use(opened: WebSocket): Promise<void> {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  socket = opened;
  sent.clear();
  pieceOnTheWay = false;
  awaitedSince = undefined;
  const heard = (): void => {
    awaitedSince = sent.size > 0 ? performance.now() : undefined;
  };
  opened.on('message', (data: Buffer) => {
    receive(decodeFrame(data));
    heard();
    flush();
  });
  opened.on('pong', heard);
  opened.on('close', () => resolve());
  opened.send(encodeFrame({ head: { kind: 'hello', name: settings.name }, body: new Uint8Array() }));
  flush();
  const pings = setInterval(() => {
    awaitedSince ??= performance.now();
    opened.ping();
  }, pingEveryMs);
  const looks = setInterval(() => {
    const silence = pieceOnTheWay ? longestSilenceOfPieceMs : longestSilenceMs;
    if (awaitedSince !== undefined && performance.now() - awaitedSince > silence) opened.terminate();
  }, 500);
  await ended;
  clearInterval(pings);
  clearInterval(looks);
  socket = undefined;
}

function receive({ head, body }: Frame): void {
  if (head.kind === 'have') {
    const at = outbox.findIndex((frame) => (frame.head as Message).id === head.id);
    const [gone] = at < 0 ? [] : outbox.splice(at, 1);
    if (gone !== undefined && (gone.head as Message).file !== undefined) pieceOnTheWay = false;
    sent.delete(head.id);
  } else if (head.kind === 'message') {
    socket?.send(encodeFrame({ head: { kind: 'have', id: head.id }, body: new Uint8Array() }));
    if (inboxIds.has(head.id)) return;
    inboxIds.add(head.id);
    if (head.file === undefined)
      tell({ is: 'got', from: head.from, text: Buffer.from(body).toString('utf8') });
    else takePiece(head, head.file, body);
  }
}

function takePiece(head: Message, file: NonNullable<Message['file']>, body: Uint8Array): void {
  const known = files.get(file.name) ?? { bytes: new Uint8Array(file.size), here: 0 };
  files.set(file.name, known);
  known.bytes.set(body, file.at);
  known.here += body.length;
  if (known.here === file.size && isThatFile(file.name, known.bytes))
    tell({ is: 'file', from: head.from, name: file.name, size: file.size });
}
