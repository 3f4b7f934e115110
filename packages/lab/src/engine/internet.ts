import { type ChildProcess, type SpawnOptions } from 'node:child_process';

import { type Inspect } from '../net/inspection.ts';
import { echoHost, type Frame } from '../hosts/frames.ts';
import { openHosts, type Hosts } from '../hosts/hosts.ts';
import { Bystander } from './bystander.ts';
import { LagMeter, type Lag } from './lag.ts';
import { Names } from './names.ts';
import { Router, type Counts, type HostPlan, type RouterPlan, type Watch } from './router.ts';
import { realClock, Schedule } from './schedule.ts';
import { type Traffic } from './traffic.ts';
import { hurry, type Urgency } from './urgency.ts';

export interface InternetPlan extends RouterPlan {
  readonly hosts: readonly (HostPlan & {
    /** The address that the host asks for names; any address is answered. */
    readonly resolver?: string;
  })[];
  /** Addresses by name, for every resolver of the world. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
  /** Asks the kernel to run this process before all others from now on, so that the world's delays are what they should be. */
  readonly urgent?: boolean;
}

/** A running internet: hosts in namespaces of this machine's kernel, and between them this process. */
export interface Internet extends AsyncDisposable {
  readonly names: Names;
  /** Milliseconds since it began. */
  readonly now: () => number;
  /**
   * Starts a program in a host. It is like `spawn` of node:child_process: `pid` is that of a process in between, and to kill that kills the
   * program (without a word to it: whoever may end politely is told on its standard input).
   */
  readonly spawn: (host: string, command: readonly string[], options?: SpawnOptions) => ChildProcess;
  /** The censor of a provider; undefined lets everything pass. */
  readonly setInspect: (isp: string, inspect: Inspect | undefined) => void;
  /** Ends every TCP connection of a host for both sides, as when a phone changes its network. */
  readonly cut: (host: string) => void;
  readonly setWatch: (watch: Watch | undefined) => void;
  readonly traffic: (host: string) => Traffic;
  readonly counts: () => Counts;
  readonly lag: () => InternetLag;
  readonly resetLag: () => void;
  readonly urgency: Urgency;
  /** The process whose namespaces are the host, for who enters them by other means. */
  readonly pidOf: (host: string) => number;
}

export interface InternetLag {
  /** How long after its time a packet left a line. */
  readonly timers: Lag;
  /** From here to the program that hands packets to the kernel, and back. */
  readonly carrier: Lag;
  /** How long an idle program in a host takes to answer: says how busy the machine is, not how late the engine. */
  readonly programs: Lag;
  /** The engine's: the worse of the first two, in milliseconds; Infinity where the hosts are gone without being closed. */
  readonly p99: number;
}

const defaultResolver = '192.0.2.53';
const askEveryMs = 50;

/**
 * Opens the plan's hosts. Everything in them ends with the internet, and with this process.
 * @throws {NoHostsError} where the machine cannot make them
 */
export async function openInternet(plan: InternetPlan): Promise<Internet> {
  const names = new Names(plan.names ?? {});
  const lags = { timers: new LagMeter(), carrier: new LagMeter(), programs: new LagMeter() };
  const beganAt = performance.now();
  const now = (): number => performance.now() - beganAt;
  const schedule = new Schedule({ ...realClock, now }, (ms) => lags.timers.record(ms));
  const deliver = (host: number, bytes: Uint8Array): void => hosts.send({ host, bytes });
  const router = new Router(plan, { names, schedule, now, deliver });
  const take = ({ host, bytes }: Frame): void => {
    if (host === echoHost) lags.carrier.record(now() - Buffer.from(bytes).readDoubleBE(0));
    else router.take(host, bytes);
  };
  const setups = plan.hosts.map(({ name, addresses, resolver = defaultResolver }) => ({
    name,
    addresses,
    resolver,
  }));
  const hosts: Hosts = await openHosts(setups, take);
  const pids = [process.pid, hosts.carrierPid];
  const urgency = plan.urgent === true ? await hurry(pids) : 'ordinary';
  const bystander = openBystander(plan, hosts, { now, took: (ms) => lags.programs.record(ms) });
  const asking = setInterval(() => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(now(), 0);
    hosts.send({ host: echoHost, bytes });
    bystander?.ask();
  }, askEveryMs);
  return {
    names,
    now,
    urgency,
    spawn: (host, command, options) => hosts.spawn(host, command, options),
    setInspect: (isp, inspect) => router.setInspect(isp, inspect),
    cut: (host) => router.cut(host),
    setWatch: (watch) => router.setWatch(watch),
    traffic: (host) => router.traffic(host),
    counts: () => router.counts(),
    lag: () => readLag(lags, hosts.alive()),
    resetLag: () => {
      for (const meter of Object.values(lags)) meter.reset();
    },
    pidOf: (host) => hosts.pidOf(host),
    [Symbol.asyncDispose]: async () => {
      clearInterval(asking);
      bystander?.[Symbol.dispose]();
      await hosts[Symbol.asyncDispose]();
    },
  };
}

type Lags = Readonly<Record<'timers' | 'carrier' | 'programs', LagMeter>>;

function readLag({ timers, carrier, programs }: Lags, alive: boolean): InternetLag {
  const read = { timers: timers.read(), carrier: carrier.read(), programs: programs.read() };
  return { ...read, p99: alive ? Math.max(read.timers.p99, read.carrier.p99) : Infinity };
}

function openBystander(
  { hosts: [first] }: InternetPlan,
  hosts: Hosts,
  { now, took }: { readonly now: () => number; readonly took: (ms: number) => void },
): Bystander | undefined {
  if (first === undefined) return undefined;
  return new Bystander(hosts.spawn(first.name, ['cat'], { stdio: ['pipe', 'pipe', 'ignore'] }), now, took);
}
