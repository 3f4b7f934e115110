import { UnreachableError, type Hint, type RelayId } from '@tern/protocol';
import { describe, expect, test } from 'vitest';
import type { ForwardWays, Transport } from '../src/index.ts';
import { carry, deliver, dialerScene, hint, type DialerScene } from './dialer-scene.ts';
import { requestFor } from './simulated-network.ts';

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

  test('is reached by itself where that works', async () => {
    const scene = dialerScene({}, { plain: true });
    const handed: Handed[] = [];
    scene.dialer.forwardThrough(forwarding(scene, handed));
    for (let times = 0; times < 20; times += 1) await scene.world.run(deliver(scene));
    expect(handed).toEqual([]);
  });
});
