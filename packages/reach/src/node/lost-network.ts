import type { World } from '@tern/protocol';

/** So late is noticed what makes a connection useless without anybody saying so. */
const lookMs = 10_000;
/** A wait that took so much longer was slept through. */
const sleptMs = 30_000;

/**
 * Resolves when a connection that only waits has probably died in silence: its address is this machine's no more, because it is in another
 * network, or the machine has slept. What is to come over it would otherwise be missed until it is overdue.
 * @param address of this end @param parts `addresses`: this machine's now
 * @throws the signal's reason
 */
export async function lostNetwork(
  address: string,
  {
    world,
    addresses,
    signal,
  }: {
    readonly world: Pick<World, 'now' | 'wait'>;
    readonly addresses: () => ReadonlySet<string>;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const [plain = ''] = address.replace(/^::ffff:(?=[\d.]+$)/u, '').split('%');
  for (;;) {
    const before = world.now();
    await world.wait(lookMs, { signal });
    if (world.now() - before > lookMs + sleptMs || !addresses().has(plain)) return;
  }
}
