import { UsageError, utf8 } from '@tern/protocol';
import { StorageError } from '../client-store.ts';
import { addOne, here, same, textAt, thrownBy, type Promises } from './store-promises.ts';

/**
 * What a platform lets a store know of the task that uses it.
 * - `followed`: across its awaits, so work that would wait for itself is refused at once (Node)
 * - `unknown`: only until its first await (browsers). What would wait for itself later ends when the store's longest wait has
 *   passed on its clock, which `passTime` lets pass at once for every wait that is under way
 */
export type TaskKnowledge =
  | { readonly tasks: 'followed' }
  | { readonly tasks: 'unknown'; readonly passTime: () => void };

/** What a store promises to work that would wait for itself. */
export function taskPromises(knowledge: TaskKnowledge): Promises {
  return {
    ...inTheBeginning,
    ...(knowledge.tasks === 'followed' ? whereTasksAreFollowed : whereTasksAreUnknown(knowledge.passTime)),
  };
}

const inTheBeginning: Promises = {
  'a change that begins with another change is refused at once': async (store) => {
    const inner = await store.change((change) => {
      change.put(here, 'a', utf8('outer'));
      return thrownBy(store.change(async () => undefined));
    });
    same(inner instanceof UsageError, true);
    same(await textAt(store, here, 'a'), 'outer');
  },

  'a read or change that begins by closing its store is refused at once': async (store) => {
    const close = (): Promise<unknown> => thrownBy(store[Symbol.asyncDispose]());
    same((await store.change(close)) instanceof UsageError, true);
    same((await store.read(close)) instanceof UsageError, true);
    await store.change(addOne);
  },
};

const whereTasksAreFollowed: Promises = {
  'a change inside a change is refused instead of waiting for itself': async (store) => {
    const inner = await store.change(async (change) => {
      change.put(here, 'a', utf8('outer'));
      await Promise.resolve();
      return thrownBy(store.change(async () => undefined));
    });
    same(inner instanceof UsageError, true);
    same(await textAt(store, here, 'a'), 'outer');
  },

  'a store does not close from inside its own work': async (store) => {
    const close = async (): Promise<unknown> =>
      thrownBy(Promise.resolve().then(() => store[Symbol.asyncDispose]()));
    same((await store.change(close)) instanceof UsageError, true);
    same((await store.read(close)) instanceof UsageError, true);
    await store.change(addOne);
  },
};

function whereTasksAreUnknown(passTime: () => void): Promises {
  return {
    'a change that waits for another of its own ends when the longest wait has passed': async (store) => {
      const inner = await store.change(async (change) => {
        change.put(here, 'a', utf8('outer'));
        await Promise.resolve();
        const nested = thrownBy(store.change(async () => undefined));
        passTime();
        return nested;
      });
      same(inner instanceof StorageError && inner.code, 'storage-busy');
      same(await textAt(store, here, 'a'), 'outer');
    },

    'work that waits for its store to close ends when the longest wait has passed, and then it closes':
      async (store) => {
        const closing = await store.read(async () => {
          await Promise.resolve();
          const closed = thrownBy(store[Symbol.asyncDispose]());
          passTime();
          return closed;
        });
        same(closing instanceof StorageError && closing.code, 'storage-busy');
        same((await thrownBy(store.read(async () => undefined))) instanceof UsageError, true);
        await store[Symbol.asyncDispose]();
      },
  };
}
