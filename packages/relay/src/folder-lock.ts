import { closeSync, mkdirSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { UsageError } from '@tern/protocol';

/**
 * One process at a time: a second relay on the same folder would give its tickets and wake-ups to nobody.
 * A lock that a killed process left behind is taken over.
 * @throws {UsageError} while another process has it, or when the folder cannot be written
 */
export function lockFolder(folder: string): Disposable {
  const path = join(folder, 'lock');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      if (take(path)) return { [Symbol.dispose]: () => unlinkSync(path) };
      const holder = Number(readFileSync(path, 'utf8'));
      if (holder !== process.pid && isRunning(holder)) break;
      unlinkSync(path);
    }
  } catch (cause) {
    throw new UsageError("the folder for the relay's data cannot be used", { cause });
  }
  throw new UsageError('another relay is running on this folder');
}

function take(path: string): boolean {
  try {
    const file = openSync(path, 'wx', 0o600);
    writeSync(file, String(process.pid));
    closeSync(file);
    return true;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return false;
    throw cause;
  }
}

function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid < 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause instanceof Error && 'code' in cause && cause.code === 'EPERM';
  }
}
