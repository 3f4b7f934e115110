import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import type { Measures } from '../src/run/measures.ts';
import type { RunRecord } from '../src/run/results.ts';
import type { Asked } from '../src/run/run.ts';

/** A part of the lab in the gate. It needs a Linux that lets us make namespaces; elsewhere it fails, and the message says what is missing. */

const program = resolve(import.meta.dirname, '../src/run/run.ts');
/** All runs of this file share so much of being watched, from the block on; where nothing else runs they take a fifth of it. */
const budgetMs = 240_000;
/** What a run needs besides: hosts and programs start and people meet before the block, and after it controls may have to end. */
const aroundMs = 180_000;
let watchedMs = 0;

/** Every text, the photo, and what somebody says whose program was started under the block: once each, however long it took. */
const allOfIt: Readonly<Record<string, unknown>> = {
  eventual: 1,
  media: expect.any(Number),
  cold: expect.any(Number),
  voice: expect.any(Number),
  wrong: 0,
};

/** A busy machine makes nothing void here, since nothing is published of it; that the censor bites is asked all the same. */
async function run(
  scenario: string,
  options: Pick<Asked, 'until'> = {},
): Promise<ReadonlyMap<string, Measures>> {
  const mostWatchMs = budgetMs - watchedMs;
  if (mostWatchMs <= 0) throw new Error(`the runs before took all of ${budgetMs} ms`);
  const asked: Asked = {
    scenario,
    seed: 1,
    profile: 'brief',
    subjects: ['tern', 'websocket'],
    evenIfBusy: true,
    mostWatchMs,
    ...options,
  };
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, JSON.stringify(asked)],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: mostWatchMs + aroundMs,
      killSignal: 'SIGKILL',
    },
  );
  const [out, notes] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const line = out.trim().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) throw new Error(`the lab did not run: ${notes.slice(-2000)}`);
  const { outcomes, watchedSeconds } = JSON.parse(line) as RunRecord;
  watchedMs += watchedSeconds * 1000;
  return new Map(
    outcomes.map((outcome) => {
      if (outcome.kind !== 'measured')
        throw new Error(`${outcome.subject} is ${outcome.kind}: ${outcome.because}`);
      return [outcome.subject, outcome.measures];
    }),
  );
}

test(
  'on the open network everything arrives, once, from the real relay and clients and from the messenger of comparison',
  async () => {
    const measures = await run('open');
    expect(measures.get('tern')).toMatchObject({ ...allOfIt, quiet: 0 });
    expect(measures.get('websocket')).toMatchObject({ ...allOfIt, quiet: 0 });
  },
  budgetMs + aroundMs,
);

test(
  'where names are reset the controls fail, and whoever knows other names gets through',
  async () => {
    const measures = await run('S03');
    expect(measures.get('tern')).toMatchObject(allOfIt);
    expect(measures.get('websocket')).toMatchObject(allOfIt);
    expect(measures.get('websocket')?.quiet).toBeGreaterThan(0);
  },
  budgetMs + aroundMs,
);

test(
  'where a connection carries 25 packets Tern brings everything, and whoever keeps to one connection never a photo',
  async () => {
    const measures = await run('S08', { until: ['tern'] });
    expect(measures.get('tern')).toMatchObject({ ...allOfIt, quiet: 0 });
    expect(measures.get('websocket')?.wrong).toBe(0);
    expect(measures.get('websocket')?.media).toBeUndefined();
  },
  budgetMs + aroundMs,
);
