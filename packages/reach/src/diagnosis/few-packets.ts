import { beyondHello, helloUnanswered, neverConnected, segmentBytes } from './measures.ts';
import type { Observation } from './observation.ts';
import { inSameMinute, says, type WayFacts } from './way-facts.ts';

/**
 * Connections stop there, and none carried more than one segment after its hello was answered. What looks at hellos lets five to eight packets pass after
 * one; what counts lets twenty and more.
 */
export function fewPass(recent: readonly Observation[]): boolean {
  const stopped = recent.filter(
    (one) => one.end === 'silent' && !helloUnanswered(one) && !neverConnected(one),
  );
  return stopped.length > 0 && recent.every((one) => (beyondHello(one, recent) ?? Infinity) <= segmentBytes);
}

/** On other ways in the same minute. */
export function stopsAsEarly(facts: WayFacts, own: readonly Observation[]): readonly Observation[] {
  const near = facts.others.filter((other) => says(other) && own.some((one) => inSameMinute(one, other)));
  return [...Map.groupBy(near, ({ way }) => way.key).values()]
    .filter(fewPass)
    .flatMap((those) => those.filter(({ end }) => end === 'silent'));
}
