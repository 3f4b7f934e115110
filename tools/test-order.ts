/**
 * In which order test files begin. Two run at a time, so what counts is that no long one is left for the end, where it would run
 * alone while the other processor waits.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Seconds that files took on a quiet machine with two processors, for those of more than twenty; their order is what matters, so a
 * figure is worth correcting only when it is far off. Measured here and not taken from the last run, because a fresh clone has had none.
 */
const secondsOf: Readonly<Record<string, number>> = {
  'packages/agent/test/crash.test.ts': 550,
  'packages/relay/test/fuzz.test.ts': 210,
  'packages/lab/test/scenario-end-to-end.test.ts': 130,
  'packages/lab/test/lab-run.test.ts': 110,
  'packages/agent/test/tern-talk.test.ts': 65,
  'packages/web/test/screens-access.test.ts': 55,
  'packages/agent/test/tern-contract.test.ts': 50,
  'packages/agent/test/crash-moments.test.ts': 45,
  'packages/agent/test/tern-portable.test.ts': 42,
  'packages/core/test/group-crypto-random.test.ts': 39,
  'packages/agent/test/schedules.test.ts': 38,
  'packages/web/test/shell.test.ts': 32,
  'packages/agent/test/seizure.test.ts': 30,
  'packages/web/test/end-to-end-access.test.ts': 27,
  'packages/agent/test/tern-invite.test.ts': 26,
  'packages/web/test/page-access.test.ts': 24,
  'packages/web/test/end-to-end-broken.test.ts': 23,
  'packages/web/test/end-to-end-talk.test.ts': 20,
};

export class LongOnesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const seconds = ({ moduleId }: TestSpecification): number => secondsOf[this.#pathOf(moduleId)] ?? 0;
    // the sort is stable: the others keep vitest's own order
    return (await super.sort(files)).toSorted((a, b) => seconds(b) - seconds(a));
  }

  #pathOf(moduleId: string): string {
    return moduleId.slice(this.ctx.config.root.length + 1);
  }
}
