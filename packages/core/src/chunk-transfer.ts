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

/** What became of a chunk on its way. */
export type PutOutcome =
  | { readonly kind: 'complete' }
  | { readonly kind: 'refused'; readonly because: Result['kind'] };

/** What one exchange asks for comes in several ranges: a cut answer still brings those that came whole. */
const mostRanges = 4;
const leastRangeLeaves = 4;
/** beside the bytes themselves, of a range with its proof and of a put with its own */
const rangeOverheadBytes = 640;
const putOverheadBytes = 400;
const headerBytes = 200;
const tries = 5;

export interface TransferOptions {
  readonly signal: AbortSignal;
  /** told whenever so many more bytes of the chunk have arrived */
  readonly arrived?: (bytes: number) => void;
}

/**
 * Puts a chunk beside a log, range by range, each as large as the path's budget allows; what the relay already has is not sent again.
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
  const { content } = to;
  let offset = 0;
  let failures = 0;
  let arrived = 0;
  for (;;) {
    const bytes = content.subarray(offset, offset + putBytesOf(path.budget));
    const put = {
      kind: 'put',
      log: to.log,
      number: to.number,
      chunk: to.chunk,
      length: content.length,
      offset,
      bytes,
    } as const;
    const result = (await exchangeOrShrink(path, [{ operation: put, seeds: [to.seed] }], options))[0]?.at(-1);
    if (result?.kind === 'put') {
      const have = result.complete ? content.length : bytesIn(result.have);
      if (have > arrived) options.arrived?.(have - arrived);
      arrived = Math.max(arrived, have);
      if (result.complete) return { kind: 'complete' };
      const next = firstMissing(result.have, content.length);
      failures = next === offset ? failures + 1 : 0;
      offset = next;
    } else if (result === undefined) {
      failures += 1;
    } else {
      return { kind: 'refused', because: result.kind };
    }
    if (failures === tries) throw new UnreachableError('a chunk does not get through');
  }
}

function putBytesOf(budget: Budget): number {
  return Math.min(limits.putBytes, requestRoom(budget.upBytes) - putOverheadBytes);
}

function bytesIn(have: readonly (readonly [number, number])[]): number {
  return have.reduce((sum, [from, to]) => sum + to - from, 0);
}

function firstMissing(have: readonly (readonly [number, number])[], length: number): number {
  let next = 0;
  for (const [from, to] of have.toSorted((a, b) => a[0] - b[0])) {
    if (from > next) break;
    next = Math.max(next, to);
  }
  return next >= length ? 0 : next;
}

/**
 * One exchange. Where it failed and the path's budget shrank by that, it was too large, and there is something smaller to try;
 * where it stopped and the budget is another now, another way would be taken: as if nothing had been answered.
 */
async function exchangeOrShrink(
  path: Path,
  sent: readonly Sent[],
  { signal }: TransferOptions,
): Promise<readonly (readonly Result[])[]> {
  const before = path.budget;
  try {
    return (await path.exchange(sent, { signal, bulk: true })).results;
  } catch (error) {
    const after = path.budget;
    const shrank = after.upBytes < before.upBytes || after.downBytes < before.downBytes;
    const differs = after.upBytes !== before.upBytes || after.downBytes !== before.downBytes;
    if (!(error instanceof UnreachableError)) throw error;
    if (shrank || (differs && (error.code === 'silent' || error.code === 'cut'))) return [];
    throw error;
  }
}

/**
 * Gets a chunk in exchanges as large as the path's budget allows, each range of it verified by itself.
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
  let missing: readonly LeafRange[] = [{ from: 0, to: leafCount(from.length) }];
  for (let failures = 0; missing.length > 0;) {
    const { asked, rest } = cut(missing, path.budget);
    const sent = asked.map((range) => getOf(from, range));
    const results = await exchangeOrShrink(path, sent, options);
    let came = 0;
    const left: LeafRange[] = [];
    for (const [at, range] of asked.entries()) {
      const result = results[at]?.at(-1);
      if (result === undefined) {
        left.push(range);
        continue;
      }
      if (result.kind !== 'range') return undefined;
      const got = verified(options.primitives, from, { asked: range, result });
      content.set(result.bytes, range.from * limits.leafBytes);
      options.arrived?.(result.bytes.length);
      came += 1;
      if (got.to < range.to) left.push({ from: got.to, to: range.to });
    }
    failures = came > 0 ? 0 : failures + 1;
    if (failures === tries) throw new UnreachableError('a chunk does not get through');
    missing = [...left, ...rest];
  }
  return content;
}

interface Wanted {
  readonly log: LogId;
  readonly number: number;
  readonly seed: Uint8Array;
  readonly chunk: ChunkId;
  readonly length: number;
}

/** @returns what to ask for now, in ranges that fit the budget together, and what stays for later */
function cut(
  missing: readonly LeafRange[],
  { downBytes }: Budget,
): { readonly asked: readonly LeafRange[]; readonly rest: readonly LeafRange[] } {
  const room = answerRoom(downBytes) - headerBytes;
  const most = Math.floor(room / limits.leafBytes / leastRangeLeaves);
  const ranges = Math.max(1, Math.min(mostRanges, most));
  const leaves = Math.max(ranges, Math.floor((room - ranges * rangeOverheadBytes) / limits.leafBytes));
  const perRange = Math.floor(leaves / ranges);
  const asked: LeafRange[] = [];
  const rest: LeafRange[] = [];
  for (const range of missing) {
    let at = range.from;
    while (at < range.to && asked.length < ranges) {
      const to = Math.min(range.to, at + perRange);
      asked.push({ from: at, to });
      at = to;
    }
    if (at < range.to) rest.push({ from: at, to: range.to });
  }
  return { asked, rest };
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
