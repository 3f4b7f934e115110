import {
  leafCount,
  limits,
  MalformedError,
  UnreachableError,
  verifyRange,
  type ChunkId,
  type LeafRange,
  type LogId,
  type Primitives,
  type Result,
} from '@tern/protocol';
import { answerRoom, requestRoom, type Budget, type Outgoing as Sent, type Path } from '@tern/reach';
import { carrySideBySide, type Carrying, type Span } from './side-by-side.ts';

/** What became of a chunk on its way. */
export type PutOutcome =
  | { readonly kind: 'complete' }
  | { readonly kind: 'refused'; readonly because: Result['kind'] };

const mostRanges = 4;
const leastRangeLeaves = 4;
/** beside the bytes themselves, of a range with its proof and of a put with its own */
const rangeOverheadBytes = 640;
const putOverheadBytes = 400;
const headerBytes = 200;

export interface TransferOptions {
  readonly signal: AbortSignal;
  /** told whenever so many more bytes of the chunk have arrived */
  readonly arrived?: (bytes: number) => void;
  /**
   * They are somebody's words, or what words wait for: they go as texts do, one exchange after the other. A file leaves room for texts where few
   * connections may be opened, and gives up soon where there is none; what texts wait for might then never come.
   */
  readonly words?: boolean;
}

/**
 * Puts a chunk beside a log in parts, each as large as the path's budget allows and as many side by side; what the relay already has is
 * not sent again.
 * @throws {UnreachableError} when nothing more gets through; what arrived stays there
 */
export async function putChunk(
  path: Path,
  to: {
    readonly log: LogId;
    readonly number: number;
    readonly seed: Uint8Array;
    readonly chunk: ChunkId;
    readonly content: Uint8Array;
  },
  options: TransferOptions,
): Promise<PutOutcome> {
  const { content, log, number, seed, chunk } = to;
  const done = new AbortController();
  let refused: Result['kind'] | undefined;
  let complete = false;
  let arrived = 0;
  const exchange: Carrying['exchange'] = async ({ from: offset, to: end }, { trial, signal }) => {
    const bytes = content.subarray(offset, end);
    const operation = { kind: 'put', log, number, chunk, length: content.length, offset, bytes } as const;
    const put = path.exchange([{ operation, seeds: [seed] }], { signal, bulk: options.words !== true });
    const { results } = await exchanged(path, trial, put);
    const result = results[0]?.at(-1);
    if (result === undefined) return [];
    if (result.kind !== 'put') {
      refused = result.kind;
      done.abort();
      return [];
    }
    const have = result.complete ? [{ from: 0, to: content.length }] : result.have.map(spanOf);
    const came = have.reduce((sum, { from, to }) => sum + to - from, 0);
    if (came > arrived) options.arrived?.(came - arrived);
    arrived = Math.max(arrived, came);
    complete ||= result.complete;
    if (complete) done.abort();
    return have;
  };
  const signal = AbortSignal.any([options.signal, done.signal]);
  try {
    await carrySideBySide({
      ...roomOf(path, putBytesOf, options),
      length: content.length,
      exchange,
      signal,
    });
  } catch (error) {
    if (options.signal.aborted || !done.signal.aborted) throw error;
  }
  if (refused !== undefined) return { kind: 'refused', because: refused };
  if (!complete) throw new UnreachableError('the relay lost a part of the chunk');
  return { kind: 'complete' };
}

function spanOf([from, to]: readonly [number, number]): Span {
  return { from, to };
}

function putBytesOf({ upBytes }: Budget): number {
  return Math.min(limits.putBytes, requestRoom(upBytes) - putOverheadBytes);
}

/** How much goes into one exchange, and how many go at once, as the path's budget is at that moment. */
function roomOf(
  path: Path,
  sizeOf: (budget: Budget) => number,
  { words = false }: Pick<TransferOptions, 'words'>,
): Pick<Carrying, 'room' | 'retries'> {
  let before = path.budget;
  return {
    room() {
      before = path.budget;
      const { spare = 0, trial } = before;
      const size = sizeOf(before);
      if (words) return { size, spare: 0, trialSize: size };
      const tries = trial !== undefined && !trying.has(path);
      return { size, spare, trialSize: tries ? Math.max(size, sizeOf(trial)) : size };
    },
    // it shrank: what is asked for next is smaller; or another way would be taken now
    retries({ code }) {
      const { upBytes, downBytes } = path.budget;
      const shrank = upBytes < before.upBytes || downBytes < before.downBytes;
      const differs = upBytes !== before.upBytes || downBytes !== before.downBytes;
      return shrank || (differs && (code === 'silent' || code === 'cut'));
    },
  };
}

/** Paths on which one exchange is trying more: what stops it would stop others that did the same. */
const trying = new WeakSet<Path>();

async function exchanged<T>(path: Path, trial: boolean, exchange: Promise<T>): Promise<T> {
  if (!trial) return exchange;
  trying.add(path);
  try {
    return await exchange;
  } finally {
    trying.delete(path);
  }
}

function budgetOf({ budget }: Path, trial: boolean): Budget {
  return trial && budget.trial !== undefined ? budget.trial : budget;
}

/**
 * Gets a chunk in exchanges as large as the path's budget allows and as many side by side, each range of it verified by itself.
 * @throws {UnreachableError} when nothing more gets through
 * @throws {MalformedError} when the relay answers with other bytes than the id names
 * @returns undefined where the relay does not have it or does not give it
 */
export async function getChunk(
  path: Path,
  from: Wanted,
  options: TransferOptions & { readonly primitives: Primitives },
): Promise<Uint8Array | undefined> {
  const content = new Uint8Array(from.length);
  const here = new Set<number>();
  const gone = new AbortController();
  const exchange: Carrying['exchange'] = async (span, { trial, signal }) => {
    const asked = rangesOf(span);
    const sent = asked.map((range) => getOf(from, range));
    const room = Math.min(answerRoom(budgetOf(path, trial).downBytes), limits.responseBytes);
    const { results } = await exchanged(
      path,
      trial,
      path.exchange(sent, { signal, room, bulk: options.words !== true }),
    );
    const over: Span[] = [];
    for (const [at, range] of asked.entries()) {
      const result = results[at]?.at(-1);
      if (result === undefined) continue;
      if (result.kind !== 'range') {
        gone.abort();
        return [];
      }
      const got = verified(options.primitives, from, { asked: range, result });
      content.set(result.bytes, range.from * limits.leafBytes);
      const fresh = Array.from({ length: got.to - got.from }, (_, leaf) => got.from + leaf).filter(
        (leaf) => !here.has(leaf),
      );
      for (const leaf of fresh) here.add(leaf);
      if (fresh.length > 0) options.arrived?.(Math.min(result.bytes.length, fresh.length * limits.leafBytes));
      over.push(got);
    }
    return over;
  };
  const signal = AbortSignal.any([options.signal, gone.signal]);
  try {
    await carrySideBySide({
      ...roomOf(path, leavesOf, options),
      length: leafCount(from.length),
      exchange,
      signal,
    });
  } catch (error) {
    if (options.signal.aborted || !gone.signal.aborted) throw error;
    return undefined;
  }
  return gone.signal.aborted ? undefined : content;
}

interface Wanted {
  readonly log: LogId;
  readonly number: number;
  readonly seed: Uint8Array;
  readonly chunk: ChunkId;
  readonly length: number;
}

/** As many leaves as the answer has room for, in ranges with their proofs. */
function leavesOf({ downBytes }: Budget): number {
  const room = answerRoom(downBytes) - headerBytes;
  const most = Math.max(1, Math.floor(room / limits.leafBytes / leastRangeLeaves));
  const ranges = Math.min(mostRanges, most);
  return Math.max(ranges, Math.floor((room - ranges * rangeOverheadBytes) / limits.leafBytes));
}

/** What one exchange asks for, in ranges: a cut answer still brings those that came whole. */
function rangesOf({ from, to }: Span): readonly LeafRange[] {
  const ranges = Math.max(1, Math.min(mostRanges, Math.floor((to - from) / leastRangeLeaves)));
  const leaves = Math.ceil((to - from) / ranges);
  return Array.from({ length: ranges }, (_, at) => ({
    from: from + at * leaves,
    to: Math.min(to, from + (at + 1) * leaves),
  })).filter((range) => range.to > range.from);
}

/** A relay may answer with the beginning of a range, where its answer has no room for more. @throws {MalformedError} */
function verified(
  primitives: Primitives,
  from: Wanted,
  {
    asked,
    result,
  }: { readonly asked: LeafRange; readonly result: Extract<Result, { readonly kind: 'range' }> },
): LeafRange {
  const range = { from: asked.from, to: asked.from + leafCount(result.bytes.length) };
  const part = { range, bytes: result.bytes, proof: result.proof };
  const right =
    range.to <= asked.to &&
    result.length === from.length &&
    verifyRange(primitives, { id: from.chunk, length: from.length }, part);
  if (!right) throw new MalformedError('the relay answers with other bytes than were asked for');
  return range;
}

function getOf(from: Wanted, range: LeafRange): Sent {
  const get = {
    kind: 'get',
    log: from.log,
    number: from.number,
    chunk: from.chunk,
    fromLeaf: range.from,
    leaves: range.to - range.from,
  } as const;
  return { operation: get, seeds: [from.seed] };
}
