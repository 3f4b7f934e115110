import { UnreachableError } from '@tern/protocol';
import { preferringTransport, webSocketTransport } from '@tern/reach';
import { diagnose, type Diagnosis, type Observation } from '@tern/reach/diagnosis';
import { expect, test } from 'vitest';
import { requestFor } from '../src/testing/simulated-network.ts';
import { dialerScene, hint, type DialerScene } from './dialer-scene.ts';
import { SocketNetwork } from './simulated-sockets.ts';

const { signal } = new AbortController();
/** no connection is kept for so long */
const restMs = 70_000;

interface Scene extends DialerScene {
  readonly sockets: SocketNetwork;
  /** asks now and then for so long, and rests, as an app does, whatever comes of it */
  use(seconds: number): Promise<void>;
  /** what is said of the socket and of requests */
  told(): readonly (Diagnosis['cause']['kind'] | undefined)[];
}

/** An app in a browser, which opens a socket beside its requests where they are quick. */
function scene(): Scene {
  const dialer = dialerScene({}, { plain: true });
  const { world } = dialer;
  const sockets = new SocketNetwork({ world, answer: async () => new Uint8Array(300) });
  const first = webSocketTransport({ world, open: sockets.open });
  const transport = preferringTransport({ first, second: dialer.dialer, world });
  const seen: Observation[] = [];
  const ask = async (): Promise<void> => {
    const observed = (one: Observation): void => void seen.push(one);
    try {
      for await (const _piece of transport.carry(hint, requestFor(300), { signal, observed }));
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
    }
  };
  return {
    ...dialer,
    sockets,
    async use(seconds) {
      const until = world.now() + seconds * 1000;
      await world.run(
        (async () => {
          for (let asked = 1; world.now() < until; asked += 1) {
            await ask();
            await world.wait(asked % 5 === 0 ? restMs : 5000, { signal });
          }
        })(),
      );
    },
    told() {
      const [, ...ways] = diagnose(seen, { now: world.now() });
      expect(JSON.stringify(seen)).not.toContain(hint.path);
      return ['websocket', 'https'].map((kind) => ways.find(({ way }) => way?.kind === kind)?.cause.kind);
    },
  };
}

test('a socket that does not open where requests are answered is said to be refused, and not after the first time', async () => {
  const one = scene();
  one.sockets.shut = true;
  await one.use(30);
  expect(one.told()).toEqual(['unclear', 'works']);
  await one.use(250);
  expect(one.told()).toEqual(['protocol-refused', 'works']);
  expect(one.sockets.opened).toBeLessThan(5);
});

test('a socket that opens works, and one that does not where nothing is answered any more says nothing of its kind', async () => {
  const well = scene();
  await well.use(120);
  expect(well.told()).toEqual(['works', 'works']);
  const shut = scene();
  shut.sockets.shut = true;
  await shut.use(180);
  shut.network.rules = { onHello: () => 'silence' };
  await shut.use(90);
  expect(shut.told()[0]).toBe('unclear');
});
