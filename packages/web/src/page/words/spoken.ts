/**
 * The page's words, and how its language writes times, sizes and numbers. One language is loaded at a time, and of it only what the
 * first screen says; {@link laterWords} brings the rest along with the first screen that needs it.
 */
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import { fill, type Filling, type Message } from './message.ts';
import type { en } from './en.ts';
import type { enLater } from './en-later.ts';

export type Locale = 'en' | 'ru';

/** In the order in which settings offer them. */
export const locales: readonly Locale[] = ['en', 'ru'];

export type Words = typeof en & typeof enLater;
export type WordKey = keyof Words;
/** Words that can be said without filling anything in: for tables from a code to a sentence. */
export type PlainWordKey = { readonly [K in WordKey]: Filling<Words[K]> extends [] ? K : never }[WordKey];

interface Spoken {
  readonly locale: Locale;
  readonly words: Readonly<Record<string, Message>>;
  readonly later: boolean;
}

const spoken = signal<Spoken>({ locale: 'en', words: {}, later: false });

export const locale: ReadonlySignal<Locale> = computed(() => spoken.value.locale);

const rules = computed(() => ({
  plural: new Intl.PluralRules(locale.value),
  number: new Intl.NumberFormat(locale.value),
}));

/** A sentence in the person's language. Read while rendering, it is said anew when the language changes. */
export function t<K extends WordKey>(key: K, ...filling: Filling<Words[K]>): string {
  const message = spoken.value.words[key];
  // a sentence that is not loaded yet is nothing for a moment, never a name of ours
  return message === undefined ? '' : fill(message, filling[0] ?? {}, rules.value);
}

/** Loads a language and speaks it from then on. */
export async function speak(next: Locale): Promise<void> {
  const { later } = spoken.value;
  const words = { ...(await first[next]()), ...(later && (await rest[next]())) };
  spoken.value = { locale: next, words, later };
  if (typeof document !== 'undefined') document.documentElement.lang = next;
}

/** Everything that the first screen does not say. Loaded once; a failed load can be tried again. */
export async function laterWords(): Promise<void> {
  if (spoken.value.later) return;
  const { locale: of } = spoken.value;
  const words = await rest[of]();
  if (spoken.value.locale !== of) return laterWords();
  spoken.value = { locale: of, words: { ...spoken.value.words, ...words }, later: true };
}

/** The best that the browser asks for; English where it asks for none of ours. */
export function localeFor(asked: readonly string[]): Locale {
  for (const tag of asked) {
    const found = locales.find((one) => tag.toLowerCase().startsWith(one));
    if (found !== undefined) return found;
  }
  return 'en';
}

const first: Readonly<Record<Locale, () => Promise<Readonly<Record<string, Message>>>>> = {
  en: async () => (await import('./en.ts')).en,
  ru: async () => (await import('./ru.ts')).ru,
};

const rest: Readonly<Record<Locale, () => Promise<Readonly<Record<string, Message>>>>> = {
  en: async () => (await import('./en-later.ts')).enLater,
  ru: async () => (await import('./ru-later.ts')).ruLater,
};
