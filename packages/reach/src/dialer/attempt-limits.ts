import type { Stage } from './attempt-report.ts';
import { dialRules } from './dial-rules.ts';
import { holdRules } from './hold.ts';
import type { Standing } from './standing.ts';
import type { Way } from './way.ts';

/** How long an attempt may stay in a stage without anybody doubting it, ms. @param asked `now`: when it came there */
export function longestMs(
  stage: Stage,
  asked: {
    readonly way: Way;
    readonly standing: Standing;
    readonly upBytes: number;
    readonly heldMs: number;
    readonly bulk: boolean;
    readonly now: number;
  },
): number {
  const { way, standing, upBytes, heldMs, bulk, now } = asked;
  const { rttMs = 0, patience, bytesPerSecond = dialRules.upBytesPerSecond } = standing;
  const scaled = (ms: number): number => Math.max(ms, dialRules.firstByteRtts * rttMs) * patience;
  switch (stage) {
    case 'waiting':
      return bulk ? dialRules.bulkWaitMs : dialRules.waitingMs;
    case 'coming':
      return dialRules.waitingMs;
    case 'lookup':
      return dialRules.lookupMs;
    case 'connect':
      return scaled(dialRules.connectMs);
    case 'hello':
      return scaled(dialRules.helloMs);
    case 'answer': {
      const leavingMs = upBytes > 2048 ? (upBytes * 2000) / Math.max(2000, bytesPerSecond) : 0;
      // a relay in between may be silent itself, unless it was not just now
      const sure = way.carrier !== 'forward' || now - standing.goodAt < dialRules.sureMs;
      return heldMs > 0 && sure ? heldMs + holdRules.graceMs : scaled(dialRules.firstByteMs) + leavingMs;
    }
  }
}

/** A rate is told by so much; or by less that took so long, which no packet that was lost explains. */
const tellingBytes = 6000;
const slowBytes = 1000;
const slowMs = 2000;

/** Bytes a second; undefined where they tell none. */
export function rateOf(bytes: number, ms: number): number | undefined {
  const telling = bytes >= tellingBytes || (bytes >= slowBytes && ms >= slowMs);
  return telling ? (bytes * 1000) / Math.max(5, ms) : undefined;
}
