import { text } from 'node:stream/consumers';
import { runInBrowser } from '../test/support/in-browser.ts';

export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: number;
}

/**
 * The store of somebody with 500 conversations and 100,000 messages of 300 bytes, in a worker of a real Chromium; medians, 95th
 * percentiles where named so.
 */
export async function benchBrowserStore(): Promise<readonly Measurement[]> {
  const taken = await figures();
  const sorted = (figure: string): readonly number[] => (taken.get(figure) ?? []).toSorted((a, b) => a - b);
  const middle = (figure: string): number => at(sorted(figure), 0.5);
  const at95 = (figure: string): number => at(sorted(figure), 0.95);
  const named = (name: string): string => `browser store: ${name}`;
  return [
    { name: named('write a message and its ratchet, durable'), value: middle('write'), unit: 'ms', goal: 3 },
    { name: named('write a message and its ratchet, 95 %'), value: at95('write'), unit: 'ms' },
    {
      name: named('the same while somebody reads'),
      value: middle('write while reading'),
      unit: 'ms',
      goal: 3,
    },
    { name: named('list 500 conversations'), value: middle('list'), unit: 'ms', goal: 10 },
    { name: named('list 500 conversations, 95 %'), value: at95('list'), unit: 'ms' },
    { name: named('list 500 conversations, the first time'), value: middle('list cold'), unit: 'ms' },
    { name: named('page of 128 messages'), value: middle('page'), unit: 'ms', goal: 10 },
    { name: named('page of 128 messages, 95 %'), value: at95('page'), unit: 'ms' },
    { name: named('one message'), value: middle('one'), unit: 'ms' },
    { name: named('write 1 MiB'), value: middle('large'), unit: 'ms' },
    { name: named('open'), value: middle('open'), unit: 'ms' },
    { name: named('write 100,000 messages in changes of 1,280'), value: middle('fill') / 1000, unit: 's' },
    { name: named('unlock with a passcode'), value: middle('unlock'), unit: 'ms', goal: 1000 },
  ];
}

/** Milliseconds by what they were taken of. */
async function figures(): Promise<ReadonlyMap<string, readonly number[]>> {
  const taken = new Map<string, readonly number[]>();
  const outcomes = await runInBrowser(new URL('store-in-worker.ts', import.meta.url), {
    worker: true,
    routes: {
      '/figures': (request, response) => {
        void text(request).then((body) => {
          const { figure, ms } = JSON.parse(body) as { figure: string; ms: readonly number[] };
          taken.set(figure, ms);
          response.writeHead(204).end();
        });
      },
    },
  });
  for (const { name, error } of outcomes) if (error !== undefined) throw new Error(`${name}: ${error}`);
  return taken;
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
}
