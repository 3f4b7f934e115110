/** `npm run lab`: what of which messenger survives which block. See docs/lab.md. */
import { runLab } from '../packages/lab/src/main.ts';

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stop.abort());
try {
  process.exitCode = await runLab(process.argv.slice(2), stop.signal);
} catch (error) {
  process.stderr.write(`lab: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
