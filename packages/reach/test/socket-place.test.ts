import { decode, encode, UnreachableError, type Hint, type World } from '@tern/protocol';
import { describe, expect, test } from 'vitest';
import { preferringTransport, wayBookCodec, type StandingTransport } from '../src/index.ts';
import { carry, chat, deliver, dialerScene, hint, type DialerScene } from './dialer-scene.ts';
import { requestFor } from '../src/testing/simulated-network.ts';

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

/** Stands, and says nothing: after 9 s it is taken for frozen. */
function freezing(world: World): StandingTransport & { readonly places: Hint[] } {
  const places: Hint[] = [];
  let stands = false;
  return {
    name: 'websocket',
    places,
    standing: () => stands,
    async stand(to) {
      places.push(to);
      stands = true;
    },
    async *carry(_to, request, options) {
      await world.wait(9000, options);
      stands = false;
      if (request.length > 0) throw frozen();
      yield request;
    },
    [Symbol.dispose]: () => undefined,
  };
}

function frozen(): UnreachableError {
  return new UnreachableError('the socket says nothing any more', { code: 'silent' });
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

  test('that froze where something else is answered is not opened there again for a while, also after a start anew', async () => {
    const scene = dialerScene({}, { plain: true });
    const { world, dialer } = scene;
    await world.run(deliver(scene));
    const first = freezing(world);
    await world.run(ask(scene, first, 3));
    expect(first.places.length).toBe(1);
    await world.pass(70_000);
    expect(await world.run(ask(scene, first, 1))).toEqual(['https']);
    await world.pass(70_000);
    expect(dialer.socketPlace(hint)).toBeUndefined();
    const next = dialerScene({}, { plain: true });
    next.dialer.load(decode(wayBookCodec, encode(wayBookCodec, dialer.record())));
    await next.world.pass(world.now() - next.world.now());
    expect(next.dialer.socketPlace(hint)).toBeUndefined();
    await next.world.pass(600_000);
    expect(next.dialer.socketPlace(hint)).toEqual(hint);
  });

  test('that froze is not blamed where nothing else was answered either', async () => {
    const scene = dialerScene({}, { plain: true });
    scene.dialer.socketFroze(hint, 10_000);
    await scene.world.pass(30_000);
    await scene.world.run(deliver(scene));
    await scene.world.pass(70_000);
    expect(scene.dialer.socketPlace(hint)).toEqual(hint);
  });

  test('that froze again rests twice as long, and one that stood for long before rests as if it were the first', async () => {
    const scene = dialerScene({}, { plain: true });
    const freeze = async (stoodMs: number): Promise<void> => {
      scene.dialer.socketFroze(hint, stoodMs);
      await scene.world.run(deliver(scene));
      await scene.world.pass(610_000);
    };
    await freeze(1000);
    expect(scene.dialer.socketPlace(hint)).toEqual(hint);
    await freeze(1000);
    expect(scene.dialer.socketPlace(hint)).toBeUndefined();
    await scene.world.pass(600_000);
    expect(scene.dialer.socketPlace(hint)).toEqual(hint);
    await freeze(400_000);
    expect(scene.dialer.socketPlace(hint)).toEqual(hint);
  });

  test('stands nowhere while no more connections may be started', async () => {
    const scene = dialerScene({}, { plain: true });
    const watch = (): Promise<unknown> => carry(scene, requestFor(300), { heldMs: 20_000 });
    await scene.world.run(Promise.all([watch(), watch(), watch()]));
    expect(scene.dialer.socketPlace(hint)).toBeUndefined();
  });
});
