import type { Finding } from './finding.ts';
import { fewPass } from './few-packets.ts';
import {
  connectionBytes,
  helloUnanswered,
  isFresh,
  median,
  neverConnected,
  packetsEstimate,
  placeOf,
} from './measures.ts';
import type { Observation } from './observation.ts';
import { crawls } from './speed-rules.ts';
import { bestControl, inSameMinute, says, type WayFacts } from './way-facts.ts';

/** What was seen in the field: 5 to 64 kB, 25 packets mostly; the small end leaves room for a request and its answer. */
export const freeze = { leastBytes: 3000, mostBytes: 80_000, leastPackets: 12 } as const;
/** Once is chance. */
const twice = 2;
/** Two counts are one if they are so near. */
const sameCount = { share: 0.25, packets: 4 } as const;

/** Where a small request passes, two connections that fall silent after the same amount are no accident. */
export function judgeFreeze(facts: WayFacts): Finding | undefined {
  if (fewPass(facts.recent) || facts.failing.some(isLostUnseen)) return undefined;
  const all = [...facts.near, ...facts.others];
  const stops = (one: Observation): boolean =>
    isStall(one) && !mayBeShut(one, facts) && !isShutSince(one, all);
  const own = facts.near.filter(stops);
  const answered = facts.near.filter(({ end }) => end === 'answered');
  // what counts packets counts them for many addresses: the same on another way in the same minute is the second time
  const stalls = [
    ...own,
    ...facts.others.filter((one) => stops(one) && own.some((o) => inSameMinute(o, one))),
  ];
  // of what goes up only how much was handed over is known, not how much passed: it says nothing about the count by itself
  if (
    stalls.every((one) => one.downBytes === 0 && !isFlowing(one)) &&
    !answered.some(({ upBytes }) => upBytes >= freeze.leastBytes)
  )
    return undefined;
  const packets = median(stalls.map(packetsEstimate));
  const bytes = median(stalls.map(connectionBytes));
  if (packets === undefined || bytes === undefined) return undefined;
  const alike = stalls.filter((one) => {
    const near =
      Math.abs(packetsEstimate(one) - packets) <= Math.max(sameCount.packets, packets * sameCount.share);
    return near || Math.abs(connectionBytes(one) - bytes) <= bytes * sameCount.share;
  });
  if (alike.length < twice || alike.length * 3 < stalls.length * 2) return undefined;
  if (!alike.some((one) => own.includes(one))) return undefined;
  const beganAt = Math.min(...alike.map((one) => one.beganAt));
  const beyond = answered.filter(
    (one) =>
      (one.endedAt >= beganAt || facts.answered.includes(one)) &&
      packetsEstimate(one) > packets * 1.3 &&
      connectionBytes(one) > bytes * 1.3,
  );
  const below = answered.filter((one) => connectionBytes(one) < bytes);
  if (beyond.length > alike.length / 2 || below.length === 0) return undefined;
  const cause = { kind: 'frozen', bytes: Math.round(bytes), packetsEstimate: Math.round(packets) } as const;
  return { cause, alike, looked: facts.near, bytes: Math.round(bytes), control: bestControl(facts, alike) };
}

/** Not even a hello is answered there since then: what stops so does not stop after an amount. */
export function isShutSince(stop: Observation, all: readonly Observation[]): boolean {
  const there = all.filter((one) => says(one) && isFresh(one) && placeOf(one.way) === placeOf(stop.way));
  const lost = there.filter((one) => helloUnanswered(one) && one.endedAt >= stop.beganAt);
  const lostAt = Math.min(...lost.map(({ beganAt }) => beganAt));
  return lost.length > 0 && !there.some(({ end, beganAt }) => end === 'answered' && beganAt >= lostAt);
}

/** Nothing came of it, and where the connection is hidden that may be for any reason. */
function isHiddenLoss({ connection, downBytes, end }: Observation): boolean {
  return connection === undefined && downBytes === 0 && end !== 'answered';
}

/** One that was small: whatever it is, here not even that passes. */
function isLostUnseen(one: Observation): boolean {
  return isHiddenLoss(one) && one.upBytes < freeze.leastBytes;
}

/** A large one of these tells of its size only if another connection was answered there since. */
function mayBeShut(one: Observation, { near, others }: WayFacts): boolean {
  const answeredSince = (other: Observation): boolean =>
    other.way.key === one.way.key &&
    other.end === 'answered' &&
    isFresh(other) &&
    other.beganAt >= one.beganAt;
  return isHiddenLoss(one) && !near.some(answeredSince) && !others.some(answeredSince);
}

/** Much came on this connection before, and what went up since is hardly anything. */
function isFlowing({ connection, upBytes }: Observation): boolean {
  return (
    (connection?.downBytes ?? 0) >= freeze.leastBytes &&
    upBytes * 2 < freeze.leastBytes &&
    connection?.fresh === false
  );
}

function isStall(one: Observation): boolean {
  return (
    (one.end === 'silent' || one.end === 'closed-early') &&
    !helloUnanswered(one) &&
    !neverConnected(one) &&
    !crawls(one) &&
    connectionBytes(one) >= freeze.leastBytes &&
    connectionBytes(one) <= freeze.mostBytes &&
    packetsEstimate(one) >= freeze.leastPackets
  );
}
