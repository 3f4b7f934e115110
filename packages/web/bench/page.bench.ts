import { join } from 'node:path';
import { openPageSite } from '../test/support/page-harness.ts';

interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: number;
}

const rounds = 15;
const slowdown = 4;

/** An open conversation of 10,000 messages on a machine four times as slow as this one: medians, and what it holds in memory. */
export async function benchPage(): Promise<readonly Measurement[]> {
  await using site = await openPageSite(join(import.meta.dirname, 'page-entry.ts'));
  const page = await site.open({ conversations: [] });
  await page.locator('.conversation-row').first().click();
  await page.locator('.message').first().waitFor();
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
  const times = async (what: 'append' | 'ticks' | 'reorder'): Promise<number> => {
    const all: number[] = [];
    for (let round = 0; round < rounds; round += 1)
      all.push(
        await page.evaluate(
          (what) =>
            (Reflect.get(globalThis, 'measure') as Record<typeof what, () => Promise<number>>)[what](),
          what,
        ),
      );
    return all.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? Infinity;
  };
  return [
    {
      name: 'append to 10,000 messages at 4x CPU slowdown',
      value: await times('append'),
      unit: 'ms',
      goal: 60,
    },
    {
      name: '5 ticks among 10,000 messages at 4x CPU slowdown',
      value: await times('ticks'),
      unit: 'ms',
      goal: 35,
    },
    {
      name: 'reorder 10,000 messages at 4x CPU slowdown',
      value: await times('reorder'),
      unit: 'ms',
      goal: 50,
    },
    { name: 'heap with 10,000 messages open', value: usedSize / 1e6, unit: 'MB', goal: 12 },
  ];
}
