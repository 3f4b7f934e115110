import { availableParallelism } from 'node:os';
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take minutes. Begun last, one of them would run alone while the other processor waits. */
const longOnes: readonly string[] = [
  'agent/test/crash.test.ts',
  'relay/test/fuzz.test.ts',
  'agent/test/tern-talk.test.ts',
  'web/test/screens-access.test.ts',
];

class LongOnesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = longOnes.findIndex((name) => moduleId.endsWith(name));
      return at === -1 ? longOnes.length : at;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

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
    // Far beyond what any test takes; a busy machine is not a failure.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 60_000,
    allowOnly: false,
    passWithNoTests: false,
  },
});

export default config;
