import { RefusedError, utf8 } from '@tern/protocol';
import { browserHousing } from '../../src/store/browser-housing.ts';
import {
  homeKeyState,
  openHomeKey,
  removePasscode,
  setLockAfter,
  setPasscode,
  wipeHome,
} from '../../src/store/home-key.ts';
import type { PageTests } from '../support/page-tests.ts';
import { same, thrownBy } from './store-raw.ts';
import { browserWorld } from './store-world.ts';

const chat = { table: 'messages', partition: 'birds' };

export const tests: PageTests = (test) => {
  let homes = 0;
  const fresh = (): { readonly name: string; readonly world: typeof browserWorld } => {
    homes += 1;
    return { name: `home ${homes}`, world: browserWorld };
  };
  const keyOf = async (options: ReturnType<typeof fresh>, passcode?: string): Promise<string> => {
    const opened = await openHomeKey(options, passcode);
    return opened.kind === 'opened' ? opened.masterKey.join() : opened.kind;
  };

  test('a home opens without a passcode until one is set, and then only with it', async () => {
    const home = fresh();
    same((await homeKeyState(home)).protection, 'none');
    const key = await keyOf(home);
    same(key.split(',').length, 32);
    same(await keyOf(home), key);
    same(await setPasscode(home, { fresh: 'caf\u00e9 4711' }), true);
    same((await homeKeyState(home)).protection, 'passcode');
    same(await keyOf(home), 'passcode-needed');
    same(await keyOf(home, 'cafe 4711'), 'passcode-wrong');
    // as another keyboard composes it
    same(await keyOf(home, 'cafe\u0301 4711'), key);
  });

  test('a passcode is changed and taken away only by who knows it', async () => {
    const home = fresh();
    const key = await keyOf(home);
    await setPasscode(home, { fresh: 'one' });
    same(await setPasscode(home, { fresh: 'two' }), false);
    same(await setPasscode(home, { old: 'not one', fresh: 'two' }), false);
    same(await keyOf(home, 'one'), key);
    same(await setPasscode(home, { old: 'one', fresh: 'two' }), true);
    same(await keyOf(home, 'one'), 'passcode-wrong');
    same(await removePasscode(home, 'one'), false);
    same(await removePasscode(home, 'two'), true);
    same(await keyOf(home), key);
  });

  test('an empty passcode is refused', async () => {
    const home = fresh();
    await keyOf(home);
    const error = await thrownBy(setPasscode(home, { fresh: '' }));
    same(error instanceof RefusedError && error.code, 'passcode-empty');
  });

  test('when a home locks by itself is kept, with and without a passcode', async () => {
    const home = fresh();
    await keyOf(home);
    await setLockAfter(home, 3);
    await setPasscode(home, { fresh: 'one' });
    same((await homeKeyState(home)).lockAfter, 3);
    await setLockAfter(home, 1e9);
    same((await homeKeyState(home)).lockAfter, 7 * 24 * 60);
    await setLockAfter(home, 0);
    same((await homeKeyState(home)).lockAfter, 0);
    same(await keyOf(home, 'one'), await keyOf(home, 'one'));
  });

  test('two who open a new home at once have one key', async () => {
    const home = fresh();
    const keys = await Promise.all([keyOf(home), keyOf(home), keyOf(home)]);
    same(new Set(keys).size, 1);
  });

  test('a wiped home is a new one, also while somebody has it open', async () => {
    const home = fresh();
    const housing = browserHousing(home);
    const store = await housing.open();
    await store?.change(async (change) => change.put(chat, 'a', utf8('gone')));
    const key = await keyOf(home);
    await wipeHome(home);
    await store?.[Symbol.asyncDispose]();
    same((await homeKeyState(home)).protection, 'none');
    same((await keyOf(home)) === key, false);
    await using again = await housing.open();
    same(await again?.read((view) => view.get(chat, 'a')), undefined);
  });

  test('a locked home opens with its passcode and shows what was written before', async () => {
    const home = fresh();
    const housing = browserHousing(home);
    same(await housing.locked(), false);
    {
      await using store = await housing.open();
      await store?.change(async (change) => change.put(chat, 'a', utf8('kept')));
    }
    same(await housing.setPasscode({ fresh: 'one' }), true);
    same(await housing.locked(), true);
    same(await housing.open(), undefined);
    same(await housing.open('two'), undefined);
    {
      await using store = await housing.open('one');
      same((await store?.read((view) => view.get(chat, 'a')))?.length, 4);
    }
    same(await housing.setPasscode({ old: 'one' }), true);
    await using store = await housing.open();
    same((await store?.read((view) => view.get(chat, 'a')))?.length, 4);
  });
};
