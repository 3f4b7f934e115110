import type { Attempt } from './attempt.ts';
import { concerns } from './way-order.ts';
import { relayOf, type Way } from './way.ts';

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

  /** One of those shares with this way what it stopped at. */
  doubts(way: Way): boolean {
    return this.#silent().some((attempt) => sharesDoubt(attempt, way));
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

/** What an attempt is stopped by, if it is, may stop this way as well. */
export function sharesDoubt(attempt: Attempt, way: Way): boolean {
  const { failure, way: stopped, blind } = attempt;
  if (concerns(failure, stopped, way)) return true;
  // nobody sees to which address a name led: it may be that one and the port
  const straight = way.carrier !== 'forward' && stopped.carrier !== 'forward';
  return (
    blind && failure === 'hello' && straight && relayOf(stopped) === relayOf(way) && stopped.port === way.port
  );
}
