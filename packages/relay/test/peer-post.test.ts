import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Hint } from '@tern/protocol';
import { describe, expect, test } from 'vitest';
import { openPeerPost, type PeerPost } from '../src/forward/peer-post.ts';

const { signal } = new AbortController();
const options = { signal, longestMs: 20_000, mostBytes: 10_000 };
const body = new Uint8Array(100).fill(3);

interface Listening extends AsyncDisposable {
  readonly to: Hint;
  readonly sockets: readonly Socket[];
}

/** Calls back with each request that came, and which one of its connection it is. */
async function listening(
  answer: (socket: Socket, at: { readonly connection: number; readonly request: number }) => void,
): Promise<Listening> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    const connection = sockets.push(socket);
    let request = 0;
    let came = '';
    socket.on('error', () => undefined);
    socket.setEncoding('latin1').on('data', (piece: string) => {
      came += piece;
      const end = came.indexOf('\r\n\r\n') + 4 + body.length;
      if (came.length < end) return;
      came = came.slice(end);
      request += 1;
      answer(socket, { connection, request });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    to: { address: 'nowhere.example', port, tls: false, path: 'peer' },
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

const open = (): PeerPost => openPeerPost({ address: '127.0.0.1' });
const words = (text: string, length = text.length): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n${text}`;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe('one POST to the address that was judged', () => {
  test('goes there whatever the name is, and keeps its connection', async () => {
    await using server = await listening((socket) => void socket.write(words('fine')));
    using post = open();
    for (let times = 0; times < 3; times += 1) {
      const { bytes, trouble } = await post.post(server.to, body, options);
      expect([text(bytes), trouble]).toEqual(['fine', undefined]);
    }
    expect(server.sockets).toHaveLength(1);
  });

  test('leaves what came of an answer that was cut, ended early, fell silent or is too long', async () => {
    const endings: ((socket: Socket) => void)[] = [
      (socket) => void socket.end(words('half', 9)),
      (socket) => void socket.write(words('half', 9), () => socket.resetAndDestroy()),
      (socket) => void socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'),
      (socket) => void socket.write(words('half', 9)),
      (socket) => void socket.write(words('half and more', 9000)),
    ];
    await using server = await listening((socket, { connection }) => endings[connection - 1]?.(socket));
    const outcomes: unknown[] = [];
    for (const at of endings.keys()) {
      using post = open();
      const limits = at === 3 ? { longestMs: 700 } : at === 4 ? { mostBytes: 4 } : {};
      const { bytes, trouble } = await post.post(server.to, body, { ...options, ...limits });
      outcomes.push([text(bytes), trouble]);
    }
    expect(outcomes).toEqual([
      ['half', 'closed'],
      ['half', 'closed'],
      ['half', 'closed'],
      ['half', 'silent'],
      ['half', 'too-long'],
    ]);
  });

  test('is sent again, once, where a kept connection was closed unseen', async () => {
    await using server = await listening((socket, { connection, request }) => {
      if (request === 2 || connection > 2) socket.resetAndDestroy();
      else socket.write(words(`${connection}`));
    });
    using post = open();
    const said: unknown[] = [];
    for (let times = 0; times < 3; times += 1) {
      const { bytes, trouble } = await post.post(server.to, body, options);
      said.push(trouble ?? text(bytes));
    }
    expect([said, server.sockets.length]).toEqual([['1', '2', 'closed'], 3]);
  });

  test('ends with the reason when it is aborted, and the other side sees it', async () => {
    const asked = Promise.withResolvers<Socket>();
    await using server = await listening((socket) => asked.resolve(socket));
    using post = open();
    const leaving = new AbortController();
    const reason = new Error('enough');
    const answer = post.post(server.to, body, { ...options, signal: leaving.signal });
    const closed = once(await asked.promise, 'close');
    leaving.abort(reason);
    await expect(answer).rejects.toBe(reason);
    await closed;
    await expect(post.post(server.to, body, { ...options, signal: leaving.signal })).rejects.toBe(reason);
  });

  test('that is under way when its connections are given up ends first', async () => {
    const asked = Promise.withResolvers<Socket>();
    await using server = await listening((socket) => asked.resolve(socket));
    const post = open();
    const answer = post.post(server.to, body, options);
    const socket = await asked.promise;
    post[Symbol.dispose]();
    const closed = once(socket, 'close');
    socket.write(words('late'));
    expect(text((await answer).bytes)).toBe('late');
    await closed;
  });
});
