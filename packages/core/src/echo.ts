import { UnreachableError, type Hint } from '@tern/protocol';
import type { Engine } from './engine.ts';

/** as with any first byte: so many times what the last answer took, where that is more than what is given beside */
const latencies = 6;
const echoMs = 2000;

/**
 * What was added to a watched log ends the watch as well, unless its connection is dead: then silence is all that one would ever see. An answer
 * that is there has ended it, however long what it names takes to come.
 */
export async function echo(
  engine: Engine,
  host: Hint,
  { over, isAnswered }: { readonly over: AbortController; readonly isAnswered: () => boolean },
): Promise<void> {
  try {
    await engine.world.wait(patienceMs(engine, host, echoMs), { signal: over.signal });
  } catch {
    return; // it ended
  }
  if (!isAnswered()) over.abort(new UnreachableError('the watch does not answer', { code: 'silent' }));
}

/** How long an answer that nobody holds back may take. */
export function patienceMs(engine: Engine, host: Hint, leastMs: number): number {
  return Math.max(leastMs, latencies * (engine.path(host).lastExchange?.latencyMs ?? 0));
}
