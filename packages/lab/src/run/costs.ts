import { setTimeout as wait } from 'node:timers/promises';
import type { Amount, Traffic } from '../engine/traffic.ts';
import type { News } from '../programs/lines.ts';
import type { Change } from '../scenario/scenario.ts';
import { obfs4, tlsProxy, websocket } from '../subjects/messenger.ts';
import type { Program } from '../subjects/program.ts';
import type { Subject } from '../subjects/subject.ts';
import { tern, ternAbroad } from '../subjects/tern.ts';
import { ternWeb } from '../subjects/tern-web.ts';
import { openPair, plainLine, type Pair, type RuleWords } from './pair.ts';

/** One way in which messages travel. */
export interface Manner {
  readonly name: string;
  readonly subject: Subject;
  /** what makes them travel so */
  readonly rule?: RuleWords;
  /** a browser that changes its network has no WebSocket for a while; whoever else is here is back at once */
  readonly change?: Change;
}

/** Under it nobody keeps a connection, and a browser no WebSocket. */
const freeze: RuleWords = { technique: 'freeze-packets', packets: 25, count: 'both' };

/** Every transport that the product has, and those of the others. */
export const manners: readonly Manner[] = [
  { name: 'tern, connections kept', subject: ternAbroad },
  { name: 'tern, connections that freeze after 25 packets', subject: ternAbroad, rule: freeze },
  { name: 'tern, through another relay', subject: tern, rule: { technique: 'address-block' } },
  { name: 'tern in Chromium, WebSocket', subject: ternWeb, change: 'none' },
  { name: 'tern in Chromium, fetch after a change of network', subject: ternWeb },
  {
    name: 'tern in Chromium, fetch, connections that freeze after 25 packets',
    subject: ternWeb,
    rule: freeze,
  },
  {
    name: 'tern in Chromium, fetch through another relay',
    subject: ternWeb,
    rule: { technique: 'address-block' },
  },
  { name: 'websocket', subject: websocket },
  { name: 'tls-proxy', subject: tlsProxy },
  { name: 'obfs4', subject: obfs4 },
];

/** What one message costs one of its ends: whole IP packets as the lab counted them on that line, and connections opened. */
export interface Cost {
  readonly up: Amount;
  readonly down: Amount;
  readonly connections: number;
}

export interface MessageCosts {
  readonly name: string;
  readonly sender: Cost;
  readonly receiver: Cost;
  /** of the sender, in a minute in which nobody writes */
  readonly idle: Cost;
}

const textBytes = 500;
const warmUps = 8;
const measured = 20;
const everyMs = 1500;
/** what a block that has just begun makes a client try is no part of what a message costs */
const settlingMs = 15_000;
const idleMs = 30_000;
const longestMs = 120_000;

/** Texts of 500 bytes from `a` to `c`, one after the other; what the same time costs without a text is taken off. */
export async function measureCosts(manner: Manner): Promise<MessageCosts> {
  await using pair = await openPair({ ...manner, line: plainLine, seed: 1 });
  const { stage, a, c } = pair;
  const texts = textsFrom(a, c);
  await texts.next();
  stage.block({ change: manner.change ?? 'network' });
  for (let at = 0; at < warmUps; at += 1) await texts.next();
  await wait(settlingMs);
  const before = sums(pair);
  await wait(idleMs);
  const rested = sums(pair);
  for (let at = 0; at < measured; at += 1) {
    const began = performance.now();
    await texts.next();
    await wait(Math.max(0, everyMs - (performance.now() - began)));
  }
  const ended = sums(pair);
  const costOf = (who: 'a' | 'c'): Cost => {
    const idle = scaled(minus(rested[who], before[who]), (measured * everyMs) / idleMs);
    return scaled(minus(minus(ended[who], rested[who]), idle), 1 / measured);
  };
  const idle = scaled(minus(rested.a, before.a), 60_000 / idleMs);
  return { name: manner.name, sender: costOf('a'), receiver: costOf('c'), idle };
}

async function* textsFrom(from: Program, to: Program): AsyncGenerator<void, void> {
  for (let at = 0; ; at += 1) {
    const text = `${at} `.padEnd(textBytes, 'words ');
    from.order({ do: 'text', to: 'c', text });
    await to.first((news): news is News => news.is === 'got' && news.text === text, {
      what: `text ${at}`,
      longestMs,
    });
    yield;
  }
}

function sums({ stage }: Pair): Readonly<Record<'a' | 'c', Cost>> {
  return { a: costSoFar(stage.internet.traffic('a')), c: costSoFar(stage.internet.traffic('c')) };
}

function costSoFar({ sent, received, flows }: Traffic): Cost {
  return {
    up: sent,
    down: received,
    connections: flows.filter(({ protocol }) => protocol === 'tcp').length,
  };
}

function minus(one: Cost, other: Cost): Cost {
  const amount = (a: Amount, b: Amount): Amount => ({
    packets: Math.max(0, a.packets - b.packets),
    bytes: Math.max(0, a.bytes - b.bytes),
  });
  return {
    up: amount(one.up, other.up),
    down: amount(one.down, other.down),
    connections: Math.max(0, one.connections - other.connections),
  };
}

function scaled({ up, down, connections }: Cost, by: number): Cost {
  const amount = ({ packets, bytes }: Amount): Amount => ({ packets: packets * by, bytes: bytes * by });
  return { up: amount(up), down: amount(down), connections: connections * by };
}

/** Rows for a table: packets and bytes up and down, and connections, of the sender, the receiver and a minute at rest. */
export const costHead: readonly string[] = [
  '500 B of text, for each',
  'sender: packets up / down',
  'bytes up / down',
  'connections',
  'receiver: packets up / down',
  'bytes up / down',
  'connections',
  'a minute at rest: packets',
  'bytes',
];

export function costRow({ name, sender, receiver, idle }: MessageCosts): readonly string[] {
  const end = ({ up, down, connections }: Cost): readonly string[] => [
    `${up.packets.toFixed(1)} / ${down.packets.toFixed(1)}`,
    `${up.bytes.toFixed(0)} / ${down.bytes.toFixed(0)}`,
    connections.toFixed(2),
  ];
  const rest = [idle.up.packets + idle.down.packets, idle.up.bytes + idle.down.bytes];
  return [name, ...end(sender), ...end(receiver), ...rest.map((value) => value.toFixed(0))];
}
