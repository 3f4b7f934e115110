import type { Attempt } from './attempt.ts';
import { dialRules } from './dial-rules.ts';
import { concerns } from './way-order.ts';
import { relayOf, sameRelay, saysNoName, type Way } from './way.ts';

/** What is doubtful already for what it shares with another try costs as much as so long a wait. */
const sharedMs = 6000;

/**
 * Every attempt that is under way. What one request waits for in vain the next one need not find out for itself: a watch and a text that
 * leave together meet the same silence.
 */
export class UnderWay {
  readonly #attempts = new Set<Attempt>();
  /** when a relay was last heard of without another in between, ms since 1970 */
  readonly #answeredAt = new Map<string, number>();

  began(attempt: Attempt): void {
    this.#attempts.add(attempt);
  }

  ended(attempt: Attempt): void {
    this.#attempts.delete(attempt);
  }

  answered(attempt: Attempt): void {
    const { way } = attempt;
    if (way.carrier !== 'forward') this.#answeredAt.set(relayOf(way), attempt.lastAt);
  }

  /** straight ways to this relay that have been silent for too long, and nothing came on another of them meanwhile */
  silentTo(relay: string): number {
    return this.#silent().filter(({ way }) => relayOf(way) === relay).length;
  }

  /** How much one of those speaks against this way, ms. */
  doubtMs(way: Way): number {
    return Math.max(0, ...this.#silent().map((attempt) => doubtMs(attempt, way)));
  }

  #silent(): readonly Attempt[] {
    return [...this.#attempts].filter((attempt) => {
      const { doubted, failure, way, lastAt } = attempt;
      if (!doubted || way.carrier === 'forward' || (this.#answeredAt.get(relayOf(way)) ?? 0) > lastAt)
        return false;
      // of what stopped later its connection may be to blame
      return failure === 'connect' || failure === 'hello';
    });
  }
}

/** How much an attempt that is taking too long speaks against this way, which what stops it may stop as well, ms. */
export function doubtMs(attempt: Attempt, way: Way): number {
  const { failure, way: stopped, blind } = attempt;
  if (isOfItsConnection(attempt)) return 0;
  if (concerns(failure, stopped, way)) return sharedMs;
  const straight = way.carrier !== 'forward' && stopped.carrier !== 'forward';
  if (!blind || failure !== 'hello' || !straight || !sameRelay(stopped, way)) return 0;
  // nobody sees to which address a name led: it may be that one and the port
  if (stopped.port === way.port) return dialRules.shunnedMs;
  return stopped.serverName !== '' && way.serverName !== '' ? dialRules.waryMs : 0;
}

/**
 * How much those that are taking too long speak for this way, ms, where all of them were asked on connections that had carried others: they may
 * have said their names anew, and nobody answers to those.
 */
export function favourMs(stuck: readonly Attempt[], way: Way): number {
  const mayBeNames =
    stuck.length > 0 && stuck.every((attempt) => mayHaveSaidItsName(attempt) && sameRelay(attempt.way, way));
  return mayBeNames && saysNoName(way) ? dialRules.addressMs : 0;
}

/** It is silent on a connection that a browser was believed to have: if that was gone, another was opened, and nobody tells. */
export function mayHaveSaidItsName(attempt: Attempt): boolean {
  return attempt.blind && isOfItsConnection(attempt) && attempt.way.serverName !== '';
}

/** It was asked on a connection that had carried others, which is likelier to blame than the way. */
function isOfItsConnection({ reused, failure }: Attempt): boolean {
  return reused && failure === 'answer';
}
