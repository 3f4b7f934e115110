import { spawn } from 'node:child_process';

/**
 * How the kernel treats the engine: `realtime` before everything else on the machine, so that the world's delays stay what they are meant to be
 * however busy its programs keep the processors; `ordinary` where the machine does not allow that (it takes root).
 */
export type Urgency = 'realtime' | 'ordinary';

/** All threads, since the main one waits for those that collect garbage; what they start is ordinary again. */
const realtime = ['-a', '-R', '-r', '-p', '1'];
const ordinary = ['-a', '-o', '-p', '0'];

/** Asks for it for whole processes; those they start are ordinary. */
export async function hurry(pids: readonly number[]): Promise<Urgency> {
  const results = await Promise.all(pids.map((pid) => changeSchedule(realtime, pid)));
  if (results.every(Boolean)) return 'realtime';
  await Promise.all(pids.map((pid) => changeSchedule(ordinary, pid)));
  return 'ordinary';
}

/** @returns whether it was allowed */
async function changeSchedule(options: readonly string[], pid: number): Promise<boolean> {
  const child = spawn('chrt', [...options, String(pid)], { stdio: 'ignore' });
  return new Promise((settle) => {
    child.once('error', () => settle(false));
    child.once('exit', (code) => settle(code === 0));
  });
}
