import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Client } from '@tern/core';
import type { Hint } from '@tern/protocol';
import { browserDialer, browserWorld as world } from '@tern/reach/browser';
import { diagnose, type Observation } from '@tern/reach/diagnosis';
import { expect, test } from 'vitest';
import { lookCloser } from '../src/engine/look-closer.ts';

test('the relays of a home are tried, and what that shows is among what was seen', async () => {
  const bodies: number[] = [];
  const server = createServer((incoming, outgoing) => {
    let bytes = 0;
    incoming.on('data', (piece: Buffer) => (bytes += piece.length));
    incoming.on('end', () => {
      bodies.push(bytes);
      outgoing.end('a card');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const hint: Hint = {
    address: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    tls: false,
    path: 'x',
  };
  const seen: Observation[] = [];
  const client: Pick<Client, 'hosts' | 'observations' | 'observed'> = {
    hosts: async () => [hint],
    observations: () => ({ now: world.now(), observations: seen }),
    observed: (one) => void seen.push(one),
  };
  using dialer = browserDialer({ world });
  await lookCloser({ client, world, dialer }, new AbortController().signal);
  const ways = diagnose(seen, { now: world.now() });
  expect(ways.map(({ way, cause }) => [way?.port, cause.kind])).toEqual([
    [undefined, 'works'],
    [hint.port, 'works'],
  ]);
  expect(bodies.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(65_536);
  expect(JSON.stringify(seen)).not.toContain('/x');
  server.close();
  server.closeAllConnections();
});
