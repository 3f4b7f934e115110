/** How the page's language writes times, days, sizes and numbers. Formatters are costly to make: each is made once a language. */
import { computed, type ReadonlySignal } from '@preact/signals';
import { locale } from './spoken.ts';

/** The language with the habits of the country that the browser names: in London the clock has 24 hours. */
const tag = computed(
  () => globalThis.navigator.languages.find((one) => one.startsWith(locale.value)) ?? locale.value,
);

const dayMs = 86_400_000;

const numbers = formatter((of) => new Intl.NumberFormat(of));
const clocks = formatter((of) => new Intl.DateTimeFormat(of, { timeStyle: 'short' }));
const moments = formatter(
  (of) => new Intl.DateTimeFormat(of, { day: 'numeric', month: 'long', hour: 'numeric', minute: '2-digit' }),
);
const weekdays = formatter((of) => new Intl.DateTimeFormat(of, { weekday: 'long' }));
const days = formatter((of) => new Intl.DateTimeFormat(of, { day: 'numeric', month: 'long' }));
const daysOfYears = formatter((of) => new Intl.DateTimeFormat(of, { dateStyle: 'long' }));
const relative = formatter((of) => new Intl.RelativeTimeFormat(of, { numeric: 'auto' }));

/** "14:05", or "2:05 PM". @param at milliseconds since 1970, here and below */
export function clock(at: number): string {
  return clocks.value.format(at);
}

/** "14 March at 14:05". */
export function dateAndTime(at: number): string {
  return moments.value.format(at);
}

/** "Today", "Yesterday", a weekday within the last week, then the date. */
export function day(at: number, now: number): string {
  const age = daysBetween(at, now);
  if (age === 0 || age === 1) return capital(relative.value.format(-age, 'day'));
  if (age > 1 && age < 7) return capital(weekdays.value.format(at));
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return (sameYear ? days : daysOfYears).value.format(at);
}

/** "2 minutes ago", "yesterday"; "now" for anything under half a minute. */
export function ago(at: number, now: number): string {
  const seconds = Math.round((at - now) / 1000);
  if (seconds > -30) return relative.value.format(0, 'second');
  return span(seconds, (value, unit) => relative.value.format(value, unit));
}

/** "in 12 seconds", "in 3 days". */
export function until(at: number, now: number): string {
  return span(Math.max(1, Math.round((at - now) / 1000)), (value, unit) =>
    relative.value.format(value, unit),
  );
}

/** "12 s", "3 min". */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return seconds < 60 ? unit(seconds, 'second') : unit(Math.round(seconds / 60), 'minute');
}

/** "820 B", "14 kB", "1.4 MB". @param bytes of powers of ten, as files are sold */
export function size(bytes: number): string {
  if (bytes < 1000) return unit(bytes, 'byte');
  if (bytes < 999_500) return unit(Math.round(bytes / 1000), 'kilobyte');
  if (bytes < 999_950_000) return unit(bytes / 1_000_000, 'megabyte');
  return unit(bytes / 1_000_000_000, 'gigabyte');
}

/** "10,000" */
export function count(value: number): string {
  return numbers.value.format(value);
}

function unit(value: number, name: string): string {
  const text = new Intl.NumberFormat(tag.value, {
    style: 'unit',
    unit: name,
    unitDisplay: name === 'byte' ? 'narrow' : 'short',
    maximumFractionDigits: 1,
  }).format(value);
  // the narrow form, the only one that does not say "byte" in full, is written together
  return name === 'byte' ? text.replace(/^([\d\s.,]+)(?=\S)/, (digits) => `${digits.trim()}\u00a0`) : text;
}

function span(seconds: number, write: (value: number, unit: Intl.RelativeTimeFormatUnit) => string): string {
  const size = Math.abs(seconds);
  if (size < 60) return write(seconds, 'second');
  if (size < 3600) return write(Math.round(seconds / 60), 'minute');
  if (size < 86_400) return write(Math.round(seconds / 3600), 'hour');
  return write(Math.round(seconds / 86_400), 'day');
}

/** Whole days by the calendar on the wall, not by hours gone by; a day of 23 or 25 hours counts as one. */
function daysBetween(at: number, now: number): number {
  return Math.round((startOfDay(now) - startOfDay(at)) / dayMs);
}

function startOfDay(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

function capital(text: string): string {
  return text.charAt(0).toLocaleUpperCase(locale.value) + text.slice(1);
}

function formatter<F>(make: (of: string) => F): ReadonlySignal<F> {
  return computed(() => make(tag.value));
}
