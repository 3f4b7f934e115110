import { type ChildProcess, type SpawnOptions } from 'node:child_process';

import { type Inspect } from '../net/inspection.ts';
import { echoHost, type Frame } from '../hosts/frames.ts';
import { openHosts, type Hosts } from '../hosts/hosts.ts';
import { LagMeter, type Lag } from './lag.ts';
import { Names } from './names.ts';
import { Router, type Counts, type HostPlan, type RouterPlan, type Watch } from './router.ts';
import { realClock, Schedule } from './schedule.ts';
import { type Traffic } from './traffic.ts';

export interface InternetPlan extends RouterPlan {
  readonly hosts: readonly (HostPlan & {
    /** The address that the host asks for names; any address is answered. */
    readonly resolver?: string;
  })[];
  /** Addresses by name, for every resolver of the world. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
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
  readonly setWatch: (watch: Watch | undefined) => void;
  readonly traffic: (host: string) => Traffic;
  readonly counts: () => Counts;
  /** How late packets were, the worse of two: leaving a line after their time, and the way to the kernel and back. */
  readonly lag: () => InternetLag;
  readonly resetLag: () => void;
  /** The process whose namespaces are the host, for who enters them by other means. */
  readonly pidOf: (host: string) => number;
}

export interface InternetLag {
  readonly timers: Lag;
  readonly carrier: Lag;
  /** The worse of both, in milliseconds. */
  readonly p99: number;
}

const defaultResolver = '192.0.2.53';
const echoEveryMs = 50;

/**
 * Opens the plan's hosts. Everything in them ends with the internet, and with this process.
 * @throws {NoHostsError} where the machine cannot make them
 */
export async function openInternet(plan: InternetPlan): Promise<Internet> {
  const names = new Names(plan.names ?? {});
  const timers = new LagMeter();
  const carrier = new LagMeter();
  const beganAt = performance.now();
  const now = (): number => performance.now() - beganAt;
  const schedule = new Schedule({ ...realClock, now }, (ms) => timers.record(ms));
  const parts = {
    names,
    schedule,
    now,
    deliver: (host: number, bytes: Uint8Array) => hosts.send({ host, bytes }),
  };
  const router = new Router(plan, parts);
  const take = ({ host, bytes }: Frame): void => {
    if (host === echoHost) carrier.record(now() - Buffer.from(bytes).readDoubleBE(0));
    else router.take(host, bytes);
  };
  const setups = plan.hosts.map(({ name, addresses, resolver = defaultResolver }) => ({
    name,
    addresses,
    resolver,
  }));
  const hosts: Hosts = await openHosts(setups, take);
  const echo = setInterval(() => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(now(), 0);
    hosts.send({ host: echoHost, bytes });
  }, echoEveryMs);
  return {
    names,
    now,
    spawn: (host, command, options) => hosts.spawn(host, command, options),
    setInspect: (isp, inspect) => router.setInspect(isp, inspect),
    setWatch: (watch) => router.setWatch(watch),
    traffic: (host) => router.traffic(host),
    counts: () => router.counts(),
    lag: () => {
      const lags = { timers: timers.read(), carrier: carrier.read() };
      return { ...lags, p99: Math.max(lags.timers.p99, lags.carrier.p99) };
    },
    resetLag: () => {
      timers.reset();
      carrier.reset();
    },
    pidOf: (host) => hosts.pidOf(host),
    [Symbol.asyncDispose]: async () => {
      clearInterval(echo);
      await hosts[Symbol.asyncDispose]();
    },
  };
}
