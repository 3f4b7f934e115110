import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { openInternet, parseAddress, tcpFlag, type Internet } from '@tern/lab';

import { processesIn } from './support/namespaces.ts';

/** These tests need a Linux that lets us make namespaces; elsewhere they fail, and the message says what is missing. */

const slow = { delayMs: 30 };
const lossy = { delayMs: 20, loss: 0.05 };
const hosts = [
  { name: 'quick', addresses: ['192.0.2.100'], isp: 'isp-1' },
  { name: 'slow', addresses: ['192.0.2.101'], isp: 'isp-1', link: { up: slow, down: slow } },
  { name: 'lossy', addresses: ['192.0.2.102'], isp: 'isp-1', link: { up: lossy, down: lossy } },
  {
    name: 'clear',
    addresses: ['192.0.2.103'],
    isp: 'isp-1',
    link: { up: { delayMs: 20 }, down: { delayMs: 20 } },
  },
  { name: 'frozen', addresses: ['192.0.2.104'], isp: 'isp-2' },
  { name: 'web', addresses: ['198.51.100.80', '198.51.100.81'], resolver: '198.51.100.53' },
];
const names = { 'big-news.example': ['198.51.100.80'], 'other-news.example': ['198.51.100.81'] };

const opened = new AsyncDisposableStack();
let internet: Internet;

beforeAll(async () => {
  internet = opened.use(await openInternet({ hosts, names, inside: ['192.0.2.0/24'], seed: 1 }));
  const server = internet.spawn('web', [process.execPath, program('server-in-host')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (server.stdout !== null) await once(server.stdout, 'data');
});

afterAll(async () => {
  await opened[Symbol.asyncDispose]();
});

function program(name: string): string {
  return join(import.meta.dirname, 'programs', `${name}.ts`);
}

async function outputOf(host: string, command: readonly string[]): Promise<string> {
  const child = internet.spawn(host, command, { stdio: ['ignore', 'pipe', 'inherit'] });
  return child.stdout === null ? '' : (await text(child.stdout)).trim();
}

interface Fetched {
  readonly end: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly ms: number;
}

async function fetchIn(host: string, url: string, silenceMs = 20_000): Promise<Fetched> {
  const output = await outputOf(host, [process.execPath, program('get-in-host'), url, String(silenceMs)]);
  return JSON.parse(output) as Fetched;
}

async function askIn(host: string, count: number, size: number): Promise<readonly number[]> {
  const command = [process.execPath, program('ask-in-host'), '198.51.100.80', String(count), String(size)];
  return JSON.parse(await outputOf(host, command)) as readonly number[];
}

function hashOf(bytes: number): string {
  return createHash('sha256').update(Buffer.alloc(bytes, 'tern')).digest('hex');
}

test('a megabyte passes whole, from either address of a host, by its name', async () => {
  for (const name of Object.keys(names)) {
    expect(await fetchIn('quick', `http://${name}/1000000`)).toMatchObject({
      end: 'whole',
      sha256: hashOf(1e6),
    });
  }
});

test('what a line loses is sent again, and a megabyte arrives no less whole', async () => {
  for (const host of ['clear', 'lossy'] as const) {
    const before = { lost: internet.counts().lost, ...bytesBetween('web', host) };
    const fetched = await fetchIn(host, 'http://big-news.example/1000000');
    const after = { lost: internet.counts().lost, ...bytesBetween('web', host) };
    expect(fetched).toMatchObject({ end: 'whole', sha256: hashOf(1e6) });
    const lost = after.lost - before.lost;
    expect(host === 'clear' ? lost === 0 : lost > 10).toBe(true);
    // how much longer that takes is the machine's affair: a busy one makes anything slow
    const again = after.sent - before.sent - (after.received - before.received);
    if (host === 'lossy') expect(again).toBeGreaterThan(5 * 1400);
  }
});

/** What one sent, and what the other got. */
function bytesBetween(from: string, to: string): Readonly<Record<'sent' | 'received', number>> {
  return { sent: internet.traffic(from).sent.bytes, received: internet.traffic(to).received.bytes };
}

test('a line of 30 ms each way answers after 60', async () => {
  const times = await askIn('slow', 20, 100);
  expect(Math.min(...times)).toBeGreaterThan(59);
  expect(Math.min(...times)).toBeLessThan(70);
});

test('twenty-five datagrams are counted as twenty-five packets each way', async () => {
  await askIn('quick', 25, 100);
  const flow = internet
    .traffic('quick')
    .flows.find(({ protocol, remotePort }) => protocol === 'udp' && remotePort === 9000);
  expect(flow).toMatchObject({
    sent: { packets: 25, bytes: 25 * 128 },
    received: { packets: 25, bytes: 25 * 128 },
  });
});

test('after a hello that nobody answers one packet ends the connection, and the kernel sends nothing more', async () => {
  const swallowed = parseAddress('192.0.2.104');
  const left = new Map<number, string[]>();
  // a connection may be opened, and that is all
  internet.setInspect('isp-2', ({ packet: { tcp, source, payload } }) => {
    const isOpening = payload.length === 0 && ((tcp?.flags ?? 0) & (tcpFlag.fin | tcpFlag.reset)) === 0;
    return source === swallowed && !isOpening ? { kind: 'drop', rule: 0 } : { kind: 'pass' };
  });
  internet.setWatch((fate, { tcp, source, sourcePort, payload }) => {
    if (fate !== 'sent' || tcp === undefined || source !== swallowed) return;
    if ((tcp.flags & tcpFlag.syn) !== 0) left.set(sourcePort, []);
    const said = payload.length > 0 ? 'hello' : 'nothing';
    const isEnd = (tcp.flags & tcpFlag.fin) !== 0;
    const one = (tcp.flags & tcpFlag.reset) !== 0 ? 'reset' : isEnd ? 'end' : said;
    left.get(sourcePort)?.push(one);
  });
  const command = [process.execPath, program('give-up-in-host'), '198.51.100.80', '80'];
  const said: unknown = JSON.parse(await outputOf('frozen', command));
  // what an ordinary close leaves behind is in state 04: it waits for what it has said to be acknowledged
  expect(said).toEqual({ ends: ['hello silent', 'hello silent'], left: [] });
  const isEnded = (): boolean => [...left.values()].filter((one) => one.at(-1) === 'reset').length === 2;
  await vi.waitUntil(isEnded, { timeout: 20_000 });
  internet.setInspect('isp-2', undefined);
  internet.setWatch(undefined);
  for (const packets of left.values()) {
    expect(packets).toContain('hello');
    expect(packets.filter((one) => one === 'reset' || one === 'end')).toEqual(['reset']);
  }
});

test('twenty-five packets of a connection are twenty-five packets of 1,500 bytes at most, whatever the kernel would put together', async () => {
  const frozen = parseAddress('192.0.2.104');
  let [seen, delivered, longest] = [0, 0, 0];
  internet.setInspect('isp-2', ({ packet }) => {
    if (packet.tcp === undefined) return { kind: 'pass' };
    longest = Math.max(longest, packet.bytes.length);
    seen += 1;
    return seen > 25 ? { kind: 'drop', rule: 0 } : { kind: 'pass' };
  });
  internet.setWatch((fate, { tcp, source, target }) => {
    const isOfFlow = tcp !== undefined && [source, target].includes(frozen);
    if (fate === 'delivered' && isOfFlow) delivered += 1;
  });
  const fetched = await fetchIn('frozen', 'http://big-news.example/200000', 1000);
  internet.setInspect('isp-2', undefined);
  internet.setWatch(undefined);
  expect(fetched.end).toBe('silence');
  expect(delivered).toBe(25);
  expect(longest).toBe(1500);
  expect(fetched.bytes).toBeGreaterThan(10_000);
  expect(fetched.bytes).toBeLessThan(25 * 1460);
  expect(await fetchIn('frozen', 'http://big-news.example/200000')).toMatchObject({
    end: 'whole',
    bytes: 200_000,
  });
});

test('a closed port is refused by its host, an address that nobody has is silent, and an unknown name is none', async () => {
  expect((await fetchIn('quick', 'http://198.51.100.80:81/1')).end).toBe('ECONNREFUSED');
  expect((await fetchIn('quick', 'http://203.0.113.99/1', 500)).end).toBe('silence');
  expect((await fetchIn('quick', 'http://no-news.example/1')).end).toBe('ENOTFOUND');
});

test('a host reaches nothing but the lab', async () => {
  const routes = (await outputOf('quick', ['cat', '/proc/self/net/dev'])).split('\n').slice(2);
  expect(routes.map((line) => line.trim().split(':')[0])).toEqual(['lo', 'net0']);
});

test('a connection that is cut ends for both sides, and the next one works', async () => {
  const fetching = fetchIn('slow', 'http://big-news.example/40000000');
  await vi.waitUntil(() => internet.traffic('slow').received.bytes > 100_000, {
    timeout: 20_000,
    interval: 5,
  });
  internet.cut('slow');
  expect((await fetching).end).toMatch(/cut|ECONNRESET/u);
  expect((await fetchIn('slow', 'http://big-news.example/1000')).end).toBe('whole');
});

test('the engine knows how late it was', async () => {
  internet.resetLag();
  await askIn('slow', 10, 100);
  const { timers, carrier, programs, p99 } = internet.lag();
  expect(timers.samples).toBeGreaterThanOrEqual(20);
  for (const lag of [carrier, programs]) expect(lag.samples).toBeGreaterThan(0);
  expect(p99).toBe(Math.max(timers.p99, carrier.p99));
});

test('a program that is killed from here is gone', async () => {
  const child = internet.spawn('clear', ['sh', '-c', 'echo up; exec sleep 1000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout !== null) await once(child.stdout, 'data');
  const namespace = [readlinkSync(`/proc/${internet.pidOf('clear')}/ns/net`)];
  expect(processesIn(namespace).length).toBeGreaterThan(1);
  child.kill();
  await vi.waitUntil(() => processesIn(namespace).length === 1, { timeout: 20_000 });
});

test('after a stop no process is left, and so no namespace', async () => {
  const other = await openInternet({ hosts: hosts.slice(0, 2), inside: [], seed: 1 });
  const namespaces = hosts.slice(0, 2).map(({ name }) => readlinkSync(`/proc/${other.pidOf(name)}/ns/net`));
  const child = other.spawn('quick', ['sh', '-c', 'setsid sleep 1000 & echo up; exec sleep 1000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout !== null) await once(child.stdout, 'data');
  expect(processesIn(namespaces).length).toBeGreaterThanOrEqual(4);
  await other[Symbol.asyncDispose]();
  expect(processesIn(namespaces)).toEqual([]);
  expect(other.lag().p99).toBe(Infinity);
});

test('everything in the hosts dies with the engine, however it dies', async () => {
  const engine = spawn(process.execPath, [program('internet-alone')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(engine.stdout, 'data')) as [Buffer];
  const namespaces = JSON.parse(said.toString()) as readonly string[];
  await vi.waitUntil(() => processesIn(namespaces).length >= 8, { timeout: 20_000 });
  engine.kill('SIGKILL');
  await vi.waitUntil(() => processesIn(namespaces).length === 0, { timeout: 20_000 });
});

test('where hosts cannot be made, one line says why', async () => {
  const engine = spawn(process.execPath, [program('internet-alone')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PATH: '/nowhere' },
  });
  expect(await text(engine.stderr)).toMatch(
    /NoHostsError: the lab cannot make its hosts on this machine: perl cannot be started/u,
  );
});
