import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { contractHint, serveTransportContract } from '@tern/relay/testing';
import { describe, expect, test } from 'vitest';
import { fetchTransport } from '../src/browser/index.ts';
import { transportContract } from '../src/testing/index.ts';

describe('over fetch, as Node has it', () => {
  transportContract(test, async (serve, { name, longestSilenceMs }) => {
    const server = await serveTransportContract({ serve });
    const hint = contractHint(server, { tls: false, run: 'fetch', name });
    return {
      transport: fetchTransport({ longestAnswerMs: longestSilenceMs, longestSilenceMs }),
      hint,
      nobody: { ...hint, port: server.unusedPort },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  });
});

async function carryTo(handler: RequestListener): Promise<Uint8Array> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const pieces: Uint8Array[] = [];
  try {
    const hint = { address: '127.0.0.1', port, tls: false, path: 'secret-path' };
    const { signal } = new AbortController();
    for await (const piece of fetchTransport().carry(hint, new Uint8Array([1, 2, 3]), { signal }))
      pieces.push(piece);
    return new Uint8Array(Buffer.concat(pieces));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test.for([404, 302, 500, 204])(
  'an answer with status %i is no relay’s, and nobody is led elsewhere',
  async (status) => {
    let asked = 0;
    const carrying = carryTo((incoming, outgoing) => {
      asked += 1;
      incoming.resume();
      outgoing.writeHead(status, { location: '/elsewhere' }).end();
    });
    await expect(carrying).rejects.toMatchObject({ name: 'UnreachableError', code: 'not-a-relay' });
    expect(asked).toBe(1);
  },
);

test('an answer longer than any relay’s is not read, whether it says its length or not', async () => {
  const said = carryTo((incoming, outgoing) => {
    incoming.resume();
    outgoing.writeHead(200, { 'content-length': 3_000_000 }).flushHeaders();
  });
  await expect(said).rejects.toMatchObject({ code: 'not-a-relay' });
  const unsaid = carryTo((incoming, outgoing) => {
    incoming.resume();
    const more = (): void => {
      while (outgoing.write(new Uint8Array(65_536)));
    };
    outgoing.on('drain', more);
    more();
  });
  await expect(unsaid).rejects.toMatchObject({ code: 'not-a-relay' });
});

test('a request is one that asks for no leave first: no type and no header of its own', async () => {
  const heads: {
    readonly method: string | undefined;
    readonly headers: Readonly<Record<string, unknown>>;
  }[] = [];
  await carryTo((incoming, outgoing) => {
    heads.push({ method: incoming.method, headers: incoming.headers });
    incoming.resume();
    outgoing.end('ok');
  });
  expect(heads.map(({ method }) => method)).toEqual(['POST']);
  expect(heads[0]?.headers['content-type']).toBeUndefined();
  expect(heads[0]?.headers['cookie']).toBeUndefined();
  expect(heads[0]?.headers['referer']).toBeUndefined();
});
