import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import type { Measures } from '../src/run/measures.ts';
import type { RunRecord } from '../src/run/results.ts';
import type { Asked } from '../src/run/run.ts';

/** A part of the lab in the gate. It needs a Linux that lets us make namespaces; elsewhere it fails, and the message says what is missing. */

const program = resolve(import.meta.dirname, '../src/run/run.ts');
const longestMs = 240_000;

/** A busy machine makes nothing void here, since nothing is published of it; that the censor bites is asked all the same. */
async function run(scenario: string): Promise<ReadonlyMap<string, Measures>> {
  const asked: Asked = {
    scenario,
    seed: 1,
    profile: 'brief',
    subjects: ['tern', 'websocket'],
    evenIfBusy: true,
  };
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, JSON.stringify(asked)],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: longestMs,
      killSignal: 'SIGKILL',
    },
  );
  const [out, notes] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const line = out.trim().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) throw new Error(`the lab did not run: ${notes.slice(-2000)}`);
  const { outcomes } = JSON.parse(line) as RunRecord;
  return new Map(
    outcomes.map((outcome) => {
      if (outcome.kind === 'void') throw new Error(`${outcome.subject} is void: ${outcome.because}`);
      return [outcome.subject, outcome.measures];
    }),
  );
}

test(
  'on the open network everything arrives, once, from the real relay and clients and from the messenger of comparison',
  async () => {
    const measures = await run('open');
    for (const subject of ['tern', 'websocket']) {
      expect(measures.get(subject)).toMatchObject({ eventual: 1, quiet: 0, wrong: 0 });
      expect(measures.get(subject)?.media).toBeDefined();
      expect(measures.get(subject)?.cold).toBeDefined();
    }
  },
  longestMs,
);

test(
  'where names are reset the controls fail, and whoever knows other names gets through',
  async () => {
    const measures = await run('S03');
    expect(measures.get('tern')?.wrong).toBe(0);
    expect(measures.get('websocket')).toMatchObject({ eventual: 1, wrong: 0 });
    expect(measures.get('websocket')?.quiet).toBeGreaterThan(0);
  },
  longestMs,
);
