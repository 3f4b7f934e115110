import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { enLater } from '../src/page/words/en-later.ts';
import { en } from '../src/page/words/en.ts';
import {
  clock,
  day,
  duration,
  laterWords,
  localeFor,
  size,
  speak,
  t,
  tame,
  until,
} from '../src/page/words/words.ts';
import type { Message } from '../src/page/words/message.ts';
import { ruLater } from '../src/page/words/ru-later.ts';
import { ru } from '../src/page/words/ru.ts';

const english: Readonly<Record<string, Message>> = { ...en, ...enLater };
const russian: Readonly<Record<string, Message>> = { ...ru, ...ruLater };

test('English and Russian say the same things', () => {
  expect(Object.keys(russian).toSorted()).toEqual(Object.keys(english).toSorted());
});

test('a sentence has the same places to fill in both languages, in every plural form', () => {
  for (const [key, message] of Object.entries(english)) {
    const wanted = placesOf(formsOf(message)[0] ?? '');
    for (const form of [...formsOf(message), ...formsOf(russian[key] ?? '')])
      expect([key, placesOf(form)]).toEqual([key, wanted]);
  }
});

test('what depends on a number has every form that Russian needs', () => {
  for (const [key, message] of Object.entries(english))
    if (typeof message !== 'string')
      expect([key, Object.keys(russian[key] ?? '')]).toEqual([key, ['one', 'few', 'many']]);
});

test('every word that a screen says is there, and every word that is there is said', async () => {
  const sources = await sourcesOf(join(import.meta.dirname, '../src/page'));
  const areas = new Set(Object.keys(english).map((key) => key.split('.')[0]));
  const said = new Set<string>();
  const begun: string[] = [];
  for (const source of sources) {
    for (const [, key] of source.matchAll(/'([a-z]+(?:\.[\w-]+)+)'/g))
      if (key !== undefined && areas.has(key.split('.')[0])) said.add(key);
    // a key whose end is the code of a thing
    for (const [, start] of source.matchAll(/`([a-z]+\.(?:[\w-]+\.)*)\$\{/g))
      if (start !== undefined) begun.push(start);
  }
  const missing = [...said].filter((key) => !Object.hasOwn(english, key));
  const unused = Object.keys(english).filter(
    (key) => !said.has(key) && !begun.some((start) => key.startsWith(start)),
  );
  expect({ missing, unused }).toEqual({ missing: [], unused: [] });
});

test('no sentence is empty, has a space too many, or an English apostrophe typed as a quote', () => {
  for (const [key, message] of [...Object.entries(english), ...Object.entries(russian)])
    for (const form of formsOf(message))
      expect([key, form]).toEqual([key, form.trim().replaceAll(/ {2,}/g, ' ').replaceAll("'", '’')]);
});

test('Russian counts as Russians do', async () => {
  await speak('ru');
  await laterWords();
  expect([1, 2, 5, 11, 21, 104].map((count) => t('safety.minutes', { count }))).toEqual([
    '1 минуту',
    '2 минуты',
    '5 минут',
    '11 минут',
    '21 минуту',
    '104 минуты',
  ]);
});

test('the name of a stranger cannot turn the sentence around it', async () => {
  await speak('en');
  const name = '\u202Egnp.exe\u2069\u202D';
  expect(t('onboarding.invitedBy', { name })).toBe('\u2068gnp.exe\u2069 invites you');
});

test('a name of any length, and marks heaped on a letter, take no more room than a name', async () => {
  await speak('en');
  expect(tame('W'.repeat(65_536))).toHaveLength(101);
  expect(tame(`Z${'\u0335'.repeat(400)}`)).toHaveLength(5);
  expect(tame('a\u0000b\r\nc')).toBe('a b c');
  expect(tame('Лидия 👩‍👩‍👧 O’Brien')).toBe('Лидия 👩‍👩‍👧 O’Brien');
});

test('a name that looks like a place to fill is only a name', async () => {
  await speak('en');
  expect(t('status.via', { relay: '{transport}', transport: '$&' })).toBe(
    'via \u2068{transport}\u2069 · \u2068$&\u2069',
  );
});

test('sizes, waits and days are written as the language does', async () => {
  const now = new Date(2026, 10, 26, 12, 0).getTime();
  await speak('en');
  expect([820, 14_000, 999_600, 1_400_000, 12e9].map((bytes) => plain(size(bytes)))).toEqual([
    '820 B',
    '14 kB',
    '1 MB',
    '1.4 MB',
    '12 GB',
  ]);
  expect(plain(duration(12_000))).toBe('12 sec');
  expect([0, 1, 3].map((days) => day(now - days * 86_400_000, now))).toEqual([
    'Today',
    'Yesterday',
    'Monday',
  ]);
  expect(plain(until(now + 3 * 86_400_000, now))).toBe('in 3 days');
  await speak('ru');
  expect([820, 1_400_000].map((bytes) => plain(size(bytes)))).toEqual(['820 Б', '1,4 МБ']);
  expect(day(now - 86_400_000, now)).toBe('Вчера');
  expect(clock(new Date(2026, 10, 26, 15, 7).getTime())).toBe('15:07');
});

test('the browser chooses the language, and English is for those who speak none of ours', () => {
  expect(localeFor(['ru-RU', 'en'])).toBe('ru');
  expect(localeFor(['fa', 'de-AT', 'en-GB'])).toBe('en');
  expect(localeFor(['ja'])).toBe('en');
  expect(localeFor([])).toBe('en');
});

function formsOf(message: Message): readonly string[] {
  return typeof message === 'string' ? [message] : Object.values<string>({ ...message });
}

function placesOf(form: string): readonly string[] {
  return [...form.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').toSorted();
}

/** Spaces that do not break are a matter of typesetting. */
function plain(text: string): string {
  return text.replaceAll(/[\u00a0\u202f]/g, ' ');
}

/** Of all that the page is made of but the words themselves. */
async function sourcesOf(dir: string): Promise<readonly string[]> {
  const names = await readdir(dir, { recursive: true });
  const wanted: readonly string[] = names.filter((name) => /\.tsx?$/.test(name) && !name.startsWith('words'));
  return Promise.all(wanted.map((name) => readFile(join(dir, name), 'utf8')));
}
