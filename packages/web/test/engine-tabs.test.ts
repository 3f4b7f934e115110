import type { ContactView, ConversationWindow, InvitationView, SearchHit } from '@tern/core';
import { UnreachableError, type ConversationId, type MessageId, type World } from '@tern/protocol';
import { nodeWorld } from '@tern/reach/node';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { portOver } from '../src/bridge/port.ts';
import type { AppApi, HomeState, WindowUpdate } from '../src/engine/app-api.ts';
import { serveEngine } from '../src/engine/engine-worker.ts';
import type { EngineWorker } from '../src/engine/leader.ts';
import { decodeLobbyMessage } from '../src/engine/lobby.ts';
import type { Locks } from '../src/engine/locks.ts';
import { openEngine, type Engine, type EngineState } from '../src/engine/open-engine.ts';
import { decodeStartMessage } from '../src/engine/start-message.ts';

/** A browser: its locks, its tabs, and what their engines are asked. Each engine has a number, counted from 1. */
interface Browser extends AsyncDisposable {
  tab(options?: { readonly version?: string }): Tab;
  /** calls that wait for {@link Browser.letGo}, by method */
  readonly asked: string[];
  /** ids that messages were sent with */
  readonly sent: MessageId[];
  letGo(): void;
}

interface Tab {
  readonly engine: Engine;
  /** ends the worker alone */
  killWorker(): void;
  close(): Promise<void>;
}

const conversation = 'conversation' as ConversationId;
const emptyWindow = (from: number): ConversationWindow => ({
  conversation,
  lines: [],
  from,
  whole: true,
  unread: 0,
});
const never: AbortSignal = new AbortController().signal;

/** Locks, channels and threads are Node's own; each browser's locks have names of their own. */
function browser(): Browser {
  const suffix = `-${crypto.randomUUID()}`;
  const locks: Locks = {
    request: async (name, options, work) => navigator.locks.request(`${name}${suffix}`, options, work),
  };
  const tabs: Tab[] = [];
  const asked: string[] = [];
  const sent: MessageId[] = [];
  let letGo = Promise.withResolvers<void>();
  let engines = 0;

  const sample = (dying: AbortSignal): AppApi => {
    engines += 1;
    const number = engines;
    const waits = async (name: string): Promise<void> => {
      asked.push(`${name} of ${number}`);
      await letGo.promise;
      dying.throwIfAborted();
    };
    const api: Partial<AppApi> = {
      async *homes({ signal }): AsyncIterable<HomeState> {
        yield { kind: number === 1 ? 'new' : 'locked' };
        await ended(signal);
      },
      async *window(_, { from = 0 }): AsyncIterable<WindowUpdate> {
        yield { kind: 'whole', window: emptyWindow(from) };
        throw new UnreachableError('no more', { code: 'cut' });
      },
      async contacts(): Promise<readonly ContactView[]> {
        await waits('contacts');
        return [];
      },
      async invite(): Promise<InvitationView> {
        await waits('invite');
        throw new UnreachableError('no relay');
      },
      async sendText(_, __, { id }) {
        if (id !== undefined) sent.push(id);
        await waits('sendText');
        return id ?? ('none' as MessageId);
      },
      async *fileContent(): AsyncIterable<Uint8Array> {
        // the pieces of the second engine are cut elsewhere
        const step = number === 1 ? 10 : 7;
        for (let at = 0; at < 100; at += step) {
          if (number === 1 && at === 50) await waits('fileContent');
          yield Uint8Array.from({ length: Math.min(step, 100 - at) }, (_, offset) => at + offset);
        }
      },
      async *search(): AsyncIterable<SearchHit> {
        for (const message of ['a', 'b', 'c', 'd']) {
          if (number === 1 && message === 'c') await waits('search');
          yield { message } as SearchHit;
        }
      },
    };
    return api as AppApi;
  };

  return {
    asked,
    sent,
    letGo() {
      letGo.resolve();
      letGo = Promise.withResolvers();
    },
    tab({ version = '1' } = {}) {
      let worker: EngineWorker | undefined;
      const engine = openEngine({
        version,
        world: nodeWorld,
        locks,
        async createWorker() {
          const { port1, port2 } = new MessageChannel();
          const dying = new AbortController();
          const port = portOver(port2, { release: () => port2.close() });
          void serveEngine(port, { open: () => sample(dying.signal), locks }).catch(() => undefined);
          const terminate = (): void => {
            dying.abort(new Error('killed'));
            port.close();
          };
          port1.start();
          worker = Object.assign(port1, { terminate });
          return worker;
        },
      });
      const tab: Tab = {
        engine,
        killWorker: () => worker?.terminate(),
        close: async () => engine[Symbol.asyncDispose](),
      };
      tabs.push(tab);
      return tab;
    },
    async [Symbol.asyncDispose]() {
      letGo.resolve();
      await Promise.all(tabs.map((tab) => tab.close()));
    },
  };
}

async function until(engine: Engine, kind: EngineState['kind']): Promise<EngineState> {
  for await (const state of engine.states(never)) if (state.kind === kind) return state;
  throw new Error('the states ended');
}

async function asked(town: Browser, call: string): Promise<void> {
  await expect.poll(() => town.asked, { interval: 2 }).toContain(call);
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Two tabs: the first leads, the second follows. */
async function twoTabs(town: Browser): Promise<readonly [Tab, Tab]> {
  const first = town.tab();
  await until(first.engine, 'leader');
  const second = town.tab();
  await until(second.engine, 'follower');
  return [first, second];
}

test('the first tab runs the engine, and the others ask it', async () => {
  await using town = browser();
  const [first, second] = await twoTabs(town);
  for (const { engine } of [first, second]) {
    for await (const state of engine.api.homes({ signal: never })) {
      expect(state).toEqual({ kind: 'new' });
      break;
    }
  }
});

test('when the tab of the engine is closed, the next one takes over and what it asked goes on', async () => {
  await using town = browser();
  const [first, second] = await twoTabs(town);
  const third = town.tab();
  await until(third.engine, 'follower');

  const states = second.engine.api.homes({ signal: never })[Symbol.asyncIterator]();
  expect((await states.next()).value).toEqual({ kind: 'new' });
  const contacts = second.engine.api.contacts();
  const invited = second.engine.api.invite({}).catch((error: unknown) => error);
  const sending = third.engine.api.sendText(conversation, 'hello', {});
  for (const call of ['contacts of 1', 'invite of 1', 'sendText of 1']) await asked(town, call);

  await first.close();
  expect(await invited).toMatchObject({ code: 'engine-restarted' });
  expect((await states.next()).value).toEqual({ kind: 'locked' });
  await asked(town, 'contacts of 2');
  await asked(town, 'sendText of 2');
  town.letGo();
  expect(await contacts).toEqual([]);
  expect(town.sent.length).toBe(2);
  expect(town.sent[0]).toBe(town.sent[1]);
  expect(await sending).toBe(town.sent[0]);
  const kinds = [second.engine.state.kind, third.engine.state.kind].toSorted();
  expect(kinds).toEqual(['follower', 'leader']);
  await states.return?.();
});

test('when a worker dies, its tab makes another', async () => {
  await using town = browser();
  const [first, second] = await twoTabs(town);
  const contacts = second.engine.api.contacts();
  await asked(town, 'contacts of 1');
  first.killWorker();
  await asked(town, 'contacts of 2');
  town.letGo();
  expect(await contacts).toEqual([]);
  await until(first.engine, 'leader');
  await until(second.engine, 'follower');
});

test('a file that is being read and a search go on where they were', async () => {
  await using town = browser();
  const [first, second] = await twoTabs(town);
  const bytes: number[] = [];
  const reading = (async () => {
    for await (const piece of second.engine.api.fileContent('m' as MessageId, { signal: never }))
      bytes.push(...piece);
  })();
  const hits: string[] = [];
  const searching = (async () => {
    for await (const { message } of second.engine.api.search('words', { signal: never })) hits.push(message);
  })();
  await asked(town, 'fileContent of 1');
  await asked(town, 'search of 1');
  await first.close();
  await Promise.all([reading, searching]);
  expect(bytes).toEqual(Array.from({ length: 100 }, (_, at) => at));
  expect(hits).toEqual(['a', 'b', 'c', 'd']);
});

test('a stream that fails by itself is not begun again', async () => {
  await using town = browser();
  const [, second] = await twoTabs(town);
  const stream = second.engine.api.window(conversation, { signal: never })[Symbol.asyncIterator]();
  await stream.next();
  await expect(stream.next()).rejects.toMatchObject({ code: 'cut' });
});

test('what is asked before there is an engine waits for it, or until it is given up', async () => {
  const late: World = { ...nodeWorld, wait: async (_, { signal }) => ended(signal) };
  const waiting = openEngine({
    version: '1',
    world: late,
    createWorker: () => Promise.withResolvers<EngineWorker>().promise,
    locks: { request: () => Promise.withResolvers<void>().promise },
  });
  const giving = new AbortController();
  const adding = waiting.api.addRelay('link', { signal: giving.signal }).catch((error: unknown) => error);
  const reason = new Error('no more patience');
  giving.abort(reason);
  expect(await adding).toBe(reason);
});

test('a tab of another version waits until the engine of this one is gone', async () => {
  await using town = browser();
  const old = town.tab({ version: '1' });
  await until(old.engine, 'leader');
  const fresh = town.tab({ version: '2' });
  await until(fresh.engine, 'other-version');
  await old.close();
  await until(fresh.engine, 'leader');
});

test('a browser without Web Locks, and an engine that cannot start, are told with a code', async () => {
  await using bare = openEngine({
    version: '1',
    world: nodeWorld,
    createWorker: () => Promise.reject(new Error('never asked')),
    locks: undefined,
  });
  expect(await until(bare, 'failed')).toMatchObject({ code: 'no-locks' });
  await expect(bare.api.contacts()).rejects.toMatchObject({ code: 'no-locks' });

  const suffix = crypto.randomUUID();
  let tries = 0;
  await using failing = openEngine({
    version: '1',
    world: { ...nodeWorld, wait: async () => undefined },
    createWorker() {
      tries += 1;
      return Promise.reject(new UnreachableError('the script did not come', { code: 'cut' }));
    },
    locks: {
      request: async (name, options, work) => navigator.locks.request(`${name}${suffix}`, options, work),
    },
  });
  expect(await until(failing, 'failed')).toMatchObject({ code: 'cut' });
  expect(tries).toBe(4);
});

test('what tabs and workers say to each other before they have a line is decoded, or passed over, whatever it is', () => {
  const text = fc.oneof(fc.string({ maxLength: 300 }), fc.anything());
  const message = fc.oneof(
    fc.anything(),
    fc.record(
      {
        kind: fc.constantFrom('who', 'here', 'join', 'start', 'more'),
        engine: text,
        tab: text,
        version: text,
      },
      { requiredKeys: ['kind'] },
    ),
  );
  fc.assert(
    fc.property(message, (said) => {
      const lobby = decodeLobbyMessage(said);
      if (lobby?.kind === 'here')
        expect([typeof lobby.engine, typeof lobby.version]).toEqual(['string', 'string']);
      if (lobby?.kind === 'join') expect(lobby.tab.length).toBeLessThanOrEqual(200);
      const start = decodeStartMessage(said);
      if (start !== undefined)
        expect([typeof start.engine, typeof start.version]).toEqual(['string', 'string']);
    }),
  );
});
