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
}

/**
 * What every {@link Transport} promises. Each transport's test file begins with it.
 * @param open a server and a transport that gives up after `longestSilenceMs` without a byte
 */
export function transportContract(
  test: RegisterTest,
  open: (serve: Serve, options: { readonly longestSilenceMs: number }) => Promise<TransportFixture>,
): void {
  for (const [name, { serve, longestSilenceMs = 30_000, promise }] of Object.entries(promises)) {
    test(name, async () => {
      const arrived = Promise.withResolvers<void>();
      const left = Promise.withResolvers<void>();
      await using fixture = await open(
        (request, { signal }) => {
          arrived.resolve();
          signal.addEventListener('abort', () => left.resolve(), { once: true });
          return serve(request);
        },
        { longestSilenceMs },
      );
      await promise(fixture, { arrived: arrived.promise, left: left.promise });
    });
  }
}

interface Promised {
  readonly serve: (request: Uint8Array) => ServedAnswer;
  readonly longestSilenceMs?: number;
  readonly promise: (
    fixture: TransportFixture,
    server: { readonly arrived: Promise<void>; readonly left: Promise<void> },
  ) => Promise<void>;
}

const request = utf8('what is asked');
const { signal: never } = new AbortController();

const promises: Readonly<Record<string, Promised>> = {
  'a request arrives as it was sent, and so does its answer': {
    serve: (asked) => answer([utf8('you said: '), asked]),
    async promise(fixture) {
      same(await whole(fixture, request), utf8('you said: what is asked'));
      same(await whole(fixture, new Uint8Array()), utf8('you said: '));
      same(await whole(fixture, pattern(65_536)), concat(utf8('you said: '), pattern(65_536)));
    },
  },

  'a large answer in many pieces arrives whole': {
    serve: () => answer(Array.from({ length: 256 }, (_, at) => pattern(4096 + at))),
    async promise(fixture) {
      same(
        await whole(fixture, request),
        concat(...Array.from({ length: 256 }, (_, at) => pattern(4096 + at))),
      );
    },
  },

  'an empty answer is an answer': {
    serve: () => answer([]),
    async promise(fixture) {
      same(await whole(fixture, request), new Uint8Array());
      same(await whole(fixture, request), new Uint8Array());
    },
  },

  'many requests at once each get their own answer': {
    serve: (asked) => answer([asked, pattern(5000), asked]),
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
    serve: () => ({ ...answer([pattern(3000)]), length: 10_000 }),
    async promise(fixture) {
      const { pieces, error } = await read(fixture, request);
      same(concat(...pieces), pattern(3000));
      holds(error instanceof UnreachableError, 'the error is an UnreachableError');
    },
  },

  'an address where nobody answers is unreachable': {
    serve: () => answer([]),
    async promise({ transport, nobody }) {
      const { pieces, error } = await read({ transport, hint: nobody }, request);
      holds(pieces.length === 0 && error instanceof UnreachableError, 'nothing but an UnreachableError came');
    },
  },

  'a relay that never begins to answer is unreachable after a while': {
    serve: () => silentAfter([]),
    longestSilenceMs: 60,
    async promise(fixture, { left }) {
      const { pieces, error } = await read(fixture, request);
      holds(pieces.length === 0 && error instanceof UnreachableError, 'nothing but an UnreachableError came');
      await left;
    },
  },

  'a relay that falls silent is unreachable after a while, and what it said is there': {
    serve: () => silentAfter([pattern(2000)]),
    // the first piece has to come within it even on a busy machine
    longestSilenceMs: 600,
    async promise(fixture, { left }) {
      const { pieces, error } = await read(fixture, request);
      same(concat(...pieces), pattern(2000));
      holds(error instanceof UnreachableError, 'the error is an UnreachableError');
      await left;
    },
  },

  'a request aborted before it began is not sent': {
    serve: () => {
      throw new UsageError('the request was sent');
    },
    async promise(fixture) {
      const reason = new Error('too late');
      const { pieces, error } = await read(fixture, request, AbortSignal.abort(reason));
      holds(pieces.length === 0 && error === reason, 'nothing but the reason came');
    },
  },

  'a request aborted while it waits ends with the reason, and the other side knows': {
    serve: () => silentAfter([]),
    async promise(fixture, { arrived, left }) {
      const controller = new AbortController();
      const reason = new Error('enough');
      const reading = read(fixture, request, controller.signal);
      await arrived;
      controller.abort(reason);
      holds((await reading).error === reason, 'the error is the reason');
      await left;
    },
  },

  'an answer aborted between two pieces ends with the reason, and the other side knows': {
    serve: () => silentAfter([pattern(100)]),
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
      await left;
    },
  },

  'who stops reading early closes what was opened': {
    serve: () => silentAfter([pattern(100)]),
    async promise({ transport, hint }, { left }) {
      for await (const piece of transport.carry(hint, request, { signal: never })) {
        holds(piece.length > 0, 'a piece is not empty');
        break;
      }
      await left;
    },
  },
};

function answer(pieces: readonly Uint8Array[]): ServedAnswer {
  return { length: concat(...pieces).length, pieces: each(pieces) };
}

async function* each(pieces: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* pieces;
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
