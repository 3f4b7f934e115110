// Sends a relay mutated batches, all of them sealed with a real key, and checks what it says and keeps.
// node fuzz.ts [--count 1000] [--seed 1] [--report]   with --report the last line is what came of it, as JSON
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { branchesOf, countBlocks, type Branch } from '../fuzz/branches.ts';
import { coveredFiles } from '../fuzz/covered.ts';

/** What came of it: how often which outcome and result, and which branches ran. */
export interface FuzzReport {
  readonly tally: Readonly<Record<string, number>>;
  readonly branches: readonly Branch[];
}

const { values } = parseArgs({
  options: { count: { type: 'string' }, seed: { type: 'string' }, report: { type: 'boolean' } },
});
const count = Number(values.count ?? 1000);
const firstSeed = Number(values.seed ?? 1);

// counting begins before the first line of the product is loaded, so that nothing of it was compiled without counters
const blocks = await countBlocks();
const { cases } = await import('../fuzz/cases.ts');
const { runArena } = await import('../fuzz/arena.ts');
const { openLmdbStore, openMemoryStore } = await import('../../src/index.ts');

/** Counting blocks takes half the time again: what so many batches reach is reached. */
const batchesCounted = 5000;
const batchesInMemory = 1000;
const batchesOnDisk = 200;
const tally = new Map<string, number>();
for (const one of cases) await one.run();
let coverage: Awaited<ReturnType<typeof blocks.take>> | undefined;
for (let done = 0, seed = firstSeed; done < count; seed += 1) {
  if (done >= batchesCounted) coverage ??= await blocks.take();
  // which store an arena has follows from its seed, so that a seed alone brings it back
  if (seed % 12 === 5) {
    await using folder = await mkdtempDisposable(`${tmpdir()}/tern-fuzz-`);
    const reopen = async (): Promise<Awaited<ReturnType<typeof openLmdbStore>>> =>
      openLmdbStore({ dir: folder.path, gatherMs: 0 });
    const batches = Math.min(batchesOnDisk, count - done);
    await runArena({ seed, batches, store: await reopen(), tally, reopen });
    done += batches;
  } else {
    await using store = openMemoryStore(seed % 5 === 4 ? { roomBytes: 60_000 } : {});
    const batches = Math.min(batchesInMemory, count - done);
    await runArena({ seed, batches, store, tally });
    done += batches;
  }
}
coverage ??= await blocks.take();
const report: FuzzReport = {
  tally: Object.fromEntries(tally),
  branches: coveredFiles.flatMap((path) => branchesOf(path, coverage ?? [])),
};
if (values.report === true) process.stdout.write(`\n${JSON.stringify(report)}\n`);
else console.log(report.tally);
