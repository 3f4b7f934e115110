import { UnreachableError, type World } from '@tern/protocol';

/** A network that says nothing is the only sign of some cuts, so every wait for a piece has an end of its own. */
export interface Patience {
  readonly world: Pick<World, 'wait'>;
  readonly longestSilenceMs: number;
}

/**
 * Whatever settles first: the work, the end of patience, or the signal.
 * @throws {UnreachableError} with code `silent` when patience ended first
 */
export async function withPatience<T>(
  work: Promise<T>,
  patience: Patience,
  options: { readonly signal: AbortSignal },
): Promise<T> {
  const done = new AbortController();
  const silence = patience.world
    .wait(patience.longestSilenceMs, { signal: AbortSignal.any([options.signal, done.signal]) })
    .then((): never => {
      throw new UnreachableError('nothing came for too long', { code: 'silent' });
    });
  try {
    return await Promise.race([work, silence]);
  } finally {
    silence.catch(() => undefined); // it lost the race, or its error is on the way to the caller already
    done.abort();
  }
}
