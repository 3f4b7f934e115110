import type { World } from '@tern/protocol';
import type { Ended } from '../dialer/attempt-report.ts';
import { DialError, endedBy } from '../dialer/carrier.ts';

/** As RFC 8305 section 8 recommends. */
const nextAddressMs = 250;
/** A resolver may name as many as it likes; so many have begun after two seconds, and after three another way is tried beside. */
const mostAddresses = 8;

export interface AddressRace<Stands> {
  readonly world: Pick<World, 'wait'>;
  readonly signal: AbortSignal;
  /** Whoever is not the first is aborted. @throws {DialError} @throws the signal's reason, with nothing left open */
  readonly connect: (address: string, options: { readonly signal: AbortSignal }) => Promise<Stands>;
  /** of one that stands when another stood before it, or nobody waits any more */
  readonly close: (one: Stands) => void;
}

/**
 * The first of these addresses at which something stands (RFC 8305, Happy Eyeballs version 2): families by turns, the next address when
 * the last one failed or said nothing for a while, and those before it stay in: where every round trip is slow, one that was given up for
 * being slow would never stand.
 * @throws {DialError} that of the address that told most, where all failed @throws the signal's reason
 */
export async function firstToStand<Stands>(
  addresses: readonly string[],
  { world, signal, connect, close }: AddressRace<Stands>,
): Promise<Stands> {
  signal.throwIfAborted();
  if (addresses.length === 0) throw new DialError('name', 'no address');
  const over = new AbortController();
  const ending = AbortSignal.any([signal, over.signal]);
  let turn = Promise.resolve();
  const attempts = byTurns(addresses).map((address) => {
    const attempt = turn.then(() => {
      ending.throwIfAborted();
      return connect(address, { signal: ending });
    });
    turn = turn.then(() => failedOrLate(attempt, { world, signal: ending }));
    turn.catch(() => undefined);
    return attempt;
  });
  let winner: Stands | undefined;
  try {
    winner = await Promise.any(attempts);
    return winner;
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof AggregateError ? mostTelling(error.errors) : error;
  } finally {
    over.abort(new DialError('left', 'another address stood first'));
    for (const attempt of attempts)
      attempt.then(
        (one) => one === winner || close(one),
        () => undefined,
      );
  }
}

/** As the resolver ordered them, and from one family to the other each time (RFC 8305 section 4): one of them may lead nowhere. */
function byTurns(addresses: readonly string[]): readonly string[] {
  const isOfSix = (address: string): boolean => address.includes(':');
  const all = [...new Set(addresses)];
  const [first = ''] = all;
  const own = all.filter((address) => isOfSix(address) === isOfSix(first));
  const other = all.filter((address) => isOfSix(address) !== isOfSix(first));
  const turns = own.map((address, at) => [address, ...other.slice(at, at + 1)]);
  return [...turns.flat(), ...other.slice(own.length)].slice(0, mostAddresses);
}

async function failedOrLate(
  attempt: Promise<unknown>,
  { world, signal }: { readonly world: Pick<World, 'wait'>; readonly signal: AbortSignal },
): Promise<void> {
  const done = new AbortController();
  const late = world.wait(nextAddressMs, { signal: AbortSignal.any([signal, done.signal]) });
  try {
    await Promise.race([late, attempt.then(() => late)]);
  } catch {
    signal.throwIfAborted();
  } finally {
    late.catch(() => undefined);
    done.abort();
  }
}

/** Where somebody answered, that says more than a line that leads nowhere, as IPv6 does on many. */
const tellings: readonly Ended[] = ['failed', 'refused', 'reset'];

function mostTelling(errors: readonly unknown[]): unknown {
  const telling = (error: unknown): number => tellings.indexOf(endedBy(error));
  return errors.toSorted((a, b) => telling(b) - telling(a))[0];
}
