import { existsSync, mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { lockFolder } from '../src/folder-lock.ts';

test("a folder is one process's at a time, and free when that ended", () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tern-lock-'));
  const lock = join(folder.path, 'lock');
  {
    using _held = lockFolder(folder.path);
    expect(readFileSync(lock, 'utf8')).toMatch(new RegExp(`^${process.pid} \\d+$`, 'u'));
  }
  expect(existsSync(lock)).toBe(false);
  // the process that started this one is alive, and began when it says
  const stat = readFileSync(`/proc/${process.ppid}/stat`, 'utf8');
  const began = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  writeFileSync(lock, `${process.ppid} ${began}`);
  expect(() => lockFolder(folder.path)).toThrow('another relay is running');
});

test('a lock left by a killed process is taken over, also when another process has its number now', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tern-lock-'));
  writeFileSync(join(folder.path, 'lock'), `${process.ppid} 1`);
  using _held = lockFolder(folder.path);
  expect(readFileSync(join(folder.path, 'lock'), 'utf8')).toContain(`${process.pid} `);
});
