import type { GapView, MessageView } from '@tern/core';
import type { DeviceId, MessageId } from '@tern/protocol';

export type Item = MessageView | GapView;

/** How long what came after a gap waits for what is missing, before it is shown all the same. */
export const longestHoldMs = 60_000;

/**
 * What a stream shows of a conversation that grows: each message once, and those of one device in the order of their
 * numbers. A gap is shown at once; what comes after it waits for what is missing, though not for ever.
 */
export class FollowOrder {
  readonly #shown = new Set<MessageId>();
  readonly #gapsSince = new Map<string, number>();

  /**
   * @param items the conversation as it is now @param now milliseconds
   * @returns what is new to show, and when to ask again although nothing changed
   */
  next(
    items: readonly Item[],
    now: number,
  ): { readonly show: readonly Item[]; readonly againAt: number | undefined } {
    const show: Item[] = [];
    const held = new Set<DeviceId>();
    const gaps = new Set<string>();
    let againAt: number | undefined;
    for (const [at, item] of items.entries()) {
      if (item.kind === 'message') {
        if (this.#shown.has(item.id) || held.has(item.device)) continue;
        this.#shown.add(item.id);
        show.push(item);
        continue;
      }
      const gap = gapName(item, items.slice(at + 1));
      gaps.add(gap);
      const since = this.#gapsSince.get(gap);
      if (since === undefined) {
        this.#gapsSince.set(gap, now);
        show.push(item);
      }
      const until = (since ?? now) + longestHoldMs;
      if (now >= until) continue;
      held.add(item.device);
      againAt = Math.min(againAt ?? until, until);
    }
    for (const gap of this.#gapsSince.keys()) if (!gaps.has(gap)) this.#gapsSince.delete(gap);
    return { show, againAt };
  }
}

/** A gap is known by what comes after it: how much of it is missing may change, that does not. */
function gapName(gap: GapView, after: readonly Item[]): string {
  const next = after.find((item) => item.kind === 'message' && item.device === gap.device);
  return `${gap.device} ${next?.kind === 'message' ? next.id : ''}`;
}

/** Several conversations as one, by arrival; within a conversation nothing changes its order. */
export function mergedByArrival(lists: readonly (readonly Item[])[]): readonly Item[] {
  const queues = lists.map((list) => ({ list, times: arrivalTimes(list), at: 0 }));
  const merged: Item[] = [];
  for (;;) {
    let earliest: (typeof queues)[number] | undefined;
    for (const queue of queues) {
      const time = queue.times[queue.at];
      if (time !== undefined && time < (earliest?.times[earliest.at] ?? Number.POSITIVE_INFINITY))
        earliest = queue;
    }
    const item = earliest?.list[earliest.at];
    if (earliest === undefined || item === undefined) return merged;
    merged.push(item);
    earliest.at += 1;
  }
}

/** A gap takes the time of what comes after it; the last one, of what came before. */
function arrivalTimes(list: readonly Item[]): readonly number[] {
  let time = list.findLast((item) => item.kind === 'message')?.arrivedAt ?? 0;
  return list
    .map((item) => item)
    .toReversed()
    .map((item) => {
      if (item.kind === 'message') time = item.arrivedAt;
      return time;
    })
    .toReversed();
}
