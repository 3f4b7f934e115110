import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { connect } from 'node:tls';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { glimpseName, HelloAssembly } from '../src/censor/hello-assembly.ts';
import { longestHelloBytes, readHello } from '../src/net/client-hello.ts';
import { ja4Of, looksLikeBrowser } from '../src/net/hello-print.ts';
import { madeHello } from './support/made-hello.ts';

/** What Node itself says first. */
async function realHello(servername: string): Promise<Uint8Array> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect({ host: '127.0.0.1', port, servername, ALPNProtocols: ['http/1.1'] });
  client.on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [Socket];
  const parts: Buffer[] = [];
  for await (const part of socket) {
    parts.push(part as Buffer);
    if (readHello(Buffer.concat(parts)).kind === 'hello') break;
  }
  client.destroy();
  server.close();
  return Buffer.concat(parts);
}

test('the name, protocols and version of a real hello are read', async () => {
  const bytes = await realHello('cloud-notes.example');
  const reading = readHello(bytes);
  expect(reading.kind === 'hello' && reading.hello).toMatchObject({
    name: 'cloud-notes.example',
    version: 0x0304,
    alpn: ['http/1.1'],
  });
  expect(reading.kind === 'hello' && ja4Of(reading.hello)).toMatch(
    /^t13d\d{4}h1_[0-9a-f]{12}_[0-9a-f]{12}$/u,
  );
  expect(reading.kind === 'hello' && looksLikeBrowser(reading.hello)).toBe(false);
});

test('a real hello that is cut anywhere is a part, and never shows a wrong name', async () => {
  const bytes = await realHello('cloud-notes.example');
  const names = new Set<string | undefined>();
  for (let length = 1; length < bytes.length; length += 1) {
    const reading = readHello(bytes.subarray(0, length));
    expect(reading.kind).toBe('part');
    if (reading.kind === 'part') names.add(reading.name);
  }
  expect([...names]).toEqual([undefined, 'cloud-notes.example']);
});

test('a hello without a name has the empty name', () => {
  const reading = readHello(madeHello({}));
  expect(reading.kind === 'hello' && reading.hello.name).toBe('');
});

test('names are read in lower case, and a hello in several records is put together', () => {
  for (const recordBytes of [1, 3, 50, 5000]) {
    const reading = readHello(madeHello({ name: 'River-Maps.Example', recordBytes }));
    expect(reading.kind === 'hello' && reading.hello.name).toBe('river-maps.example');
  }
});

test('what is no hello is told at its first bytes', () => {
  for (const bytes of [
    [0x17, 3, 3, 0, 5, 1],
    [22, 2, 0, 0, 5, 1],
    [22, 3, 1, 0, 5, 2, 0, 0, 1],
    [...Buffer.from('GET / HTTP/1.1')],
  ]) {
    expect(readHello(Uint8Array.from(bytes)).kind).toBe('none');
  }
  const lying = madeHello({ name: 'a.example' });
  lying[44] = 255; // the length of the session id reaches beyond everything
  expect(readHello(lying).kind).not.toBe('hello');
});

test('JA4 of the hello in its own specification comes out as there', () => {
  const chrome = {
    name: 'any.example',
    alpn: ['h2', 'http/1.1'],
    ciphers: [
      0x0a0a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c,
      0x009d, 0x002f, 0x0035,
    ],
    signatureAlgorithms: [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601],
    extensions: [
      0x2a2a, 0x001b, 0x0033, 0x4469, 0x0017, 0x002d, 0x000b, 0x0005, 0x0023, 0x0012, 0xff01, 0x000a, 0x0015,
    ].map((type): readonly [number, readonly number[]] => [type, []]),
  };
  const reading = readHello(madeHello(chrome));
  expect(reading.kind === 'hello' && ja4Of(reading.hello)).toBe('t13d1516h2_8daaf6152771_e5627efa2ab1');
  expect(reading.kind === 'hello' && looksLikeBrowser(reading.hello)).toBe(true);
});

test('any bytes are read without an exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      expect(['none', 'part', 'hello']).toContain(readHello(bytes).kind);
      glimpseName(bytes);
    }),
  );
});

test('a hello with any byte changed is read without an exception', () => {
  const hello = madeHello({ name: 'cloud-notes.example', alpn: ['h2'], signatureAlgorithms: [0x0403] });
  fc.assert(
    fc.property(fc.nat(hello.length - 1), fc.nat(255), fc.nat(hello.length), (place, value, length) => {
      const changed = hello.slice(0, length);
      if (place < changed.length) changed[place] = value;
      const reading = readHello(changed);
      if (reading.kind === 'hello') ja4Of(reading.hello);
      glimpseName(changed);
    }),
  );
});

test('pieces of a hello are put together in whatever order they come, and again', () => {
  const hello = madeHello({ name: 'paper-boats.example', paddingFirst: 1500 });
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 32 - 1 }), fc.array(fc.nat(2), { maxLength: 8 }), (begin, order) => {
      const size = 700;
      const assembly = new HelloAssembly();
      const piece = (which: number): ReturnType<HelloAssembly['add']> =>
        assembly.add(hello.subarray(which * size, (which + 1) * size), (begin + which * size) >>> 0, begin);
      for (const which of order) {
        if (piece(which).kind === 'hello') {
          expect(new Set(order)).toEqual(new Set([0, 1, 2]));
          return;
        }
      }
      const last = [piece(2), piece(1), piece(0)].find(({ kind }) => kind === 'hello');
      expect(last).toMatchObject({ kind: 'hello', hello: { name: 'paper-boats.example' } });
    }),
  );
});

test('a name that lies in the second segment is not seen by who looks at single packets', () => {
  const hello = madeHello({ name: 'paper-boats.example', paddingFirst: 1500 });
  expect(glimpseName(hello.subarray(0, 1400))).toBeUndefined();
  expect(glimpseName(hello.subarray(1400))).toBeUndefined();
  expect(glimpseName(hello)).toBe('paper-boats.example');
  expect(glimpseName(madeHello({ name: 'paper-boats.example' }).subarray(0, 90))).toBe('paper-boats.example');
});

test('what never becomes a hello is not kept for ever', () => {
  const assembly = new HelloAssembly();
  const beginning = Uint8Array.from([22, 3, 1, 0x3f, 0xff, 1, 0, 0x3f, 0xf0]);
  let kept = 0;
  for (let place = 0; place < longestHelloBytes * 4; place += 1000) {
    const bytes = place === 0 ? beginning : new Uint8Array(1000);
    if (assembly.add(bytes, place, 0).kind === 'none') break;
    kept += 1;
  }
  expect(kept).toBeLessThan(64);
});
