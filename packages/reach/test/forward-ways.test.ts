import { UnreachableError, type Hint, type RelayId } from '@tern/protocol';
import { describe, expect, test } from 'vitest';
import type { ForwardWays, Transport } from '../src/index.ts';
import { carry, deliver, dialerScene, hint, type DialerScene } from './dialer-scene.ts';
import { requestFor } from '../src/testing/simulated-network.ts';

const near: Hint = { relay: 'near' as RelayId, address: 'near.example', port: 443, tls: true, path: 'other' };

interface Handed {
  readonly to: Hint;
  readonly direct: Transport;
}

/** Hands on over the direct transport, as a relay in between does. */
function forwarding(scene: DialerScene, handed: Handed[]): ForwardWays {
  return {
    nears: ({ relay }) => [near].filter((one) => one.relay !== relay),
    through: (by, direct) => ({
      name: 'forward',
      async *carry(to, request, options) {
        handed.push({ to, direct });
        await scene.world.wait(80, options);
        yield* direct.carry(by, request, options);
      },
    }),
  };
}

const ownNameDead = {
  onConnect: ({ host }: { readonly host: string }) => (host === 'near.example' ? undefined : 'silence'),
} as const;

describe('a relay that cannot be reached by itself', () => {
  test('is reached through another one', async () => {
    const scene = dialerScene(ownNameDead, { plain: true });
    const handed: Handed[] = [];
    scene.dialer.forwardThrough(forwarding(scene, handed));
    expect(await scene.world.run(deliver(scene))).toBeLessThan(5000);
    expect(handed.map(({ to }) => to)).toEqual([hint]);
    // and is known to be reached so
    expect(await scene.world.run(deliver(scene))).toBeLessThan(1000);
    expect(
      scene.dialer.reports().some(({ way }) => way.carrier === 'forward' && way.through === 'near'),
    ).toBe(true);
  });

  test('is sent bulk as bulk and text as text', async () => {
    const scene = dialerScene(ownNameDead, { plain: true });
    const asked: (boolean | undefined)[] = [];
    const nears = forwarding(scene, []);
    scene.dialer.forwardThrough({
      ...nears,
      through: (by, direct) => ({
        name: 'forward',
        carry(to, request, options) {
          asked.push(options.bulk);
          return nears.through(by, direct).carry(to, request, options);
        },
      }),
    });
    await scene.world.run(deliver(scene));
    await scene.world.run(carry(scene, requestFor(300), { bulk: true }));
    const near = scene.dialer
      .reports()
      .filter(({ way, ended }) => way.host === 'near.example' && ended === 'ok');
    expect([asked, near.map(({ bulk }) => bulk)]).toEqual([
      [false, true],
      [false, true],
    ]);
  });

  test('is not reached through another one through a third', async () => {
    const scene = dialerScene({ onConnect: () => 'silence' }, { plain: true });
    const handed: Handed[] = [];
    scene.dialer.forwardThrough(forwarding(scene, handed));
    await expect(scene.world.run(carry(scene, requestFor(300)))).rejects.toBeInstanceOf(UnreachableError);
    expect(handed.every(({ to }) => to === hint)).toBe(true);
    const before = handed.length;
    const [one] = handed;
    const through = async (): Promise<void> => {
      const { signal } = new AbortController();
      if (one === undefined) throw new TypeError('nothing was handed on');
      for await (const _ of one.direct.carry(hint, requestFor(300), { signal }));
    };
    await expect(scene.world.run(through())).rejects.toBeInstanceOf(UnreachableError);
    expect(handed.length).toBe(before);
  });

  test('is waited for also over a connection that has carried something, whoever asked being unable to ask for less', async () => {
    const scene = dialerScene({ ...ownNameDead, freeze: () => ({ packets: 25 }) }, { plain: true });
    const { world, network, dialer } = scene;
    dialer.forwardThrough(forwarding(scene, []));
    for (let times = 0; times < 30; times += 1) await world.run(deliver(scene));
    const ways = [...dialer.record().pages.values()].flatMap((page) => [...page.ways]);
    expect(new Map(ways).get('https:system:near.example:443')?.grade).toBe('text');
    const [hellos, served] = [network.hellos.length, network.served];
    const asking = carry(scene, requestFor(300), { heldMs: 80_000 });
    await world.pass(5000);
    expect([network.hellos.length - hellos, network.served - served]).toEqual([0, 1]);
    await world.run(asking);
  });

  test('is not waited for so long again where the one in between lost the watch', async () => {
    const scene = dialerScene(ownNameDead, { plain: true });
    const { world, dialer } = scene;
    const ways = forwarding(scene, []);
    dialer.forwardThrough({
      ...ways,
      through: (by, direct) => ({
        name: 'forward',
        async *carry(to, request, options) {
          if ((options.heldMs ?? 0) === 0) yield* ways.through(by, direct).carry(to, request, options);
          else {
            await world.wait(60_000, options);
            throw new UnreachableError('lost', { code: 'unheld' });
          }
        },
      }),
    });
    await world.run(deliver(scene));
    const asking = carry(scene, requestFor(300), { heldMs: 80_000 });
    await expect(world.run(asking)).rejects.toMatchObject({ code: 'unheld' });
    const known = [...dialer.record().pages.values()].flatMap((page) => [...page.ways.values()]);
    expect(known.flatMap(({ hold }) => hold?.lost?.ms ?? [])).toEqual([80_000]);
  });

  test('is reached by itself where that works', async () => {
    const scene = dialerScene({}, { plain: true });
    const handed: Handed[] = [];
    scene.dialer.forwardThrough(forwarding(scene, handed));
    for (let times = 0; times < 20; times += 1) await scene.world.run(deliver(scene));
    expect(handed).toEqual([]);
  });
});

describe('a relay in between that answers nonsense', () => {
  const evil: Hint = { ...near, relay: 'evil' as RelayId, address: 'evil.example' };

  function withEvilBeside(asked: string[]): ForwardWays {
    return {
      nears: () => [evil, near],
      through: (by, direct) => ({
        name: 'forward',
        async *carry(_to, request, options) {
          asked.push(by.relay ?? '');
          if (by === evil) yield new Uint8Array(40);
          else yield* direct.carry(by, request, options);
        },
      }),
    };
  }

  /** As a path does, which knows an answer of that relay by its seal. @returns whether one came */
  async function judged(scene: DialerScene): Promise<boolean> {
    let judge: ((sound: boolean) => void) | undefined;
    const { signal } = new AbortController();
    const options = { signal, judged: (call: (sound: boolean) => void) => void (judge = call) };
    try {
      for await (const piece of scene.dialer.carry(hint, requestFor(300), options))
        if (piece.length === 40 && piece.every((byte) => byte === 0)) throw new UnreachableError('nonsense');
      judge?.(true);
      return true;
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      judge?.(false);
      return false;
    }
  }

  test('does not stand in the way of one that hands on', async () => {
    const scene = dialerScene(ownNameDead, { plain: true });
    const asked: string[] = [];
    scene.dialer.forwardThrough(withEvilBeside(asked));
    const came = [];
    for (let times = 0; times < 20; times += 1) came.push(await scene.world.run(judged(scene)));
    expect(came.filter((one) => !one).length).toBeLessThanOrEqual(1);
    expect(asked.filter((one) => one === 'evil').length).toBeLessThanOrEqual(1);
  });

  test('does not end what goes slowly by itself, more than once', async () => {
    const scene = dialerScene({ rttMs: 1200 }, { plain: true });
    const asked: string[] = [];
    scene.dialer.forwardThrough({ ...withEvilBeside(asked), nears: () => [evil] });
    const came = [];
    const oneByOne = async (): Promise<boolean> => {
      await scene.world.wait(30_000, { signal: new AbortController().signal });
      return judged(scene);
    };
    for (let times = 0; times < 20; times += 1) came.push(await scene.world.run(oneByOne()));
    expect(came.filter((one) => !one).length).toBeLessThanOrEqual(1);
  });
});
