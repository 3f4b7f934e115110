import { computed } from '@preact/signals';
import { clock, locale } from '../words/words.ts';

const weekMs = 6 * 86_400_000;

const formats = computed(() => ({
  weekday: new Intl.DateTimeFormat(locale.value, { weekday: 'short' }),
  date: new Intl.DateTimeFormat(locale.value, { day: 'numeric', month: 'numeric', year: '2-digit' }),
  whole: new Intl.DateTimeFormat(locale.value, { dateStyle: 'full', timeStyle: 'short' }),
}));

/** As short as it can be without a doubt: the time today, the weekday within a week, else the date. @param at milliseconds since 1970 */
export function shortMoment(at: number, now: number): string {
  const { weekday, date } = formats.value;
  if (new Date(at).toDateString() === new Date(now).toDateString()) return clock(at);
  return at < now && now - at < weekMs ? weekday.format(at) : date.format(at);
}

/** Everything about a moment, for who asks. @param at milliseconds since 1970 */
export function wholeMoment(at: number): string {
  return formats.value.whole.format(at);
}
