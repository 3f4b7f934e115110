import { limits, type Hint } from '@tern/protocol';
import { reachedRelayTable } from './deferred-messages.ts';
import { hostName, type Engine } from './engine.ts';

/** A log that was read so long ago, or longer, may have gone on so far that nothing sealed now would be taken (rule 12). */
export const readWithinMs: number = limits.pastAppendSeconds * 1000;

/**
 * Remembered while a relay is reached, for the time when it is not. Everything there has just been read.
 * @param options.sends what is written leaves, too; where it does not, the relay is as good as cut off for it
 */
export async function noteReached(
  engine: Engine,
  host: Hint,
  options: { readonly signal: AbortSignal; readonly sends?: boolean },
): Promise<void> {
  if (options.sends !== false) engine.cutOff.since.delete(hostName(host));
  const path = engine.path(host);
  if (path.lastExchange === undefined) return;
  const card = await path.card(options);
  const readAt = Math.round(engine.now());
  const known = await engine.store.read((view) => reachedRelayTable.get(view, '', hostName(host)));
  const isNew = known === undefined || known.card.number < card.number;
  if (!isNew && readAt - known.readAt < readWithinMs / 100) return;
  await engine.store.change(async (change) =>
    reachedRelayTable.put(change, '', hostName(host), { card, readAt }),
  );
}

/** No way led to it, or none for what is to be sent, just now. @param because code of the trouble */
export function noteUnreached({ cutOff, world }: Engine, host: Hint, because: string): void {
  if (because === 'withheld') return; // it answers, and keeps something back
  const name = hostName(host);
  if (!cutOff.since.has(name)) cutOff.since.set(name, world.now());
}
