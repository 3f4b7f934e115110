import { once } from 'node:events';
import { connect, createServer, Socket, type AddressInfo, type Server } from 'node:net';
import { UnreachableError } from '@tern/protocol';
import { timedWorld } from '@tern/relay/testing';
import { describe, expect, test } from 'vitest';
import { entranceOf, waysOf } from '../src/dialer/way.ts';
import { HttpsCarrier } from '../src/node/https-carrier.ts';
import { nodeWorld } from '../src/node/index.ts';
import { Resolver } from '../src/node/resolver.ts';
import { dialTcp } from '../src/node/socket-dial.ts';
import { certificate, listen } from './http-server.ts';

const { signal } = new AbortController();

interface Place extends AsyncDisposable {
  readonly port: number;
  readonly world: ReturnType<typeof timedWorld>;
  /** those that were begun, oldest first, and when */
  readonly begun: readonly { readonly address: string; readonly atMs: number; readonly socket: Socket }[];
  dial(addresses: readonly string[], options?: { readonly signal?: AbortSignal }): Promise<Socket>;
  /** what was begun to this address connects now */
  connect(address: string): void;
}

/**
 * A machine that listens at 127.0.0.1 and at no other address of its own. What is begun to an address of the documentation's networks
 * says nothing, until the test connects it.
 */
async function place(): Promise<Place> {
  const server: Server = createServer((socket) => socket.on('error', () => undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const world = timedWorld();
  const beganAt = world.now();
  const begun: { readonly address: string; readonly atMs: number; readonly socket: Socket }[] = [];
  return {
    port,
    world,
    begun,
    dial: (addresses, options = {}) =>
      dialTcp(addresses, port, {
        signal,
        world,
        begin(address) {
          const isOurs = address.startsWith('127.');
          const socket = isOurs ? connect({ host: address, port }) : new Socket();
          begun.push({ address, atMs: world.now() - beganAt, socket });
          return socket;
        },
        ...options,
      }),
    connect(address) {
      begun.find((one) => one.address === address)?.socket.connect(port, '127.0.0.1');
    },
    async [Symbol.asyncDispose]() {
      for (const { socket } of begun) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

const [four, otherFour, six, otherSix] = ['192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2'];
const [here, refusing] = ['127.0.0.1', '127.0.0.2'];
const open = ({ begun }: Place): readonly string[] =>
  begun.flatMap(({ address, socket }) => (socket.destroyed ? [] : [address]));

describe('of several addresses of a name', () => {
  test('the next is tried beside one that says nothing, and the one that stands is the only one left', async () => {
    await using machine = await place();
    const dialled = machine.dial([four, here]);
    await machine.world.pass(249);
    expect(machine.begun.map(({ address }) => address)).toEqual([four]);
    await machine.world.pass(1);
    expect((await dialled).remoteAddress).toBe(here);
    expect(machine.begun.map(({ atMs }) => atMs)).toEqual([0, 250]);
    expect(open(machine)).toEqual([here]);
  });

  test('the next is tried at once where one refuses', async () => {
    await using machine = await place();
    expect((await machine.dial([refusing, here])).remoteAddress).toBe(here);
    expect(machine.begun.map(({ atMs }) => atMs)).toEqual([0, 0]);
  });

  test('one that is slow stands in the end where the others say nothing', async () => {
    await using machine = await place();
    const dialled = machine.dial([four, six]);
    await machine.world.pass(900);
    machine.connect(four);
    expect(await dialled).toBe(machine.begun[0]?.socket);
    expect(open(machine)).toEqual([four]);
  });

  test('both families are tried by turns, as the resolver ordered them, each address once and eight at most', async () => {
    await using machine = await place();
    const more = Array.from({ length: 20 }, (_, at) => `192.0.2.${at + 3}`);
    const leaving = new AbortController();
    const dialled = machine.dial([six, otherSix, six, four, otherFour, ...more], { signal: leaving.signal });
    await machine.world.pass(60_000);
    const begun = machine.begun.map(({ address }) => address);
    expect(begun).toEqual([six, four, otherSix, otherFour, ...more.slice(0, 4)]);
    leaving.abort(new UnreachableError('enough'));
    await expect(dialled).rejects.toThrow('enough');
  });

  test('where all fail, the failure is that of the one which answered', async () => {
    await using machine = await place();
    const dialled = machine.dial([four, refusing, six]);
    await machine.world.pass(500);
    const { begun } = machine;
    expect(begun.map(({ address }) => address)).toEqual([four, six, refusing]);
    for (const { address, socket } of begun)
      if (address !== refusing) socket.destroy(Object.assign(new Error('no route'), { code: 'ENETUNREACH' }));
    await expect(dialled).rejects.toMatchObject({ ended: 'refused' });
    expect(open(machine)).toEqual([]);
  });

  test('whoever leaves in the middle leaves nothing open, and nothing is begun any more', async () => {
    await using machine = await place();
    const leaving = new AbortController();
    const dialled = machine.dial([four, six, here], { signal: leaving.signal });
    await machine.world.pass(300);
    leaving.abort(new UnreachableError('something else came'));
    await expect(dialled).rejects.toThrow('something else came');
    await machine.world.pass(60_000);
    expect(machine.begun.map(({ address }) => address)).toEqual([four, six]);
    expect(open(machine)).toEqual([]);
  });

  test('a name without any is one that leads nowhere', async () => {
    await using machine = await place();
    await expect(machine.dial([])).rejects.toMatchObject({ ended: 'name' });
  });
});

test('a name with a dead address is reached at the other, which alone is greeted, and told as the one that was', async () => {
  await using server = await listen((_incoming, outgoing) => outgoing.end('ok'), { tls: true });
  const resolver = new Resolver({
    world: nodeWorld,
    remembered: () => undefined,
    bySystem: async () => [refusing, here],
    isOfInternet: () => true,
  });
  const carrier = new HttpsCarrier({ resolver, network: () => 'home', authorities: certificate });
  const entrance = entranceOf({ ...server.hint, address: 'localhost' });
  const [way] = waysOf(entrance, { choosesAddress: true, remembers: () => false });
  if (way === undefined) throw new TypeError('no way');
  const told: (string | undefined)[][] = [];
  const connection = await carrier.open(way, { signal, small: false, reached: (...one) => told.push(one) });
  const asked = { signal, heldMs: 0, bulk: false, last: true };
  for await (const _ of connection.exchange(new Uint8Array(1), asked));
  expect(told).toEqual([['resolved'], ['connected', here]]);
  expect(server.serverNames).toEqual(['localhost']);
});
