import { StorageError } from '@tern/core';
import { MalformedError, RefusedError, TernError, UnreachableError, UsageError } from '@tern/protocol';
import { connectBridge } from '../src/bridge/connect-bridge.ts';
import type { Port } from '../src/bridge/port.ts';
import { serveBridge } from '../src/bridge/serve-bridge.ts';
import type { BridgeShape } from '../src/bridge/shape.ts';

/** What is served at the far end in these tests. */
export interface Sample {
  echo(value: unknown): Promise<unknown>;
  fail(name: string): Promise<void>;
  /** waits until its signal aborts, and says so in {@link Sample.seen} */
  wait(label: string, options: { readonly signal: AbortSignal }): Promise<void>;
  /** what became of the calls and streams that were given up */
  seen(): Promise<readonly string[]>;
  count(to: number, options: { readonly signal: AbortSignal }): AsyncIterable<number>;
  /** how far {@link Sample.count} has come */
  counted(): Promise<number>;
  states(options: { readonly signal: AbortSignal }): AsyncIterable<string>;
  failing(options: { readonly signal: AbortSignal }): AsyncIterable<number>;
  /** ends this side */
  leave(): Promise<void>;
}

const shape: BridgeShape<Sample> = {
  echo: 'again',
  fail: 'once',
  wait: 'once',
  seen: 'again',
  count: 'stream',
  counted: 'again',
  states: 'watch',
  failing: 'stream',
  leave: 'once',
};

const errors: Readonly<Record<string, () => Error>> = {
  malformed: () => new MalformedError('these are no bytes of ours'),
  unreachable: () => new UnreachableError('nobody is there', { code: 'cut' }),
  refused: () => new RefusedError('full', 'no room'),
  usage: () => new UsageError('not like that'),
  storage: () => new StorageError('storage-full', 'the disk is full'),
  other: () => new TernError('odd', 'something else'),
  bug: () => new TypeError('x is not a function'),
};

/** The far end. @param leave what ends it */
export function serveSample(port: Port, leave: () => void = () => port.close()): void {
  const seen: string[] = [];
  let counted = 0;
  serveBridge<Sample>(port, shape, {
    echo: async (value) => (value === 'a function' ? serveSample : value),
    async fail(name) {
      throw errors[name]?.() ?? new Error('no such error');
    },
    async wait(label, { signal }) {
      await aborted(signal);
      seen.push(label);
    },
    seen: async () => seen,
    async *count(to, { signal }) {
      try {
        for (counted = 0; counted < to && !signal.aborted;) yield (counted += 1);
      } finally {
        seen.push(signal.aborted ? 'count left' : 'count ended');
      }
    },
    counted: async () => counted,
    async *states({ signal }) {
      yield 'first';
      await aborted(signal);
      seen.push('states left');
    },
    async *failing() {
      yield 1;
      throw new RefusedError('no-more', 'that was all');
    },
    leave: async () => leave(),
  });
}

export interface BridgeFixture extends AsyncDisposable {
  /** the near end; {@link serveSample} serves the far one */
  readonly port: Port;
  /** ends the far end without a word, as a tab that is killed does; absent where only goodbyes are noticed */
  readonly kill?: () => void;
}

type Promised = (fixture: BridgeFixture & { readonly api: Sample }) => Promise<void>;

/** What every line between a page and its engine promises. */
export function bridgeContract(
  test: (name: string, run: () => Promise<void>) => unknown,
  open: () => Promise<BridgeFixture>,
): void {
  for (const [name, promise] of Object.entries(promises)) {
    test(name, async () => {
      await using fixture = await open();
      await promise({ ...fixture, api: connectBridge<Sample>(fixture.port, shape) });
    });
  }
}

const never: AbortSignal = new AbortController().signal;

const promises: Readonly<Record<string, Promised>> = {
  async 'what is given to a call comes back as it was'({ api }) {
    const value = { text: 'a\u0000б', bytes: new Uint8Array([1, 2, 255]), list: [undefined, null, 1.5] };
    same(await api.echo(value), value);
    const blob = (await api.echo(new Blob(['words'], { type: 'text/plain' }))) as Blob;
    same([await blob.text(), blob.type], ['words', 'text/plain']);
  },

  async 'many calls at once each get their own answer'({ api }) {
    const numbers = Array.from({ length: 200 }, (_, at) => at);
    same(await Promise.all(numbers.map((at) => api.echo(at))), numbers);
  },

  async 'an error arrives as the class that says whose fault it is, with its code and words'({ api }) {
    for (const [name, make] of Object.entries(errors)) {
      const expected = make();
      const error = await failure(api.fail(name));
      if (expected instanceof TernError) {
        same(error.constructor, expected.constructor);
        same([error.code, error.message], [expected.code, expected.message]);
      } else {
        same([error.code, error.message], ['broken', 'TypeError: x is not a function']);
      }
    }
  },

  async 'what cannot be copied is an error on the side that tried, and the line goes on'({ api }) {
    same((await failure(api.echo(() => undefined))).code, 'usage');
    same((await failure(api.echo('a function'))).code, 'broken');
    same(await api.echo('still here'), 'still here');
  },

  async 'a call that is given up rejects with the reason, and its work is told'({ api }) {
    const giving = new AbortController();
    const waiting = api.wait('one', { signal: giving.signal });
    const other = api.wait('other', { signal: never });
    other.catch(() => undefined); // ends with the line
    same(await api.seen(), []);
    giving.abort(new RefusedError('tired', 'no more patience'));
    same((await failure(waiting)).code, 'tired');
    same(await api.seen(), ['one']);
    const before = AbortSignal.abort(new RefusedError('never', 'not begun'));
    same((await failure(api.wait('none', { signal: before }))).code, 'never');
    same(await api.seen(), ['one']);
  },

  async 'a stream arrives whole and in order'({ api }) {
    const arrived: number[] = [];
    for await (const number of api.count(1000, { signal: never })) arrived.push(number);
    same(
      arrived,
      Array.from({ length: 1000 }, (_, at) => at + 1),
    );
    same(await api.seen(), ['count ended']);
  },

  async 'a stream runs no more than a few items ahead of who reads it'({ api }) {
    let read = 0;
    for await (const number of api.count(1_000_000, { signal: never })) {
      read = number;
      const ahead = (await api.counted()) - read;
      holds(ahead <= 10, `it was ${ahead} items ahead`);
      if (read === 50) break;
    }
    same(await api.seen(), ['count left']);
  },

  async 'a stream that is left early ends at the other side'({ api }) {
    for await (const state of api.states({ signal: never })) {
      same(state, 'first');
      break;
    }
    same(await api.seen(), ['states left']);
  },

  async 'a stream whose signal aborts ends where it shows states, and rejects where parts would be missing'({
    api,
  }) {
    const leaving = new AbortController();
    const states: string[] = [];
    for await (const state of api.states({ signal: leaving.signal })) {
      states.push(state);
      leaving.abort(new RefusedError('enough', 'that will do'));
    }
    same(states, ['first']);
    const error = await failure(
      (async () => {
        for await (const number of api.count(1_000_000, { signal: leaving.signal }))
          holds(number > 0, 'counts');
      })(),
    );
    same(error.code, 'enough');
    same(await api.seen(), ['states left']);
  },

  async 'a stream that fails gives what came before'({ api }) {
    const arrived: number[] = [];
    const error = await failure(
      (async () => {
        for await (const number of api.failing({ signal: never })) arrived.push(number);
      })(),
    );
    same([arrived, error.code], [[1], 'no-more']);
  },

  async 'messages that mean nothing here are passed over'({ api, port }) {
    for (const odd of [undefined, 7, 'hello', [], {}, { kind: 'call' }, { kind: 'credit', id: 1, more: -1 }])
      port.post(odd);
    port.post({ kind: 'later', id: 1, what: 'a newer version says more' });
    port.post({ kind: 'call', id: 999_999, method: 'constructor', args: [], signal: false });
    port.post({ kind: 'call', id: 999_998, method: '__proto__', args: [], signal: false });
    same(await api.echo('still here'), 'still here');
  },

  async 'all that waits fails when the other side leaves, and so does what is asked later'({ api, port }) {
    const waiting = failure(api.wait('one', { signal: never }));
    const states = api.states({ signal: never })[Symbol.asyncIterator]();
    await states.next();
    const stream = failure(states.next());
    const leaving = failure(api.leave());
    for (const error of await Promise.all([waiting, stream])) {
      same([error.constructor, error.code], [UnreachableError, 'line-closed']);
    }
    holds(port.closed.aborted, 'the port knows');
    same((await failure(api.echo(1))).code, 'line-closed');
    same((await leaving).code, 'line-closed');
  },

  async 'all that waits fails when the other side dies without a word'({ api, port, kill }) {
    if (kill === undefined) return;
    const waiting = failure(api.wait('one', { signal: never }));
    await api.seen();
    kill();
    same((await waiting).code, 'line-closed');
    holds(port.closed.aborted, 'the port knows');
  },

  async 'closing this side fails what waits here'({ api, port }) {
    const waiting = failure(api.wait('one', { signal: never }));
    await api.seen();
    port.close();
    same((await waiting).code, 'line-closed');
  },
};

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** @throws unless it fails with an error of ours */
async function failure(promise: Promise<unknown>): Promise<TernError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof TernError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

function holds(condition: boolean, words: string): void {
  if (!condition) throw new Error(`it does not hold that ${words}`);
}

/** Compares plain data, bytes and constructors by value. */
function same(actual: unknown, expected: unknown): void {
  const words = (value: unknown): string =>
    JSON.stringify(value, (_, each: unknown) =>
      typeof each === 'function' ? each.name : each === undefined ? 'undefined' : each,
    );
  holds(words(actual) === words(expected), `${words(actual)} is ${words(expected)}`);
}
