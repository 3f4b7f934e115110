// Schedules of cuts, deaths and blocks, drawn from seeds: many in simulated time, then some over real sockets.
// node run-schedules.ts [--seed 1] [--count 10000] [--sockets 200] [--processes 2]
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { ManySchedules, type Summary } from '../schedules/many-schedules.ts';
import { runSocketSchedule } from '../schedules/run-socket-schedule.ts';
import { drawSocketSchedule } from '../schedules/socket-schedule.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '10000' },
    sockets: { type: 'string', default: '200' },
    processes: { type: 'string', default: `${availableParallelism()}` },
    share: { type: 'string' },
  },
});
const [first, count, sockets, processes] = [values.seed, values.count, values.sockets, values.processes].map(
  Number,
) as [number, number, number, number];
const tellEvery = 250;
/** for those over sockets time is real where bytes pass */
const socketsAtOnce = 4;

if (values.share !== undefined) {
  // whoever asked for it is gone
  process.once('disconnect', () => process.exit(1));
  const summary = await runShare(Number(values.share));
  process.send?.(summary);
} else {
  const simulated = count === 0 || (await runSimulated());
  const real = sockets === 0 || (await runOverSockets());
  process.exitCode = simulated && real ? 0 : 1;
}

/** Of so many processes each takes every so-manieth schedule. */
async function runShare(share: number): Promise<Summary> {
  const many = new ManySchedules();
  for (let at = share; at < count; at += processes) {
    const faults = await many.draw(first + at);
    for (const fault of faults) console.log(`seed ${first + at}: ${fault}`);
    const { schedules, failed } = many.summary;
    if (schedules % tellEvery === 0)
      console.log(`process ${share}: ${schedules} schedules, ${failed.length} failed`);
  }
  return many.summary;
}

/** @throws when it ends */
async function diedOf(child: ChildProcess): Promise<never> {
  const [code] = (await once(child, 'exit')) as [number | null];
  throw new Error(`a process ended by itself, with ${code ?? 'a signal'}`);
}

/** @returns whether everything held */
async function runSimulated(): Promise<boolean> {
  const began = performance.now();
  const summaries = await Promise.all(
    Array.from({ length: processes }, async (_, share) => {
      const child = fork(import.meta.filename, [...process.argv.slice(2), '--share', `${share}`], {
        execArgv: ['--max-semi-space-size=64', '--stack-trace-limit=0'],
      });
      const [summary] = (await Promise.race([once(child, 'message'), diedOf(child)])) as [Summary];
      child.disconnect();
      return summary;
    }),
  );
  const sum = (of: (summary: Summary) => number): number => summaries.reduce((all, one) => all + of(one), 0);
  const places = (of: 'up' | 'down'): number => new Set(summaries.flatMap((one) => one.places[of])).size;
  const [slowest] = summaries.map((one) => one.slowest).toSorted((a, b) => b.ms - a.ms);
  const failed = summaries.flatMap((one) => one.failed);
  console.log(
    `${sum((one) => one.schedules)} schedules in ${Math.round((performance.now() - began) / 1000)} s: ` +
      `${sum((one) => one.texts)} texts, ${sum((one) => one.exchanges)} exchanges, ` +
      `${sum((one) => one.deaths)} deaths, ${sum((one) => one.deferred)} with texts left at another relay, ${sum((one) => one.stops)} connections stopped in the middle, ` +
      `at ${places('up')} places of requests and ${places('down')} of answers, ` +
      `${sum((one) => one.edges.first)} of them before a first byte and ${sum((one) => one.edges.last)} before a last, ` +
      `slowest to settle ${Math.round((slowest?.ms ?? 0) / 1000)} s (seed ${slowest?.seed ?? 0}); ` +
      `${failed.length} failed`,
  );
  const [bad] = failed;
  if (bad === undefined) return true;
  console.log(`npm run soak -- schedules --seed ${bad.seed} --count 1 --sockets 0 brings it back`);
  console.log(`what is left of it: ${JSON.stringify(await new ManySchedules().shrink(bad.seed))}`);
  return false;
}

/** @returns whether everything held */
async function runOverSockets(): Promise<boolean> {
  const began = performance.now();
  const waiting = Array.from({ length: sockets }, (_, at) => first + at);
  const totals = { texts: 0, stopped: 0, held: 0, repeated: 0, deferred: 0, failed: 0 };
  const slowest = { seed: 0, ms: 0 };
  const work = async (): Promise<void> => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      const outcome = await runSocketSchedule(drawSocketSchedule(seed));
      const { faults, texts, met, repeated, handedOn, settledMs } = outcome;
      for (const fault of faults) console.log(`over sockets, seed ${seed}: ${fault}`);
      if (faults.length > 0)
        console.log(`npm run soak -- schedules --seed ${seed} --count 0 --sockets 1 lets it happen again`);
      totals.texts += texts;
      totals.held += met.filter(({ how }) => how === 'hold').length;
      totals.stopped += met.filter(({ how }) => how !== 'hold').length;
      totals.repeated += repeated;
      totals.deferred += handedOn > 0 ? 1 : 0;
      totals.failed += faults.length > 0 ? 1 : 0;
      if (settledMs > slowest.ms) Object.assign(slowest, { seed, ms: settledMs });
    }
  };
  await Promise.all(Array.from({ length: socketsAtOnce }, work));
  console.log(
    `${sockets} schedules over real sockets in ${Math.round((performance.now() - began) / 1000)} s: ` +
      `${totals.texts} texts, ${totals.stopped} connections stopped in the middle and ${totals.held} held back, ` +
      `${totals.repeated} requests that came again, ${totals.deferred} with texts left at another relay, ` +
      `slowest to settle ${Math.round(slowest.ms / 1000)} s (seed ${slowest.seed}); ${totals.failed} failed`,
  );
  return totals.failed === 0;
}
