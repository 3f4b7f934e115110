/**
 * What a person likes on this device: how it looks, what it speaks, how sparing it is. Not secret and needed before a home is
 * unlocked, so it is kept in localStorage and not in the home.
 */
import { effect, signal, type ReadonlySignal } from '@preact/signals';
import { localeFor, locales, speak, type Locale } from './words/words.ts';

export interface Preferences {
  /** `system`: as the browser asks */
  readonly language: 'system' | Locale;
  readonly theme: 'system' | 'light' | 'dark';
  /** `auto`: sparing while the path is slow or the browser asks for it */
  readonly lowData: 'auto' | 'on' | 'off';
}

const standard: Preferences = { language: 'system', theme: 'system', lowData: 'auto' };

const choices: { readonly [K in keyof Preferences]: readonly Preferences[K][] } = {
  language: ['system', ...locales],
  theme: ['system', 'light', 'dark'],
  lowData: ['auto', 'on', 'off'],
};

/** The shell's first page reads the language and the theme under these names, before any of this is loaded. */
const prefix = 'tern.';

const kept = signal<Preferences>(read());

export const preferences: ReadonlySignal<Preferences> = kept;

/** Remembers a choice and follows it at once; a new language is spoken when its words are here. */
export async function prefer<K extends keyof Preferences>(name: K, value: Preferences[K]): Promise<void> {
  kept.value = { ...kept.value, [name]: value };
  try {
    globalThis.localStorage.setItem(prefix + name, value);
  } catch {
    // a browser that keeps nothing for us still follows the choice until it is closed
  }
  if (name === 'language') await speak(localeOf(kept.value));
}

/** Speaks and looks as this person likes, from now on until the signal ends it; resolves when the words are here. */
export async function followPreferences(ending: AbortSignal): Promise<void> {
  const stop = effect(() => {
    document.documentElement.dataset['theme'] = kept.value.theme;
  });
  ending.addEventListener('abort', stop);
  await speak(localeOf(kept.value));
}

/** Whether to be sparing with bytes now. @param slow what the path itself has shown */
export function sparing(slow: boolean): boolean {
  const { lowData } = kept.value;
  return lowData === 'on' || (lowData === 'auto' && (slow || browserSaves()));
}

function localeOf({ language }: Preferences): Locale {
  return language === 'system' ? localeFor(globalThis.navigator.languages) : language;
}

/** Chromium tells when a person asked it to save data; the others do not know the question. */
function browserSaves(): boolean {
  const { connection } = globalThis.navigator as { readonly connection?: { readonly saveData?: boolean } };
  return connection?.saveData === true;
}

function read(): Preferences {
  return {
    language: readOne('language'),
    theme: readOne('theme'),
    lowData: readOne('lowData'),
  };
}

function readOne<K extends keyof Preferences>(name: K): Preferences[K] {
  let found: string | null = null;
  try {
    found = globalThis.localStorage.getItem(prefix + name);
  } catch {
    // not allowed to keep anything: the standard it is
  }
  return choices[name].find((choice) => choice === found) ?? standard[name];
}
