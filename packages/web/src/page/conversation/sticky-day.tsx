import type { ReadonlySignal } from '@preact/signals';
import type { VNode } from 'preact';
import type { VirtualizerHandle } from 'virtua';
import { useToday } from '../list/today.ts';
import { day } from '../words/words.ts';
import type { Row } from './rows.ts';

/** A day between the messages, with the room around it; above the first one stands how the conversation began. */
const dayLinePx = 48;

/** Above the messages while one reads older ones: the day they are of. */
export function StickyDay(props: {
  readonly at: ReadonlySignal<number | undefined>;
  readonly shown: ReadonlySignal<boolean>;
}): VNode | null {
  const now = useToday();
  const at = props.at.value;
  return at === undefined || !props.shown.value ? null : (
    <p class="day sticky-day" aria-hidden="true">
      <span>{day(at, now)}</span>
    </p>
  );
}

/** @returns what the day on top says, in milliseconds since 1970; undefined while the list itself says it there. @param before where the line has no time */
export function dayAbove(
  list: VirtualizerHandle,
  rows: readonly Row[],
  before: number | undefined,
): number | undefined {
  const at = list.findItemIndex(list.scrollOffset);
  const top = rows[at];
  const within = list.scrollOffset - list.getItemOffset(at);
  const isSaid = top?.day !== undefined && within < (at === 0 ? 2 * dayLinePx : dayLinePx);
  const comes = rows[at + 1]?.day !== undefined && list.getItemOffset(at + 1) - list.scrollOffset < dayLinePx;
  if (isSaid || comes || top === undefined) return undefined;
  return top.line.kind === 'gap' ? before : top.line.at;
}
