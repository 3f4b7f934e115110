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
import type { Outgoing as Sent, Path } from '@tern/reach';

/** What became of a chunk on its way. */
export type PutOutcome =
  | { readonly kind: 'complete' }
  | { readonly kind: 'refused'; readonly because: Result['kind'] };

/** Leaves of one range, and ranges of one exchange: a cut answer still brings those ranges that came whole. */
const rangeLeaves = 64;
const rangesAtOnce = 4;
const tries = 5;

/**
 * Puts a chunk beside a log, range by range; what the relay already has is not sent again.
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
  options: { readonly signal: AbortSignal },
): Promise<PutOutcome> {
  const { content } = to;
  let offset = 0;
  let failures = 0;
  for (;;) {
    const bytes = content.subarray(offset, offset + limits.putBytes);
    const put = {
      kind: 'put',
      log: to.log,
      number: to.number,
      chunk: to.chunk,
      length: content.length,
      offset,
      bytes,
    } as const;
    const sent: Sent = { operation: put, seeds: [to.seed] };
    const { results } = await path.exchange([sent], options);
    const result = results[0]?.at(-1);
    if (result?.kind === 'put') {
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

function firstMissing(have: readonly (readonly [number, number])[], length: number): number {
  let next = 0;
  for (const [from, to] of have.toSorted((a, b) => a[0] - b[0])) {
    if (from > next) break;
    next = Math.max(next, to);
  }
  return next >= length ? 0 : next;
}

/**
 * Gets a chunk, each range verified by itself.
 * @throws {UnreachableError} when nothing more gets through
 * @throws {MalformedError} when the relay answers with other bytes than the id names
 * @returns undefined where the relay does not have it or does not give it
 */
export async function getChunk(
  path: Path,
  from: {
    readonly log: LogId;
    readonly number: number;
    readonly seed: Uint8Array;
    readonly chunk: ChunkId;
    readonly length: number;
  },
  options: { readonly signal: AbortSignal; readonly primitives: Primitives },
): Promise<Uint8Array | undefined> {
  const content = new Uint8Array(from.length);
  const leaves = leafCount(from.length);
  let missing = Array.from({ length: Math.ceil(leaves / rangeLeaves) }, (_, at) => ({
    from: at * rangeLeaves,
    to: Math.min((at + 1) * rangeLeaves, leaves),
  }));
  for (let failures = 0; missing.length > 0;) {
    const asked = missing.slice(0, rangesAtOnce);
    const { results } = await path.exchange(
      asked.map((range) => getOf(from, range)),
      options,
    );
    const came = new Set<LeafRange>();
    for (const [at, range] of asked.entries()) {
      const result = results[at]?.at(-1);
      if (result === undefined) continue;
      if (result.kind !== 'range') return undefined;
      const part = { range, bytes: result.bytes, proof: result.proof };
      if (
        result.length !== from.length ||
        !verifyRange(options.primitives, { id: from.chunk, length: from.length }, part)
      ) {
        throw new MalformedError('the relay answers with other bytes than were asked for');
      }
      content.set(result.bytes, range.from * limits.leafBytes);
      came.add(range);
    }
    failures = came.size > 0 ? 0 : failures + 1;
    if (failures === tries) throw new UnreachableError('a chunk does not get through');
    missing = missing.filter((range) => !came.has(range));
  }
  return content;
}

function getOf(
  from: { readonly log: LogId; readonly number: number; readonly seed: Uint8Array; readonly chunk: ChunkId },
  range: LeafRange,
): Sent {
  const leaves = range.to - range.from;
  const get = {
    kind: 'get',
    log: from.log,
    number: from.number,
    chunk: from.chunk,
    fromLeaf: range.from,
    leaves,
  } as const;
  return { operation: get, seeds: [from.seed] };
}
