import type { Lifetime } from 'ts-mls';

/** How long a device's key package may be used to add it. */
const keyPackageLifetimeMs: number = 60 * 24 * 60 * 60 * 1000;
/** Clocks of devices may differ by this much (protocol rule 32). */
const clockToleranceMs: number = 48 * 60 * 60 * 1000;

const second = 1000;

/** Begins early, for committers whose clocks are behind. @param now milliseconds since 1970 */
export function lifetimeFrom(now: number): Lifetime {
  return {
    notBefore: seconds(Math.max(0, now - clockToleranceMs)),
    notAfter: seconds(now + keyPackageLifetimeMs),
  };
}

/** The committer is strict: it can always ask for a newer key package. */
export function acceptedAtCommitter(lifetime: Lifetime, now: number): boolean {
  return isShort(lifetime) && lifetime.notBefore <= seconds(now) && seconds(now) <= lifetime.notAfter;
}

/** A receiver that refused what the others took would fall out of the group: it leaves room for clocks. */
export function acceptedAtReceiver(lifetime: Lifetime, now: number): boolean {
  const room = seconds(clockToleranceMs);
  return (
    isShort(lifetime) && lifetime.notBefore <= seconds(now) + room && seconds(now) <= lifetime.notAfter + room
  );
}

function isShort({ notBefore, notAfter }: Lifetime): boolean {
  return notBefore <= notAfter && notAfter - notBefore <= seconds(keyPackageLifetimeMs + clockToleranceMs);
}

function seconds(ms: number): bigint {
  return BigInt(Math.floor(ms / second));
}
