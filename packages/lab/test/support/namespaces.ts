import { readdirSync, readlinkSync } from 'node:fs';

/** The processes of this machine that are in one of the network namespaces (as /proc/PID/ns/net names them). */
export function processesIn(namespaces: readonly string[]): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .map(Number)
    .filter((pid) => namespaces.includes(namespaceOf(pid) ?? ''));
}

/** undefined for a process that is gone, or not ours */
function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}
