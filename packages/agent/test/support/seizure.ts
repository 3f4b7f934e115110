import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { concat, parseRelayLink, type RelayLink } from '@tern/protocol';
import { openLmdbStore } from '@tern/relay';
import type { Found, Search } from './planted.ts';

/** A relay in a process of its own, which can be looked into and killed. */
export interface SeizableRelay extends AsyncDisposable {
  readonly pid: number;
  readonly link: RelayLink;
  /** at once, as a raid does it */
  kill(): Promise<void>;
}

const program = join(import.meta.dirname, '../programs/seizable-relay.ts');

export async function startRelay(data: string, ...witness: readonly string[]): Promise<SeizableRelay> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, data, ...witness],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {},
    },
  );
  const link = await linkOf(child);
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { pid: child.pid ?? 0, link, kill, [Symbol.asyncDispose]: kill };
}

async function linkOf(child: ChildProcess): Promise<RelayLink> {
  if (child.stdout === null) throw new Error('the relay has no output');
  for await (const line of createInterface(child.stdout)) {
    const link = /^relay link: (.*)$/u.exec(line)?.[1];
    if (link !== undefined) return parseRelayLink(link);
  }
  throw new Error('the relay ended before it said its link');
}

/** How much was looked through, and what was found in it. */
export interface Searched {
  readonly bytes: number;
  readonly found: readonly Found[];
}

/** Every file below a folder, as it lies there. */
export function searchFolder(folder: string, search: Search): Searched {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  let bytes = 0;
  const found = names
    .filter((entry) => entry.isFile())
    .flatMap((entry) => {
      const content = readFileSync(join(entry.parentPath, entry.name));
      bytes += content.length;
      // a name tells as much as what is under it
      return [...search.in(Buffer.from(entry.name), 'a file name'), ...search.deeply(content, entry.name)];
    });
  return { bytes, found };
}

const windowBytes = 2 ** 20;

/** Everything a process of ours could read and write, window by window. */
export function searchMemory(pid: number, search: Search): Searched {
  const file = openSync(`/proc/${pid}/mem`, 'r');
  const window = Buffer.alloc(windowBytes);
  const zeros = Buffer.alloc(windowBytes);
  const stepBytes = windowBytes - search.longestBytes;
  let bytes = 0;
  const found = new Map<string, Found>();
  try {
    for (const { from, to, name } of writableRegions(pid)) {
      for (let at = from; at < to; at += stepBytes) {
        const read = readWindow(file, window.subarray(0, Math.min(windowBytes, to - at)), at);
        const held = window.subarray(0, read);
        if (held.equals(zeros.subarray(0, read))) continue;
        bytes += Math.min(read, stepBytes);
        for (const one of search.deeply(held, `memory ${name} ${at.toString(16)}`))
          found.set(`${one.what} ${one.writing}`, one);
      }
    }
  } finally {
    closeSync(file);
  }
  return { bytes, found: [...found.values()] };
}

interface Region {
  readonly from: number;
  readonly to: number;
  readonly name: string;
}

function writableRegions(pid: number): readonly Region[] {
  return readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, from = '', to = '', name = ''] =
        /^([0-9a-f]+)-([0-9a-f]+) rw\S* \S+ \S+ \S+\s*(.*)$/u.exec(line) ?? [];
      return from === '' ? [] : [{ from: parseInt(from, 16), to: parseInt(to, 16), name }];
    });
}

/** @returns how many bytes there were; a region that ended meanwhile has none */
function readWindow(file: number, window: Buffer, at: number): number {
  try {
    return readSync(file, window, 0, window.length, at);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'EIO' || code === 'EFAULT') return 0;
    throw cause;
  }
}

/** Everything the store holds, key by key, as a killed relay left it. */
export async function storedValues(data: string): Promise<readonly Uint8Array[]> {
  await using store = await openLmdbStore({ dir: data });
  return await store.read((view) =>
    view
      .keys(new Uint8Array([0]), new Uint8Array([255]), 1_000_000)
      .flatMap((key) => [key, view.get(key)?.slice() ?? new Uint8Array()]),
  );
}

/** What a relay opened while it ran. */
export interface Opened {
  /** batches, record by record put together again */
  readonly requests: readonly Uint8Array[];
  /** bodies and chunks as they were given to readers */
  readonly bodies: readonly Uint8Array[];
}

/** @param path of the file that a witness wrote (programs/seizable-relay.ts) */
export function readWitness(path: string): Opened {
  const written = readFileSync(path);
  const requests: Uint8Array[] = [];
  const bodies: Uint8Array[] = [];
  let request: Uint8Array[] = [];
  for (let at = 0; at < written.length;) {
    const opened = new Uint8Array(written.subarray(at + 5, at + 5 + written.readUInt32BE(at + 1)));
    if (written[at] === 1) bodies.push(opened);
    else {
      // a record: whether it is the last, how long its content is, the content, padding
      request.push(opened.subarray(3, 3 + ((opened[1] ?? 0) << 8) + (opened[2] ?? 0)));
      if (opened[0] === 1) {
        requests.push(concat(...request));
        request = [];
      }
    }
    at += 5 + opened.length;
  }
  return { requests, bodies };
}
