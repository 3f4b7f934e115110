import { linkSync, mkdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { UsageError } from '@tern/protocol';

/**
 * One process at a time: a second relay on the same folder would give its tickets and wake-ups to nobody.
 * A lock that a killed process left behind is taken over, also when its number belongs to another process by now.
 * @throws {UsageError} while another process has it, or when the folder cannot be written
 */
export function lockFolder(folder: string): Disposable {
  const path = join(folder, 'lock');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      if (take(path)) return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
      const [pid, began] = readFileSync(path, 'utf8').split(' ');
      if (isRunning(Number(pid), began)) break;
      unlinkSync(path);
    }
  } catch (cause) {
    throw new UsageError("the folder for the relay's data cannot be used", { cause });
  }
  throw new UsageError('another relay is running on this folder');
}

/** The lock appears with its content, so that nobody reads an empty one. */
function take(path: string): boolean {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, `${process.pid} ${beginningOf(process.pid) ?? ''}`, { mode: 0o600 });
  try {
    linkSync(own, path);
    return true;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return false;
    throw cause;
  } finally {
    unlinkSync(own);
  }
}

function isRunning(pid: number, began: string | undefined): boolean {
  if (!Number.isSafeInteger(pid) || pid < 1 || pid === process.pid) return false;
  const begins = beginningOf(pid);
  if (begins !== undefined && began !== undefined && began !== '') return begins === began;
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause instanceof Error && 'code' in cause && cause.code === 'EPERM';
  }
}

/** When a process began, in ticks since this machine did (proc(5), field 22 of stat); undefined where the system does not tell. */
function beginningOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined; // no such process, or no /proc
  }
}
