import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Amount, Traffic } from '../engine/traffic.ts';
import { drawPolicies, type Scenario } from '../scenario/scenario.ts';
import { gatherCircle, type IdleSubject } from './idle-circle.ts';
import { openStage } from './stage.ts';

export interface IdleAsk {
  readonly subject: IdleSubject;
  readonly scenario: Scenario;
  readonly seed: number;
  readonly minutes: number;
  readonly conversations: number;
  readonly note: (words: string) => void;
}

/** What a client costs that only waits: whole IP packets of its host, both ways. */
export interface IdleRecord {
  readonly subject: IdleSubject;
  readonly scenario: string;
  readonly seed: number;
  readonly conversations: number;
  readonly minutes: number;
  readonly sent: Amount;
  readonly received: Amount;
  /** TCP connections that were opened meanwhile */
  readonly connections: number;
  /** both ways together; the first has what the block itself cost */
  readonly bytesOfMinutes: readonly number[];
  /** as measured, made into an hour */
  readonly bytesOfHour: number;
  /** how long programs waited for a processor, 99th percentile, ms: what a busy machine is late for looks like a bad line */
  readonly programsLateMs: number;
}

const minuteMs = 60_000;
const settleMs = 20_000;

/** `a`, inside, knows so many people abroad, and from the block on nobody says anything. A browser shows the app. */
export async function measureIdle(ask: IdleAsk): Promise<IdleRecord> {
  const { subject, scenario, seed, minutes, conversations, note } = ask;
  const folder = await mkdtemp(join(tmpdir(), 'tern-lab-'));
  await using ends = new AsyncDisposableStack();
  ends.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const stage = ends.use(await openStage({ seed, policies: drawPolicies(scenario, { seed }), folder }));
  const { ground, internet } = stage;
  const circle = await gatherCircle(ground, { subject, conversations, note });
  await wait(settleMs);
  await circle.leaveAlone();
  await wait(settleMs);
  internet.resetLag();
  stage.block({ change: scenario.change });
  const before = internet.traffic('a');
  const bytesOfMinutes: number[] = [];
  for (let last = before; bytesOfMinutes.length < minutes;) {
    await wait(minuteMs);
    const now = internet.traffic('a');
    const bytes = bytesOf(now) - bytesOf(last);
    bytesOfMinutes.push(bytes);
    note(`minute ${bytesOfMinutes.length}: ${bytes} bytes`);
    last = now;
  }
  const after = internet.traffic('a');
  const whole = bytesOf(after) - bytesOf(before);
  return {
    subject,
    scenario: scenario.id,
    seed,
    conversations,
    minutes,
    sent: between(before.sent, after.sent),
    received: between(before.received, after.received),
    connections:
      after.flows.filter(({ protocol }) => protocol === 'tcp').length -
      before.flows.filter(({ protocol }) => protocol === 'tcp').length,
    bytesOfMinutes,
    bytesOfHour: Math.round((whole * 60) / minutes),
    programsLateMs: Math.round(internet.lag().programs.p99),
  };
}

function bytesOf({ sent, received }: Traffic): number {
  return sent.bytes + received.bytes;
}

function between(before: Amount, after: Amount): Amount {
  return { packets: after.packets - before.packets, bytes: after.bytes - before.bytes };
}
