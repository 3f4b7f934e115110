/** What a diagnosis took of somebody's time and line, told by the lab's clock and its counters; the command's own have no part in it. */
import type { FlowTraffic, Traffic } from '../engine/traffic.ts';

/** What one call of the command took. */
export interface Spending {
  readonly scenario: string;
  readonly seed: number;
  readonly who: string;
  /** from its start until it had said everything */
  readonly seconds: number;
  /** whole IP packets both ways, of what was opened since its start: an app that was ended before may still be closing */
  readonly bytes: number;
}

/** What the command promises. */
const mostSpent = { seconds: 30, bytes: 65_536 } as const;

export function bytesOfNewFlows(before: Traffic, after: Traffic): number {
  const known = new Set(before.flows.map(keyOf));
  return after.flows
    .filter((flow) => !known.has(keyOf(flow)))
    .reduce((sum, { sent, received }) => sum + sent.bytes + received.bytes, 0);
}

function keyOf({ protocol, localPort, remote, remotePort }: FlowTraffic): string {
  return `${protocol} ${localPort} ${remote} ${remotePort}`;
}

export function isOverspent({ seconds, bytes }: Spending): boolean {
  return seconds > mostSpent.seconds || bytes > mostSpent.bytes;
}

/** The worst of both, and how often a limit was passed. */
export function wordsOfSpending(all: readonly Spending[]): string {
  const slowest = all.reduce((one, other) => (other.seconds > one.seconds ? other : one), nothing);
  const heaviest = all.reduce((one, other) => (other.bytes > one.bytes ? other : one), nothing);
  const over = all.filter(isOverspent).length;
  const what = ({ scenario, seed, who }: Spending): string => `${scenario} seed ${seed} ${who}`;
  return [
    `the command took at most ${slowest.seconds.toFixed(1)} s of ${mostSpent.seconds} (${what(slowest)})`,
    `and ${(heaviest.bytes / 1024).toFixed(1)} KiB of ${mostSpent.bytes / 1024} (${what(heaviest)});`,
    `${over} of ${all.length} calls were over a limit`,
  ].join(' ');
}

const nothing: Spending = { scenario: '', seed: 0, who: '', seconds: 0, bytes: 0 };
