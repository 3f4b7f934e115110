import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Amount, Traffic } from '../engine/traffic.ts';
import type { Settings as CrowdSettings } from '../programs/tern-crowd.ts';
import { drawPolicies, type Scenario } from '../scenario/scenario.ts';
import { relayHome, relayOne, relayTwo } from '../subjects/places.ts';
import { startProgram } from '../subjects/subject.ts';
import { invite, met, startPerson, startRelay } from '../subjects/tern.ts';
import { openStage } from './stage.ts';

export interface IdleAsk {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly minutes: number;
  readonly conversations: number;
  readonly note: (words: string) => void;
}

/** What a client costs that only waits: whole IP packets of its host, both ways. */
export interface IdleRecord {
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
}

const minuteMs = 60_000;
const settleMs = 20_000;

/** `a`, inside, knows so many people abroad, and from the block on nobody says anything. */
export async function measureIdle(ask: IdleAsk): Promise<IdleRecord> {
  const { scenario, seed, minutes, conversations, note } = ask;
  const folder = await mkdtemp(join(tmpdir(), 'tern-lab-'));
  await using ends = new AsyncDisposableStack();
  ends.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const stage = ends.use(await openStage({ seed, policies: drawPolicies(scenario, { seed }), folder }));
  const { ground, internet } = stage;
  const links = await Promise.all([relayOne, relayTwo, relayHome].map((host) => startRelay(ground, host)));
  const person = startPerson(ground, 'a');
  const crowdSettings: CrowdSettings = { homes: ground.folder('crowd') };
  const crowd = startProgram(ground, 'c', { file: 'tern-crowd.ts', settings: crowdSettings });
  await Promise.all([person.ready(), crowd.ready()]);
  const [first = '', ...others] = links;
  for (const program of [person, crowd]) await program.carriedOut({ do: 'relay', link: first });
  const used = new Set<string>();
  for (let at = 1; at <= conversations; at += 1) {
    const link = await invite(person, used);
    await crowd.carriedOut({ do: 'accept', link });
    await met(person, `acquaintance-${at}`);
    if (at % 10 === 0) note(`${at} conversations`);
  }
  for (const link of others) await person.carriedOut({ do: 'relay', link });
  await wait(settleMs);
  await crowd.kill();
  await wait(settleMs);
  stage.block();
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
  };
}

function bytesOf({ sent, received }: Traffic): number {
  return sent.bytes + received.bytes;
}

function between(before: Amount, after: Amount): Amount {
  return { packets: after.packets - before.packets, bytes: after.bytes - before.bytes };
}
