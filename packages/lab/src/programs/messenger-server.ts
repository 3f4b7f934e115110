/**
 * The server of the messenger of comparison: keeps every message until its receiver says that it is there, and gives it out again
 * whenever that receiver comes back. Settings: {@link Settings} as one JSON argument; tells `ready` when it listens.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { once } from 'node:events';
import { WebSocketServer, type WebSocket } from 'ws';
import { endWithStandardInput, settingsOf, tell } from './lines.ts';
import { decodeFrame, encodeFrame, type Frame } from './messenger-frame.ts';

export interface Settings {
  readonly host: string;
  readonly ports: readonly number[];
  /** files in PEM */
  readonly certificate: string;
  readonly key: string;
}

/** Of one person: what they have not got yet, and the socket they are on. */
interface Box {
  readonly waiting: Map<string, Frame>;
  readonly stored: Set<string>;
  socket: WebSocket | undefined;
}

const settings = settingsOf<Settings>();
endWithStandardInput();
const boxes = new Map<string, Box>();
const tls = { cert: readFileSync(settings.certificate), key: readFileSync(settings.key) };
for (const port of settings.ports) {
  const server = createServer(tls);
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on('connection', (socket) => serve(socket));
  server.listen({ host: settings.host, port });
  await once(server, 'listening');
}
tell({ is: 'ready' });

function serve(socket: WebSocket): void {
  let own: Box | undefined;
  socket.on('error', () => socket.terminate());
  socket.on('message', (data: Buffer) => {
    const frame = decodeFrame(data);
    const { head } = frame;
    if (head.kind === 'hello') {
      own = boxOf(head.name);
      own.socket?.terminate();
      own.socket = socket;
      for (const waiting of own.waiting.values()) socket.send(encodeFrame(waiting));
    } else if (head.kind === 'have') {
      own?.waiting.delete(head.id);
    } else {
      store(frame, head);
      socket.send(encodeFrame({ head: { kind: 'have', id: head.id }, body: new Uint8Array() }));
    }
  });
  socket.on('close', () => {
    if (own?.socket === socket) own.socket = undefined;
  });
}

/** A message that came before is told to be here, and not given out again. */
function store(frame: Frame, head: Extract<Frame['head'], { kind: 'message' }>): void {
  const box = boxOf(head.to);
  if (box.stored.has(head.id)) return;
  box.stored.add(head.id);
  box.waiting.set(head.id, frame);
  box.socket?.send(encodeFrame(frame));
}

function boxOf(name: string): Box {
  const known = boxes.get(name);
  if (known !== undefined) return known;
  const box = { waiting: new Map<string, Frame>(), stored: new Set<string>(), socket: undefined };
  boxes.set(name, box);
  return box;
}
