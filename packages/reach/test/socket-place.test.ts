import { UnreachableError, type Hint } from '@tern/protocol';
import { describe, expect, test } from 'vitest';
import { preferringTransport, type StandingTransport } from '../src/index.ts';
import { chat, deliver, dialerScene, hint, type DialerScene } from './dialer-scene.ts';
import { requestFor } from './simulated-network.ts';

/** A socket that stands where it was told to, and carries everything. */
function sockets(): StandingTransport & { readonly places: Hint[] } {
  const places: Hint[] = [];
  const standing = (to: Hint): boolean => places.some(({ address }) => address === to.address);
  return {
    name: 'websocket',
    places,
    standing,
    async stand(to) {
      places.push(to);
    },
    async *carry(to) {
      if (!standing(to)) throw new UnreachableError('no socket stands there');
      yield new Uint8Array(3);
    },
    [Symbol.dispose]: () => undefined,
  };
}

async function ask(scene: DialerScene, first: StandingTransport, times: number): Promise<readonly string[]> {
  using transport = preferringTransport({ first, second: scene.dialer, world: scene.world });
  const { signal } = new AbortController();
  const by: string[] = [];
  for (let at = 0; at < times; at += 1) {
    let name = '';
    const carriedBy = (one: string): void => {
      name = one;
    };
    for await (const _ of transport.carry(hint, requestFor(300), { signal, carriedBy }));
    await scene.world.wait(400, { signal });
    by.push(name);
  }
  return by;
}

describe('a socket', () => {
  test('stands on the way that works, and its hello is counted with the others', async () => {
    const scene = dialerScene(
      { onHello: ({ host }) => (host === 'one.example' ? 'silence' : undefined) },
      { plain: true, endpoints: ['https://two.example:443'] },
    );
    const first = sockets();
    await scene.world.run(deliver(scene));
    const by = await scene.world.run(ask(scene, first, 12));
    expect(first.places.map(({ address, path }) => [address, path])).toEqual([['two.example', 'secret']]);
    expect(by.at(-1)).toBe('websocket');
    const starts = scene.dialer.record().pages.get('home')?.paces.get('two.example')?.starts.length ?? 0;
    expect(starts).toBe(scene.network.hellos.filter(({ name }) => name === 'two.example').length + 1);
  });

  test('stands nowhere where connections freeze', async () => {
    const scene = dialerScene(
      { freeze: () => ({ packets: 20 }) },
      { endpoints: ['https://two.example:443'] },
    );
    await scene.world.run(chat(scene, { texts: 30, everyMs: 5000 }));
    const first = sockets();
    const by = await scene.world.run(ask(scene, first, 6));
    expect(by).toEqual(Array(6).fill('https'));
    expect(first.places).toEqual([]);
  });

  test('stands nowhere while no more connections may be started', async () => {
    const scene = dialerScene({}, { plain: true });
    for (let times = 0; times < 6; times += 1) await scene.world.run(deliver(scene));
    expect(scene.dialer.socketPlace(hint)).toBeUndefined();
  });
});
