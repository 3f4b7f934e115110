import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { CuttingNetwork, type Cut, type Door } from './schedules/cutting-network.ts';
import { quickWorld } from './schedules/quick-world.ts';

const question = 'sealed';
const answer = 'yes!';

/** A network with one door, behind it whoever answers four bytes to six. */
interface Scene extends AsyncDisposable {
  readonly network: CuttingNetwork;
  readonly door: Door;
  /** what came through the door since the last question */
  heard: string;
}

async function openScene(): Promise<Scene> {
  const stack = new AsyncDisposableStack();
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      scene.heard += bytes.toString();
      if (scene.heard === question) socket.write(answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(async () => {
    server.close();
    await once(server, 'close');
  });
  const world = stack.use(quickWorld());
  const network = stack.use(new CuttingNetwork(world));
  const door = await network.door(() => (server.address() as AddressInfo).port);
  const scene: Scene = { network, door, heard: '', [Symbol.asyncDispose]: () => stack.disposeAsync() };
  return scene;
}

/** Asks, and ends when the answer is whole. @returns what came before it was over, and whether it was cut */
async function ask(scene: Scene): Promise<readonly [came: string, cut: boolean]> {
  const { network, door } = scene;
  scene.heard = '';
  const socket = connect(door.port, network.address);
  let came = '';
  let error: unknown;
  socket.on('error', (cause) => {
    error = cause;
  });
  socket.on('data', (bytes) => {
    came += bytes.toString();
    if (came === answer) socket.end();
  });
  socket.write(question);
  await new Promise((resolve) => void socket.once('close', resolve));
  return [came, error !== undefined];
}

const cutAt = (beforeByte: number, how: Cut['how']): readonly Cut[] => [{ beforeByte, how, forMs: 60_000 }];

test('each byte that passes can be the one before which a connection is reset, and all before it arrive', async () => {
  await using scene = await openScene();
  for (let byte = 0; byte <= question.length + answer.length; byte += 1) {
    scene.network.storm(cutAt(byte, 'reset'));
    const whole = byte === question.length + answer.length;
    expect(await ask(scene)).toEqual([answer.slice(0, Math.max(0, byte - question.length)), !whole]);
    await expect.poll(() => scene.heard).toBe(question.slice(0, byte));
  }
  const everyPlace = [
    ...Array.from(question, (_, byte) => ['up', byte]),
    ...Array.from(answer, (_, byte) => ['down', byte]),
  ];
  expect(scene.network.met.map(({ direction, byte }) => [direction, byte])).toEqual(everyPlace);
});

test('what is held back arrives later, and what has fallen silent ends when all is well again', async () => {
  await using scene = await openScene();
  scene.network.storm(cutAt(3, 'hold'));
  expect(await ask(scene)).toEqual([answer, false]);
  scene.network.storm(cutAt(8, 'silence'));
  const asked = ask(scene);
  await expect.poll(() => scene.network.met.at(-1)?.how).toBe('silence');
  await scene.network.calm();
  expect(await asked).toEqual([answer.slice(0, 2), true]);
});

test('nobody answers at a door that is shut, and the same one is open again afterwards', async () => {
  await using scene = await openScene();
  const { door, network } = scene;
  await door.shut('refuse');
  const refused: Socket = connect(door.port, network.address);
  const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNREFUSED');
  await Promise.all([door.open(), door.shut('silence'), door.shut('refuse'), door.open()]);
  expect(await ask(scene)).toEqual([answer, false]);
});
