/** The door to the page's words: what is said, and how times, sizes and numbers are written. */
export { laterWords, locale, localeFor, locales, speak, t } from './spoken.ts';
export type { Locale, PlainWordKey } from './spoken.ts';
export { tame } from './foreign-text.ts';
export { ago, clock, count, dateAndTime, day, duration, size, until } from './format.ts';
