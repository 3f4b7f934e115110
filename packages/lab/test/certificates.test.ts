import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';

import { makeAuthority, type ServerCertificate } from '@tern/lab';

const authority = makeAuthority();
const issued = authority.issue({
  names: ['cloud-notes.example', 'garden-photos.example'],
  addresses: ['203.0.113.10', '127.0.0.1'],
});

function certificatesOf(chain: string): readonly X509Certificate[] {
  return chain
    .split(/(?<=-----END CERTIFICATE-----\n)/u)
    .filter((one) => one !== '')
    .map((one) => new X509Certificate(one));
}

test('a server certificate leads to the root over the intermediate', () => {
  const root = new X509Certificate(authority.root);
  const [leaf, intermediate] = certificatesOf(issued.chain);
  expect(leaf?.verify(intermediate?.publicKey ?? root.publicKey)).toBe(true);
  expect(intermediate?.verify(root.publicKey)).toBe(true);
  expect(root.verify(root.publicKey)).toBe(true);
  expect([root.ca, intermediate?.ca, leaf?.ca]).toEqual([true, true, false]);
});

test('a server certificate is for its names and its addresses', () => {
  const [leaf] = certificatesOf(issued.chain);
  expect(leaf?.checkHost('garden-photos.example')).toBe('garden-photos.example');
  expect(leaf?.checkHost('other.example')).toBeUndefined();
  expect(leaf?.checkIP('203.0.113.10')).toBe('203.0.113.10');
  expect(leaf?.checkIP('203.0.113.11')).toBeUndefined();
});

test('a chain is about as large as that of a public authority', () => {
  const sizes = certificatesOf(issued.chain).map((one) => one.raw.length);
  expect(sizes[0]).toBeGreaterThan(800);
  expect(sizes[0]).toBeLessThan(1200);
});

test('a client that trusts the root takes the server by name and by address, and no other authority', async () => {
  expect(await handshake(issued, { ca: authority.root, servername: 'cloud-notes.example' })).toBe('trusted');
  expect(await handshake(issued, { ca: authority.root, servername: '' })).toBe('trusted');
  expect(await handshake(issued, { ca: makeAuthority().root, servername: 'cloud-notes.example' })).toBe(
    'refused',
  );
  expect(await handshake(issued, { ca: authority.root, servername: 'other.example' })).toBe('refused');
});

test('a certificate may be for an address alone', async () => {
  const bare = authority.issue({ addresses: ['127.0.0.1'] });
  expect(await handshake(bare, { ca: authority.root, servername: '' })).toBe('trusted');
});

async function handshake(
  { chain, key }: ServerCertificate,
  options: { readonly ca: string; readonly servername: string },
): Promise<'trusted' | 'refused'> {
  const sockets = new Set<TLSSocket>();
  const server = createServer({ cert: chain, key }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const client = connect({ host: '127.0.0.1', port, ...options });
  try {
    await once(client, 'secureConnect');
    return 'trusted';
  } catch {
    return 'refused';
  } finally {
    client.destroy();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}
