import { memoryStore, type Argon2id, type ClientStore } from '@tern/core';
import { concat, type ConversationId, type World } from '@tern/protocol';
import { nodePrimitives, nodeWorld } from '@tern/reach/node';
import { openTestRelay, type TestRelay } from '@tern/relay/testing';
import { appOver } from '../src/engine/app.ts';
import type { AppApi } from '../src/engine/app-api.ts';
import { Home, type HomeParts } from '../src/engine/home.ts';
import type { Housing, Room } from '../src/engine/housing.ts';

export const never: AbortSignal = new AbortController().signal;

/** A world in which everybody's time goes twenty times as fast, and by leaps where a test says so. */
export interface HurriedWorld extends World {
  pass(ms: number): void;
}

function hurriedWorld(): HurriedWorld {
  const pace = 20;
  const beganAt = nodeWorld.now();
  let ahead = 0;
  const sleepers = new Set<{ readonly until: number; readonly wake: AbortController }>();
  const now = (): number => beganAt + (nodeWorld.now() - beganAt) * pace + ahead;
  return {
    now,
    randomBytes: (length) => nodeWorld.randomBytes(length),
    async wait(ms, { signal }) {
      signal.throwIfAborted();
      const sleeper = { until: now() + ms, wake: new AbortController() };
      sleepers.add(sleeper);
      try {
        await nodeWorld.wait(ms / pace, { signal: AbortSignal.any([signal, sleeper.wake.signal]) });
      } catch {
        signal.throwIfAborted();
      } finally {
        sleepers.delete(sleeper);
      }
    },
    pass(ms) {
      ahead += ms;
      for (const sleeper of sleepers) if (sleeper.until <= now()) sleeper.wake.abort();
    },
  };
}

/** A home in memory that outlives its closing, as one on a disk does. */
function memoryHousing(world: World): Housing {
  let store: ClientStore | undefined;
  let passcode: string | undefined;
  let minutes = 5;
  return {
    locked: async () => passcode !== undefined,
    async open(given) {
      if (passcode !== given && passcode !== undefined) return undefined;
      store ??= memoryStore({ world });
      const open = store;
      return {
        read: (work) => open.read(work),
        change: (work, options) => open.change(work, options),
        changes: (signal) => open.changes(signal),
        async [Symbol.asyncDispose]() {
          // what was written stays
        },
      };
    },
    async setPasscode({ old, fresh }) {
      if (old !== passcode) return false;
      passcode = fresh;
      return true;
    },
    lockAfter: async () => minutes,
    async setLockAfter(after) {
      minutes = after;
    },
    async wipe() {
      await store?.[Symbol.asyncDispose]();
      store = undefined;
      passcode = undefined;
    },
  };
}

/** Not slow at all, which only a test may be. */
const quickArgon2id: Argon2id = async ({ password, salt, bytes }) =>
  nodePrimitives.sha256(concat(password, salt)).subarray(0, bytes);

export const room: Room = {
  estimate: async () => ({ usage: 1000, quota: 9000 }),
  persisted: async () => true,
};

export interface Household extends AsyncDisposable {
  readonly world: HurriedWorld;
  readonly relay: TestRelay;
  /** what a home in a browser of its own is made of; homes of the same parts are one home opened again */
  parts(): HomeParts;
  /** a browser in which nobody lives yet */
  browser(): AppApi;
  /** somebody who knows the relay */
  person(name: string): Promise<AppApi>;
}

export async function household(): Promise<Household> {
  const world = hurriedWorld();
  const relay = await openTestRelay({ world });
  const homes: Home[] = [];
  const parts = (): HomeParts => ({
    housing: memoryHousing(world),
    world,
    primitives: nodePrimitives,
    transport: relay.transport,
    argon2id: quickArgon2id,
  });
  const browser = (): AppApi => {
    const home = new Home(parts());
    homes.push(home);
    return appOver(home, room);
  };
  return {
    world,
    relay,
    parts,
    browser,
    async person(name) {
      const app = browser();
      await app.begin(name);
      await app.addRelay(await relay.link(), { signal: never });
      return app;
    },
    async [Symbol.asyncDispose]() {
      for (const home of homes) await home[Symbol.asyncDispose]();
      await relay[Symbol.asyncDispose]();
    },
  };
}

/** The first of what a stream says that is wanted. */
export async function firstOf<T>(
  stream: (options: { readonly signal: AbortSignal }) => AsyncIterable<T>,
  wanted: (value: T) => boolean,
): Promise<T> {
  const leaving = new AbortController();
  try {
    for await (const value of stream({ signal: leaving.signal })) if (wanted(value)) return value;
    throw new Error('the stream ended before');
  } finally {
    leaving.abort();
  }
}

/** Two people meet by an invitation of the first, over the relay. @returns the conversation as each of them has it */
export async function meet(
  inviter: AppApi,
  guest: AppApi,
): Promise<readonly [ConversationId, ConversationId]> {
  const { link } = await inviter.invite({});
  await guest.accept(link);
  const connected = async (app: AppApi): Promise<ConversationId> => {
    const list = await firstOf(app.overview, ([one]) => one?.state === 'connected');
    if (list[0] === undefined) throw new Error('nobody is there');
    return list[0].id;
  };
  return Promise.all([connected(inviter), connected(guest)]);
}
