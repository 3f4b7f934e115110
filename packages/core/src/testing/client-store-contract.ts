import { equalBytes, UsageError, utf8 } from '@tern/protocol';
import type { ClientStore, StoreChange } from '../client-store.ts';
import {
  addOne,
  elsewhere,
  here,
  keys,
  same,
  text,
  textAt,
  thrownBy,
  type Promises,
} from './store-promises.ts';
import { taskPromises, type TaskKnowledge } from './task-promises.ts';

/** How a test runner takes a test; vitest's `test` is one. */
export type RegisterTest = (name: string, run: () => Promise<void>) => unknown;

/**
 * What every {@link ClientStore} promises. Each store's test file begins with it.
 * @param open an empty store of its own for each test; the test closes it
 */
export function clientStoreContract(
  test: RegisterTest,
  open: () => Promise<ClientStore>,
  knowledge: TaskKnowledge = { tasks: 'followed' },
): void {
  for (const [name, promise] of Object.entries({ ...promises, ...taskPromises(knowledge) })) {
    test(name, async () => {
      await using store = await open();
      await promise(store);
    });
  }
}

const promises: Promises = {
  'what a change wrote is read back, and nothing else is there': async (store) => {
    await store.change(async (change) => change.put(here, 'a', utf8('first')));
    await store.read(async (view) => {
      same(text(await view.get(here, 'a')), 'first');
      same(await view.get(here, 'b'), undefined);
      same(await view.get(elsewhere, 'a'), undefined);
      same(await view.get({ table: 'contacts', partition: here.partition }, 'a'), undefined);
      same((await view.list(elsewhere)).length, 0);
    });
  },

  'a change that fails leaves nothing of what it wrote': async (store) => {
    await store.change(async (change) => change.put(here, 'a', utf8('before')));
    const failure = new Error('the work failed');
    const thrown = await thrownBy(
      store.change(async (change) => {
        change.put(here, 'a', utf8('after'));
        change.put(elsewhere, 'b', utf8('after'));
        change.clear(here);
        await Promise.resolve();
        throw failure;
      }),
    );
    same(thrown, failure);
    same(await textAt(store, here, 'a'), 'before');
    same(await textAt(store, elsewhere, 'b'), undefined);
    await store.change(async (change) => change.put(here, 'a', utf8('again')));
    same(await textAt(store, here, 'a'), 'again');
  },

  'a change returns what its work returns': async (store) => {
    same(await store.change(async () => 7), 7);
    same(await store.read(async () => 8), 8);
  },

  'a hundred changes at once each see the one before': async (store) => {
    await Promise.all(Array.from({ length: 100 }, () => store.change(addOne)));
    same(await textAt(store, here, 'count'), '100');
  },

  'the reads of a change see its own writes': async (store) => {
    await store.change(async (change) => {
      change.put(here, 'kept', utf8('kept'));
      change.put(here, 'replaced', utf8('old'));
      change.put(here, 'deleted', utf8('old'));
      change.put(elsewhere, 'cleared', utf8('old'));
    });
    const check = async (view: Pick<StoreChange, 'get' | 'list'>): Promise<void> => {
      same(keys(await view.list(here)), 'added kept replaced');
      same(keys(await view.list(elsewhere)), 'afterwards');
      same(text(await view.get(here, 'replaced')), 'new');
      same(await view.get(here, 'deleted'), undefined);
      same(await view.get(elsewhere, 'cleared'), undefined);
      same(text(await view.get(elsewhere, 'afterwards')), 'new');
    };
    await store.change(async (change) => {
      change.put(here, 'replaced', utf8('new'));
      change.put(here, 'added', utf8('new'));
      change.delete(here, 'deleted');
      change.delete(here, 'never there');
      change.put(elsewhere, 'before the clearing', utf8('gone'));
      change.clear(elsewhere);
      change.put(elsewhere, 'afterwards', utf8('new'));
      await check(change);
    });
    await store.read(check);
  },

  'a read shows one moment, whatever is changed meanwhile': async (store) => {
    await store.change(async (change) => change.put(here, 'a', utf8('before')));
    await store.read(async (view) => {
      same(text(await view.get(here, 'a')), 'before');
      await store.change(async (change) => {
        change.put(here, 'a', utf8('after'));
        change.put(here, 'b', utf8('after'));
      });
      same(text(await view.get(here, 'a')), 'before');
      same(keys(await view.list(here)), 'a');
      same(await textAt(store, here, 'a'), 'after');
    });
    same(await textAt(store, here, 'b'), 'after');
  },

  'a read inside a change shows what was committed before it': async (store) => {
    await store.change(async (change) => {
      change.put(here, 'a', utf8('not yet'));
      same(await textAt(store, here, 'a'), undefined);
    });
    same(await textAt(store, here, 'a'), 'not yet');
  },

  'a read that began before a change does not hold it up': async (store) => {
    const gate = Promise.withResolvers<void>();
    const reading = store.read(async () => gate.promise);
    await store.change(async (change) => change.put(here, 'a', utf8('written')));
    gate.resolve();
    await reading;
  },

  'a listing is sorted by code units and stays within its partition': async (store) => {
    // by code units the surrogate pair of U+1F426 comes before U+FF5E; by code points after it
    const wanted = ['', '\0', 'A', 'B', 'a', 'aa', 'b', '\u0631', '\ud83d\udc26', '\uff5e'];
    await store.change(async (change) => {
      for (const key of wanted.toReversed()) change.put(here, key, utf8(key));
      change.put(elsewhere, 'a', utf8('elsewhere'));
    });
    const listed = await store.read((view) => view.list(here));
    same(JSON.stringify(listed.map(({ key }) => key)), JSON.stringify(wanted));
    for (const { key, value } of listed) same(text(value), key);
  },

  'any text is a key of its own, also half a character': async (store) => {
    const strange = [
      '\ud800',
      '\ud801',
      '\udfff',
      '\ufffd',
      '\u00e9',
      'e\u0301',
      '\0',
      '',
      '__proto__',
      '["a","b"]',
      'x'.repeat(1024),
    ];
    await store.change(async (change) =>
      strange.forEach((key, at) => change.put(here, key, Uint8Array.of(at))),
    );
    await store.change(async (change) => {
      change.put({ table: 'a', partition: 'bc' }, 'd', Uint8Array.of(1));
      change.put({ table: 'ab', partition: 'c' }, 'd', Uint8Array.of(2));
      change.put({ table: 'a', partition: 'b' }, 'cd', Uint8Array.of(3));
    });
    await store.read(async (view) => {
      for (const [at, key] of strange.entries()) same((await view.get(here, key))?.[0], at);
      same((await view.list(here)).length, strange.length);
      same((await view.get({ table: 'a', partition: 'bc' }, 'd'))?.[0], 1);
      same((await view.get({ table: 'ab', partition: 'c' }, 'd'))?.[0], 2);
    });
  },

  'values come back byte for byte, empty ones and a megabyte too': async (store) => {
    const sizes = [0, 1, 15, 16, 255, 256, 257, 4095, 65_537, 1_048_576];
    const value = (size: number): Uint8Array =>
      Uint8Array.from({ length: size }, (_, at) => (at * 31 + size) & 255);
    await store.change(async (change) => sizes.forEach((size) => change.put(here, `${size}`, value(size))));
    await store.read(async (view) => {
      for (const size of sizes) {
        const found = await view.get(here, `${size}`);
        same(found !== undefined && equalBytes(found, value(size)), true);
      }
    });
  },

  'bytes handed over or handed out can be changed without changing the store': async (store) => {
    const given = utf8('abc');
    await store.change(async (change) => {
      change.put(here, 'a', given);
      given.fill(0);
      (await change.get(here, 'a'))?.fill(0);
      same(text(await change.get(here, 'a')), 'abc');
    });
    await store.read(async (view) => {
      (await view.get(here, 'a'))?.fill(0);
      for (const { value } of await view.list(here)) value.fill(0);
    });
    same(await textAt(store, here, 'a'), 'abc');
  },

  'a task that a change started may change the store once that change has ended': async (store) => {
    const gate = Promise.withResolvers<void>();
    const started = await store.change(async () => ({ task: gate.promise.then(() => store.change(addOne)) }));
    gate.resolve();
    await started.task;
    same(await textAt(store, here, 'count'), '1');
  },

  'whoever waits for its turn can give up, and the others go on': async (store) => {
    const gate = Promise.withResolvers<void>();
    const first = store.change(async () => gate.promise);
    const giveUp = new AbortController();
    const waiting = thrownBy(store.change(addOne, { signal: giveUp.signal }));
    const third = store.change(addOne);
    const reason = new Error('gave up');
    giveUp.abort(reason);
    same(await waiting, reason);
    gate.resolve();
    await Promise.all([first, third]);
    same(await textAt(store, here, 'count'), '1');
    same(await thrownBy(store.change(addOne, { signal: giveUp.signal })), reason);
  },

  'a change elsewhere brings a nudge, and the signal ends the nudges': async (store) => {
    const stop = new AbortController();
    const nudges = store.changes(stop.signal)[Symbol.asyncIterator]();
    await store.change(addOne); // counted although nobody waits yet
    same((await nudges.next()).done, false);
    const next = nudges.next();
    await store.change(async (change) => void (await change.get(here, 'count'))); // writes nothing, nudges nobody
    await store.change(addOne);
    same((await next).done, false);
    let last = nudges.next();
    stop.abort();
    while ((await last).done !== true) last = nudges.next(); // one change may nudge twice
  },

  'a read or change that has ended serves nobody any more': async (store) => {
    const view = await store.read(async (one) => ({ one }));
    const change = await store.change(async (one) => ({ one }));
    same((await thrownBy(view.one.get(here, 'a'))) instanceof UsageError, true);
    same((await thrownBy(change.one.list(here))) instanceof UsageError, true);
    same(
      (await thrownBy((async () => change.one.put(here, 'a', utf8('late')))())) instanceof UsageError,
      true,
    );
    same(await textAt(store, here, 'a'), undefined);
  },

  'what no store takes is refused at once': async (store) => {
    await store.change(async (change) => {
      const refused = async (use: () => void): Promise<boolean> =>
        (await thrownBy((async () => use())())) instanceof UsageError;
      same(await refused(() => change.put({ table: '', partition: 'x' }, 'a', utf8(''))), true);
      same(await refused(() => change.put(here, 'x'.repeat(1025), utf8(''))), true);
      same(await refused(() => change.put(here, 'a', new Uint8Array(16 * 1024 * 1024 + 1))), true);
      same(await refused(() => change.put(here, 'a', utf8(''), { day: -1 })), true);
      same(await refused(() => change.put(here, 'a', utf8(''), { day: 0.5 })), true);
    });
  },

  'closing waits for the change that runs, refuses the ones that wait, and everything later': async (
    store,
  ) => {
    const gate = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const running = store.change(async (change) => {
      started.resolve();
      await gate.promise;
      change.put(here, 'a', utf8('last'));
      return 'done';
    });
    await started.promise;
    const waiting = thrownBy(store.change(addOne));
    const nudge = store.changes(new AbortController().signal)[Symbol.asyncIterator]().next();
    const closing = store[Symbol.asyncDispose]();
    same((await waiting) instanceof UsageError, true);
    gate.resolve();
    same(await running, 'done');
    await closing;
    await nudge;
    same((await thrownBy(store.read(async () => undefined))) instanceof UsageError, true);
    same((await thrownBy(store.change(addOne))) instanceof UsageError, true);
    await store[Symbol.asyncDispose]();
  },
};
