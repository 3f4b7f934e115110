import { isFresh, sentHello } from './diagnosis/measures.ts';
import type { Observation } from './diagnosis/observation.ts';

/** Given up before anything left or came: nobody can follow anything from it. */
export function tellsNothing(one: Observation): boolean {
  const { end, connection, downBytes } = one;
  if (end !== 'cancelled' || downBytes > 0 || sentHello(one)) return false;
  return connection === undefined || (isFresh(one) && connection.upBytes + connection.downBytes === 0);
}

/**
 * Those that are kept where there is room for so many: while they are too many, the oldest of the way that has the most goes. A file of
 * which each piece tries one way must not push out what was seen of the others.
 * @param some oldest first
 */
export function newestOfEach<One>(
  some: readonly One[],
  { most, keyOf }: { readonly most: number; readonly keyOf: (one: One) => string },
): readonly One[] {
  if (some.length <= most) return some;
  const byWay = [...Map.groupBy(some, keyOf).values()];
  let over = some.length - most;
  const gone = new Set<One>();
  const lengths = byWay.map((those) => those.length);
  for (; over > 0; over -= 1) {
    const at = lengths.indexOf(Math.max(...lengths));
    const those = byWay[at];
    const oldest = those?.[those.length - (lengths[at] ?? 0)];
    if (oldest === undefined) break;
    gone.add(oldest);
    lengths[at] = (lengths[at] ?? 0) - 1;
  }
  return some.filter((one) => !gone.has(one));
}
