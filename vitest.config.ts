import { availableParallelism } from 'node:os';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

import { LongOnesFirst } from './tools/test-order.ts';

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts', 'tools/*.test.ts'],
    sequence: { sequencer: LongOnesFirst },
    // One module graph for many files: the tests share no state, so a fresh one for each would only cost time.
    isolate: false,
    // Processes, not threads: lmdb and node:sqlite are native, and what crashes natively takes its whole process along.
    pool: 'forks',
    // Left to itself vitest keeps one processor free, which on two is half of them.
    maxWorkers: Math.max(2, availableParallelism()),
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // Far beyond what any test takes, also where eight other things run: a busy machine is not a failure.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    teardownTimeout: 60_000,
    // By itself a second, which a browser on a busy machine does not always keep. What comes sooner is not waited for.
    expect: { poll: { timeout: 60_000 } },
    allowOnly: false,
    passWithNoTests: false,
  },
});

export default config;
