import { UnreachableError } from '@tern/protocol';
import { describe, expect, test } from 'vitest';
import { dialRules } from '../src/dialer/dial-rules.ts';
import { freshPace, type Pace } from '../src/dialer/pace.ts';
import { requestFor } from '../src/testing/simulated-network.ts';
import { carry, deliver, dialerScene, type DialerScene } from './dialer-scene.ts';

const { signal } = new AbortController();
const name = 'one.example';

function paceOf({ dialer }: DialerScene): Pace {
  return dialer.record().pages.get('home')?.paces.get(name) ?? freshPace;
}

/** As many as are careful were answered, and their connections have been idle for too long. */
async function greetedThrice(scene: DialerScene): Promise<void> {
  await Promise.all([1, 2, 3].map(() => carry(scene, requestFor(300), { heldMs: 5000 })));
  expect(scene.network.hellos.length).toBe(dialRules.carefulStarts);
  await scene.world.wait(dialRules.idleMs + 1, { signal });
}

describe('a name whose hellos are reset from now on', () => {
  // a terminal that has one name and nothing else sees how each connection ends
  const terminal = { plain: true, blind: false };

  test('is not taken for one that is counted, however many hellos were answered just before', async () => {
    const scene = dialerScene({}, terminal);
    await scene.world.run(greetedThrice(scene));
    scene.network.rules = { onHello: () => 'reset' };
    await expect(scene.world.run(carry(scene, requestFor(300)))).rejects.toMatchObject({ ended: 'reset' });
    expect(paceOf(scene).rule).toBe('careful');
    expect(paceOf(scene).bannedAt).toBeUndefined();
  });

  test('is taken for that where the same hello is only left without an answer', async () => {
    const scene = dialerScene({}, terminal);
    await scene.world.run(greetedThrice(scene));
    scene.network.rules = { onHello: () => 'silence' };
    await expect(scene.world.run(carry(scene, requestFor(300)))).rejects.toBeInstanceOf(UnreachableError);
    expect(paceOf(scene)).toMatchObject({ rule: 'counted' });
  });

  test('rests as long as a ban lasts when another name is answered, and still nobody counts', async () => {
    const scene = dialerScene({}, { ...terminal, endpoints: ['https://two.example:443'] });
    await scene.world.run(deliver(scene));
    await scene.world.pass(dialRules.idleMs + 1);
    scene.network.rules = { onHello: ({ host }) => (host === name ? 'reset' : undefined) };
    await scene.world.run(deliver(scene));
    const { rule, silentUntil } = paceOf(scene);
    expect(rule).toBe('careful');
    expect(silentUntil - scene.world.now()).toBeGreaterThan(dialRules.silenceMs - dialRules.controlMs);
  });
});
