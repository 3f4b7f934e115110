import { utf8 } from '@tern/protocol';
import type { RelayStore } from '../store.ts';

/** The functions of a test runner that the contract needs. */
export interface ContractRunner {
  readonly test: (name: string, run: () => Promise<void>) => void;
  readonly expect: (value: unknown) => { toEqual(expected: unknown): void };
}

/** A place where stores are opened; opening again finds what was there. */
export interface StorePlace extends AsyncDisposable {
  /** @param roomBytes the most content it takes */
  open(roomBytes?: number): Promise<RelayStore>;
}

const from = utf8('a');
const to = utf8('z');

/** What every {@link RelayStore} promises. @param openPlace a fresh place for each test */
export function relayStoreContract(
  { test, expect }: ContractRunner,
  openPlace: () => Promise<StorePlace>,
  options: { readonly survivesReopening: boolean },
): void {
  test('a store shows what was written, in the order of keys, and no longer what was removed', async () => {
    await using place = await openPlace();
    await using store = await place.open();
    await store.write((transaction) => {
      for (const key of ['cc', 'aa', 'bb', 'zz']) transaction.put(utf8(key), utf8(`value of ${key}`));
      transaction.remove(utf8('bb'));
      expect(transaction.get(utf8('bb'))).toEqual(undefined);
      expect(transaction.keys(from, to, 10).length).toEqual(2);
    });
    const seen = await store.read((view) => ({
      keys: view.keys(from, to, 10).map((key) => new TextDecoder().decode(key)),
      first: view.keys(from, to, 1).length,
      value: new TextDecoder().decode(view.get(utf8('aa'))),
      removed: view.get(utf8('bb')),
    }));
    expect(seen).toEqual({ keys: ['aa', 'cc'], first: 1, value: 'value of aa', removed: undefined });
  });

  test('judges run one after the other, each seeing what the one before it wrote', async () => {
    await using place = await openPlace();
    await using store = await place.open();
    const counts = await Promise.all(
      Array.from({ length: 50 }, () =>
        store.write((transaction) => {
          const count = (transaction.get(utf8('count'))?.[0] ?? 0) + 1;
          transaction.put(utf8('count'), new Uint8Array([count]));
          return count;
        }),
      ),
    );
    expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
  });

  test('a judge that throws leaves nothing behind, and those beside it are not touched', async () => {
    await using place = await openPlace();
    await using store = await place.open();
    const outcomes = await Promise.allSettled([
      store.write((transaction) => transaction.put(utf8('one'), utf8('1'))),
      store.write((transaction) => {
        transaction.put(utf8('two'), utf8('2'));
        transaction.charge(10);
        throw new Error('a mistake');
      }),
      store.write((transaction) => transaction.put(utf8('six'), utf8('6'))),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await store.read((view) => view.keys(from, to, 10).length)).toEqual(2);
    expect(store.room().usedBytes).toEqual(0);
  });

  test('bytes are booked up to the limit, given back, and booked again', async () => {
    await using place = await openPlace();
    await using store = await place.open(100);
    const book = (bytes: number): Promise<boolean> => store.write((transaction) => transaction.charge(bytes));
    expect(await book(60)).toEqual(true);
    expect(await book(60)).toEqual(false);
    expect(await book(-30)).toEqual(true);
    expect(await book(60)).toEqual(true);
    expect(store.room()).toEqual({ usedBytes: 90, limitBytes: 100 });
  });

  test('a secret is read back until it is erased', async () => {
    await using place = await openPlace();
    await using store = await place.open();
    store.secrets.write('day-1', utf8('secret'));
    store.secrets.write('day-1', utf8('secret of today'));
    expect(new TextDecoder().decode(store.secrets.read('day-1'))).toEqual('secret of today');
    expect(store.secrets.names()).toEqual(['day-1']);
    store.secrets.erase('day-1');
    store.secrets.erase('day-1');
    expect(store.secrets.read('day-1')).toEqual(undefined);
    expect(store.secrets.names()).toEqual([]);
  });

  if (!options.survivesReopening) return;
  test('values, secrets and booked bytes are there when the store is opened again', async () => {
    await using place = await openPlace();
    {
      await using store = await place.open();
      await store.write((transaction) => {
        transaction.put(utf8('kept'), utf8('value'));
        transaction.charge(7);
      });
      store.secrets.write('kept', utf8('secret'));
    }
    await using store = await place.open();
    expect(await store.read((view) => new TextDecoder().decode(view.get(utf8('kept'))))).toEqual('value');
    expect(new TextDecoder().decode(store.secrets.read('kept'))).toEqual('secret');
    expect(store.room().usedBytes).toEqual(7);
  });
}
