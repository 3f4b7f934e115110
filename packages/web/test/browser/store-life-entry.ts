import { openIndexedDbStore } from '../../src/store/idb-store.ts';
import {
  homeKeyState,
  openHomeKey,
  removePasscode,
  setPasscode,
  wipeHome,
} from '../../src/store/home-key.ts';
import { utf8, utf8Text } from '@tern/protocol';
import type { PageTests } from '../support/page-tests.ts';
import { browserWorld } from './store-world.ts';

/** What a worker is told to do by a test that kills it, copies its disk or lets it run out of space. */
export type Part =
  | 'count up'
  | 'count'
  | 'change passcodes'
  | 'try passcodes'
  | 'plant'
  | 'guard'
  | 'wipe'
  | 'fill';

/** It says so to the page with each step that is done; a part's last word is its outcome. */
export const tests: PageTests = (test, given) => {
  const part = given['part'];
  const from = Number(given['from'] ?? 0);
  switch (part) {
    case 'count up':
      return test(part, () => countUp(from));
    case 'count':
      return test(part, count);
    case 'change passcodes':
      return test(part, () => changePasscodes(from));
    case 'try passcodes':
      return test(part, () => tryPasscodes(from));
    case 'plant':
      return test(part, () => plant(String(given['text'])));
    case 'guard':
      return test(part, guard);
    case 'wipe':
      return test(part, () => wipeHome(home));
    case 'fill':
      return test(part, fill);
    default:
      throw new Error('no such part');
  }
};

const home = { name: 'home', world: browserWorld };
const pages = [0, 1, 2].map((at) => ({ table: 'messages', partition: `${at}` }));

async function countUp(from: number): Promise<void> {
  await using store = await openIndexedDbStore({ ...home, masterKey: new Uint8Array(32).fill(7) });
  for (let number = from; ; number += 1) {
    await store.change(async (change) => {
      for (const page of pages) {
        if (number % 7 === 0) change.clear(page);
        for (const key of ['a', 'b']) change.put(page, key, utf8(`${number}`));
        change.put(page, 'padding', new Uint8Array(20_000));
      }
    });
    postMessage({ done: number });
  }
}

/** Says the number that all records have. */
async function count(): Promise<void> {
  await using store = await openIndexedDbStore({ ...home, masterKey: new Uint8Array(32).fill(7) });
  const numbers = new Set<string>();
  await store.read(async (view) => {
    for (const page of pages)
      for (const { key, value } of await view.list(page)) if (key !== 'padding') numbers.add(utf8Text(value));
  });
  postMessage({ found: [...numbers] });
}

/** As cheap as can be: what is looked at is what lies on the disk when it is killed, not the cost of guessing. */
const cheap = {
  ...home,
  argon2id: async ({ password, salt }: { readonly password: Uint8Array; readonly salt: Uint8Array }) =>
    new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array([...password, ...salt]))),
};

async function changePasscodes(from: number): Promise<void> {
  if (from === 0) {
    await openHomeKey(cheap);
    await setPasscode(cheap, { fresh: 'passcode 0' });
    postMessage({ done: 0 });
  }
  for (let number = from; ; number += 1) {
    await setPasscode(cheap, { old: `passcode ${number}`, fresh: `passcode ${number + 1}` });
    postMessage({ done: number + 1 });
  }
}

/**
 * Says which passcodes open the home, and the key they give: those around the last one the page heard of. A worker goes on while
 * its word is on the way and until its end is carried out, so there may be many later ones.
 */
async function tryPasscodes(from: number): Promise<void> {
  const found: string[] = [];
  const aheadOfItsWord = 10_000;
  for (let number = from - 1; number <= from + aheadOfItsWord; number += 1) {
    const opened = await openHomeKey(cheap, `passcode ${number}`);
    if (opened.kind === 'opened') found.push(`${number}`, opened.masterKey.join());
    if (found.length > 0 && opened.kind !== 'opened') break; // the one after it was tried too
  }
  postMessage({ found });
}

/** Writes a text into a home without a passcode, and says its master key. */
async function plant(text: string): Promise<void> {
  const opened = await openHomeKey(home);
  if (opened.kind !== 'opened') throw new Error(opened.kind);
  const key = opened.masterKey.join();
  await using store = await openIndexedDbStore({ ...home, masterKey: opened.masterKey });
  await store.change(async (change) => {
    change.put(
      { table: `${text} table`, partition: `${text} partition` },
      `${text} key`,
      utf8(text.repeat(100)),
    );
    change.put(pages[0] ?? { table: 'x', partition: '' }, `${text} key`, utf8(`${text} of a message`));
  });
  postMessage({ found: [key] });
}

/** Sets a passcode, another one, and takes it away and sets it again. */
async function guard(): Promise<void> {
  await setPasscode(home, { fresh: 'one' });
  if (!(await setPasscode(home, { old: 'one', fresh: 'two' }))) throw new Error('the old one was not taken');
  if (await removePasscode(home, 'one')) throw new Error('an old passcode was taken');
  postMessage({ found: [(await homeKeyState(home)).protection] });
}

/** Writes until there is no space, and goes on once there is. */
async function fill(): Promise<void> {
  await using store = await openIndexedDbStore({ ...home, masterKey: new Uint8Array(32).fill(7) });
  const [page = { table: 'x', partition: '' }, large = page] = pages;
  await store.change(async (change) => change.put(page, 'kept', utf8('before')));
  await store.read((view) => view.list(page)); // and is kept opened in memory
  const full = await store
    .change(async (change) => {
      change.put(page, 'kept', utf8('after'));
      for (let at = 0; at < 8; at += 1) change.put(large, `${at}`, new Uint8Array(1 << 20));
    })
    .catch((cause: unknown) => cause);
  const code: unknown = full instanceof Error ? Reflect.get(full, 'code') : undefined;
  const state = async (): Promise<string> =>
    store.read(async (view) => {
      const kept = await view.get(page, 'kept');
      return `${kept && utf8Text(kept)} ${(await view.list(large)).length}`;
    });
  const whileFull = await state();
  await fetch('/more-space');
  await store.change(async (change) => {
    change.put(page, 'kept', utf8('after'));
    for (let at = 0; at < 8; at += 1) change.put(large, `${at}`, new Uint8Array(1 << 20));
  });
  postMessage({ found: [String(code), whileFull, await state()] });
}
