import { UnreachableError } from '@tern/protocol';
import { expect, test } from 'vitest';
import type { Carrier, Connection } from '../src/dialer/carrier.ts';
import { openDialer } from '../src/dialer/dialer.ts';
import { hint } from './dialer-scene.ts';
import { timedWorld } from '@tern/relay/testing';

interface Opened extends Connection {
  usable: boolean;
}

/** Opens when the test says so, whoever has left meanwhile: as a carrier does whose platform cannot be stopped. */
function stubborn(): Carrier & { readonly opened: Opened[]; readonly waiting: (() => void)[] } {
  const opened: Opened[] = [];
  const waiting: (() => void)[] = [];
  return {
    name: 'https',
    opened,
    waiting,
    async open() {
      await new Promise<void>((resolve) => waiting.push(resolve));
      const connection: Opened = {
        shared: false,
        usable: true,
        async *exchange() {
          yield new Uint8Array(3);
        },
        close() {
          connection.usable = false;
        },
      };
      opened.push(connection);
      return connection;
    },
  };
}

test('a connection that stands when whoever wanted it has left serves the next, and is closed with the dialer', async () => {
  const world = timedWorld();
  const https = stubborn();
  const dialer = openDialer({ world, https, choosesAddress: false, network: () => 'home' });
  const carry = async (signal: AbortSignal): Promise<void> => {
    for await (const _ of dialer.carry(hint, new Uint8Array(9), { signal }));
  };
  const leaving = new AbortController();
  const left = carry(leaving.signal);
  await world.pass(10);
  leaving.abort(new UnreachableError('enough'));
  await expect(left).rejects.toThrow('enough');
  for (const go of https.waiting) go();
  await world.pass(10);
  await world.run(carry(new AbortController().signal));
  expect(https.opened.length).toBe(1);
  expect(https.opened[0]?.usable).toBe(true);
  dialer[Symbol.dispose]();
  expect(https.opened[0]?.usable).toBe(false);
});
