import { concat, equalBytes, UnreachableError, UsageError, utf8, type Hint } from '@tern/protocol';
import type { Transport } from '../transport.ts';

/** How a test runner takes a test; vitest's `test` is one. */
export type RegisterTest = (name: string, run: () => Promise<void>) => unknown;

/** An answer that says its length first, as HTTP does; pieces that end before that are a connection cut in the middle. */
export interface ServedAnswer {
  readonly length: number;
  readonly pieces: AsyncIterable<Uint8Array>;
}

/** @param options.signal aborted when the one who asked has gone before the answer ended */
export type Serve = (request: Uint8Array, options: { readonly signal: AbortSignal }) => ServedAnswer;

export interface TransportFixture extends AsyncDisposable {
  readonly transport: Transport;
  /** where `serve` answers */
  readonly hint: Hint;
  /** where nobody does */
  readonly nobody: Hint;
  /** what the answering end saw; needed where it is another process, which serves {@link contractServe} */
  readonly server?: ContractServer;
}

export interface ContractServer {
  /** resolves when a request has arrived */
  readonly arrived: () => Promise<void>;
  /** resolves when the one who asked has gone before the answer ended */
  readonly left: () => Promise<void>;
}

/** What identifies one test of the contract and how patient its transport is to be. */
export interface ContractCase {
  readonly name: string;
  readonly longestSilenceMs: number;
}

/**
 * What every {@link Transport} promises. Each transport's test file begins with it.
 * @param open a server and a transport that gives up after `longestSilenceMs` without a byte
 */
export function transportContract(
  test: RegisterTest,
  open: (serve: Serve, options: ContractCase) => Promise<TransportFixture>,
): void {
  for (const [name, { serving, longestSilenceMs = 30_000, promise }] of Object.entries(promises)) {
    test(name, async () => {
      const serve = serving();
      const arrived = Promise.withResolvers<void>();
      const left = Promise.withResolvers<void>();
      await using fixture = await open(
        (request, { signal }) => {
          arrived.resolve();
          signal.addEventListener('abort', () => left.resolve(), { once: true });
          return serve(request);
        },
        { name, longestSilenceMs },
      );
      const here = { arrived: () => arrived.promise, left: () => left.promise };
      await promise(fixture, fixture.server ?? here);
    });
  }
}

/**
 * What the answering end of one test of the contract does, for one that runs in another process than the test.
 * Made once for each run of that test, since answers may depend on what was asked before.
 */
export function contractServe(name: string): (request: Uint8Array) => ServedAnswer {
  const promised = promises[name];
  if (promised === undefined) throw new UsageError('the contract has no test of that name');
  return promised.serving();
}

interface Promised {
  /** @returns what answers the requests of one run of the test */
  readonly serving: () => (request: Uint8Array) => ServedAnswer;
  readonly longestSilenceMs?: number;
  readonly promise: (fixture: TransportFixture, server: ContractServer) => Promise<void>;
}

const request = utf8('what is asked');
const { signal: never } = new AbortController();

const promises: Readonly<Record<string, Promised>> = {
  'a request arrives as it was sent, and so does its answer': {
    serving: () => (asked) => answer([utf8('you said: '), asked]),
    async promise(fixture) {
      same(await whole(fixture, request), utf8('you said: what is asked'));
      same(await whole(fixture, new Uint8Array()), utf8('you said: '));
      same(await whole(fixture, pattern(65_536)), concat(utf8('you said: '), pattern(65_536)));
    },
  },

  'a large answer in many pieces arrives whole': {
    serving: () => () => answer(Array.from({ length: 256 }, (_, at) => pattern(4096 + at))),
    async promise(fixture) {
      same(
        await whole(fixture, request),
        concat(...Array.from({ length: 256 }, (_, at) => pattern(4096 + at))),
      );
    },
  },

  'an empty answer is an answer': {
    serving: () => () => answer([]),
    async promise(fixture) {
      same(await whole(fixture, request), new Uint8Array());
      same(await whole(fixture, request), new Uint8Array());
    },
  },

  'many requests at once each get their own answer': {
    serving: () => (asked) => answer([asked, pattern(5000), asked]),
    async promise(fixture) {
      await Promise.all(
        Array.from({ length: 40 }, async (_, at) => {
          const mine = utf8(`request ${at}`);
          same(await whole(fixture, mine), concat(mine, pattern(5000), mine));
        }),
      );
    },
  },

  'an answer cut in the middle is what came of it, then unreachable': {
    serving() {
      const cut = Promise.withResolvers<void>();
      return (asked) => {
        if (asked.length > 0) return { length: 10_000, pieces: until(cut.promise, pattern(3000)) };
        cut.resolve();
        return answer([]);
      };
    },
    async promise(fixture) {
      let received = new Uint8Array();
      let caught: unknown;
      try {
        for await (const piece of fixture.transport.carry(fixture.hint, request, { signal: never })) {
          received = new Uint8Array([...received, ...piece]);
          // a browser may drop what comes in the same moment as the cut, so it is cut when this much was read
          if (received.length === 3000) await whole(fixture, new Uint8Array());
        }
      } catch (error) {
        caught = error;
      }
      same(received, pattern(3000));
      holds(caught instanceof UnreachableError, 'the error is an UnreachableError');
    },
  },

  'an address where nobody answers is unreachable': {
    serving: () => () => answer([]),
    async promise({ transport, nobody }) {
      const { pieces, error } = await read({ transport, hint: nobody }, request);
      holds(pieces.length === 0 && error instanceof UnreachableError, 'nothing but an UnreachableError came');
    },
  },

  'a relay that never begins to answer is unreachable after a while': {
    serving: () => () => silentAfter([]),
    // a transport that cannot tell connecting from waiting has to get there within it, even on a busy machine
    longestSilenceMs: 1500,
    async promise(fixture, { left }) {
      const { pieces, error } = await read(fixture, request);
      holds(pieces.length === 0 && error instanceof UnreachableError, 'nothing but an UnreachableError came');
      await left();
    },
  },

  'a relay that falls silent is unreachable after a while, and what it said is there': {
    serving: () => () => silentAfter([pattern(2000)]),
    // the first piece has to come within it even on a busy machine
    longestSilenceMs: 1500,
    async promise(fixture, { left }) {
      const { pieces, error } = await read(fixture, request);
      same(concat(...pieces), pattern(2000));
      holds(error instanceof UnreachableError, 'the error is an UnreachableError');
      await left();
    },
  },

  'a request aborted before it began is not sent': {
    serving: () => () => {
      throw new UsageError('the request was sent');
    },
    async promise(fixture) {
      const reason = new Error('too late');
      const { pieces, error } = await read(fixture, request, AbortSignal.abort(reason));
      holds(pieces.length === 0 && error === reason, 'nothing but the reason came');
    },
  },

  'a request aborted while it waits ends with the reason, and the other side knows': {
    serving: () => () => silentAfter([]),
    async promise(fixture, { arrived, left }) {
      const controller = new AbortController();
      const reason = new Error('enough');
      const reading = read(fixture, request, controller.signal);
      await arrived();
      controller.abort(reason);
      holds((await reading).error === reason, 'the error is the reason');
      await left();
    },
  },

  'an answer aborted between two pieces ends with the reason, and the other side knows': {
    serving: () => () => silentAfter([pattern(100)]),
    async promise({ transport, hint }, { left }) {
      const controller = new AbortController();
      const reason = new Error('enough');
      let caught: unknown;
      try {
        for await (const piece of transport.carry(hint, request, { signal: controller.signal })) {
          holds(piece.length > 0, 'a piece is not empty');
          controller.abort(reason);
        }
      } catch (error) {
        caught = error;
      }
      holds(caught === reason, 'the error is the reason');
      await left();
    },
  },

  'who stops reading early closes what was opened': {
    serving: () => () => silentAfter([pattern(100)]),
    async promise({ transport, hint }, { left }) {
      for await (const piece of transport.carry(hint, request, { signal: never })) {
        holds(piece.length > 0, 'a piece is not empty');
        break;
      }
      await left();
    },
  },
};

function answer(pieces: readonly Uint8Array[]): ServedAnswer {
  return { length: concat(...pieces).length, pieces: each(pieces) };
}

async function* each(pieces: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* pieces;
}

async function* until(cut: Promise<void>, piece: Uint8Array): AsyncIterable<Uint8Array> {
  yield piece;
  await cut;
}

/** Says that more will come, and never sends it. */
function silentAfter(pieces: readonly Uint8Array[]): ServedAnswer {
  return { length: concat(...pieces).length + 1, pieces: silence(pieces) };
}

async function* silence(pieces: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* pieces;
  await new Promise<never>(() => undefined);
}

type Place = Pick<TransportFixture, 'transport' | 'hint'>;

async function whole(place: Place, asked: Uint8Array): Promise<Uint8Array> {
  const { pieces, error } = await read(place, asked);
  if (error !== undefined) throw new UsageError('the answer did not arrive whole', { cause: error });
  return concat(...pieces);
}

async function read(
  { transport, hint }: Place,
  asked: Uint8Array,
  signal: AbortSignal = never,
): Promise<{ readonly pieces: readonly Uint8Array[]; readonly error?: unknown }> {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of transport.carry(hint, asked, { signal })) pieces.push(piece);
    return { pieces };
  } catch (error) {
    return { pieces, error };
  }
}

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + length) % 251);
}

function same(got: Uint8Array, wanted: Uint8Array): void {
  holds(equalBytes(got, wanted), `${wanted.length} bytes are as they should be (${got.length} came)`);
}

function holds(condition: boolean, what: string): void {
  if (!condition) throw new UsageError(`it does not hold that ${what}`);
}
