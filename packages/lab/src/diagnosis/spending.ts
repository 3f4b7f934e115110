/** What a diagnosis took of somebody's time and line, told by the lab's clock and its counters; the command's own have no part in it. */
import type { Amount, FlowTraffic, Traffic } from '../engine/traffic.ts';

/** What one call of the command took. */
export interface Spending {
  readonly scenario: string;
  readonly seed: number;
  readonly who: string;
  /** from its start until it had said everything */
  readonly seconds: number;
  /** what packets carried both ways, of what was opened since its start: an app that was ended before may still be closing */
  readonly bytes: number;
  /** the same with the packets' headers, as a bill has it */
  readonly billed: number;
}

/** of IPv4 and TCP with time stamps, which all of a connection's packets have but the first two, which have 8 more */
const headerBytes = 52;

/** What the command promises; what is sent again counts, headers do not: no program sees them. */
const mostSpent = { seconds: 30, bytes: 65_536 } as const;

/** What was opened since `before`. */
export function spentBetween(before: Traffic, after: Traffic): Pick<Spending, 'bytes' | 'billed'> {
  const known = new Set(before.flows.map(keyOf));
  const amounts = after.flows
    .filter((flow) => !known.has(keyOf(flow)))
    .flatMap(({ sent, received }) => [sent, received]);
  const sum = (of: (amount: Amount) => number): number => amounts.reduce((all, one) => all + of(one), 0);
  return {
    billed: sum(({ bytes }) => bytes),
    bytes: sum(({ bytes, packets }) => Math.max(0, bytes - packets * headerBytes)),
  };
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
    `and ${kibibytes(heaviest.bytes)} KiB of ${mostSpent.bytes / 1024}, ${kibibytes(heaviest.billed)} with headers of packets (${what(heaviest)});`,
    `${over} of ${all.length} calls were over a limit`,
  ].join(' ');
}

function kibibytes(bytes: number): string {
  return (bytes / 1024).toFixed(1);
}

const nothing: Spending = { scenario: '', seed: 0, who: '', seconds: 0, bytes: 0, billed: 0 };
