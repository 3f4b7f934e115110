import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts', 'tools/*.test.ts'],
    // One module graph for many files: the tests share no state, so a fresh one for each would only cost time.
    isolate: false,
    // Processes, not threads: lmdb and node:sqlite are native, and what crashes natively takes its whole process along.
    pool: 'forks',
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // Far beyond what any test takes; a busy machine is not a failure.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 60_000,
    allowOnly: false,
    passWithNoTests: false,
  },
});

export default config;
