import {
  capabilityCodec,
  chunkIdOf,
  encode,
  encodeEntry,
  leafCount,
  sign,
  type ChunkId,
  type Operation,
} from '@tern/protocol';
import { primitives } from './primitives.ts';
import type { Chance } from './chance.ts';
import { makePolicy, type Known, type KnownLog } from './known.ts';

/** An operation and the seeds that prove it. */
export interface Ask {
  readonly operation: Operation;
  readonly seeds: readonly Uint8Array[];
}

/** What asking needs to know: what is there, what time it is, which watch set is open. */
export interface Asking {
  readonly known: Known;
  readonly chance: Chance;
  readonly second: number;
  readonly token: Uint8Array | undefined;
}

type Maker = (asking: Asking, log: KnownLog) => Ask;

/** An operation that an honest client could ask for now. */
export function honestAsk(asking: Asking): Ask {
  const { known, chance } = asking;
  const logs = known.writable();
  if (logs.length === 0 || chance.oneIn(25)) return create(asking);
  return chance.of(makers)(asking, chance.of(logs.slice(-12)));
}

function create({ known, chance }: Asking): Ask {
  const again = chance.oneIn(6) ? [...known.logs.values()].at(-1)?.policies[0]?.signed : undefined;
  return {
    operation: { kind: 'create', policy: again ?? makePolicy(known, chance).signed, right: known.right },
    seeds: [],
  };
}

function anyEntry({ known, chance }: Asking, log: KnownLog): Uint8Array {
  const chunk = chance.oneIn(3) ? [...log.chunks.keys()].at(-1 - chance.below(2)) : undefined;
  if (chunk !== undefined)
    return encodeEntry({ kind: 'chunk', chunk, length: known.contents.get(chunk)?.length ?? 1 });
  const earlier = log.entries.get(1 + chance.below(log.last + 1))?.bytes;
  if (chance.oneIn(8) && earlier !== undefined) return earlier;
  return encodeEntry({ kind: 'inline', body: chance.bytes(chance.oneIn(4) ? 3071 : 1023) });
}

const append: Maker = (asking, log) => {
  const { known, chance } = asking;
  const past = chance.oneIn(5) ? chance.of(log.policies) : log.current;
  const operation: Operation = {
    kind: 'append',
    log: log.log,
    number: past.policy.number,
    entry: anyEntry(asking, log),
  };
  return { operation, seeds: [known.seedOf(past.policy.appendKey)] };
};

const commit: Maker = (asking, log) => ({
  operation: {
    kind: 'append',
    log: log.log,
    number: log.current.policy.number,
    entry: anyEntry(asking, log),
    next: makePolicy(asking.known, asking.chance, log).signed,
  },
  seeds: [asking.known.seedOf(log.current.policy.appendKey)],
});

const byCapability: Maker = (asking, log) => {
  const { known, chance, second } = asking;
  if (log.capabilities.length < 4 || chance.oneIn(6)) {
    const { seed, key } = known.keyring.any(chance);
    const serial = chance.bytes(8);
    const payload = encode(capabilityCodec, {
      log: log.log,
      key,
      notAfter: Math.max(0, second + chance.of([600, 86_400, -10])),
      entries: chance.of([1, 3, 100]),
      bytes: chance.of([2000, 100_000]),
      serial,
    });
    const change = known.seedOf(log.current.policy.changeKey);
    log.capabilities.push({
      signed: sign(primitives, change, { label: 'capability', payload }),
      serial,
      seed,
    });
  }
  const capability = chance.of(log.capabilities);
  return {
    operation: {
      kind: 'append',
      log: log.log,
      number: 0,
      entry: anyEntry(asking, log),
      capability: capability.signed,
    },
    seeds: [capability.seed],
  };
};

const amend: Maker = ({ known, chance }, log) => ({
  operation: {
    kind: 'amend',
    log: log.log,
    policy:
      chance.oneIn(4) && log.policies.length > 1 ? log.current.signed : makePolicy(known, chance, log).signed,
  },
  seeds: [],
});

const put: Maker = ({ known, chance }, some) => {
  // to a few logs, so that their uploads become whole and their entries have chunks to name
  const log = chance.oneIn(4) ? some : (known.writable().at(-1) ?? some);
  const open = [...known.contents].slice(-4);
  const reused = chance.oneIn(3) ? undefined : open.find(([chunk]) => !log.chunks.has(chunk));
  const [chunk, content] = reused ?? newChunk(known, chance);
  const whole = chance.oneIn(2);
  const offset = whole ? 0 : chance.of([0, Math.floor(content.length / 2), chance.below(content.length)]);
  const length = whole ? content.length : 1 + chance.below(content.length - offset);
  const { policy } = log.current;
  return {
    operation: {
      kind: 'put',
      log: log.log,
      number: policy.number,
      chunk,
      length: content.length,
      offset,
      bytes: content.slice(offset, offset + Math.min(length, 30_000)),
    },
    seeds: [known.seedOf(policy.appendKey)],
  };
};

function newChunk(known: Known, chance: Chance): readonly [ChunkId, Uint8Array] {
  const content = chance.bytes(chance.of([1, 700, 1024, 1025, 4000, 4000, 9000]));
  const chunk = chunkIdOf(primitives, content);
  known.contents.set(chunk, content);
  return [chunk, content];
}

const get: Maker = ({ known, chance }, some) => {
  const log = chance.oneIn(4) ? some : (known.writable().findLast(({ chunks }) => chunks.size > 0) ?? some);
  const chunk =
    [...log.chunks.keys()].at(-1 - chance.below(3)) ??
    [...known.contents.keys()].at(-1) ??
    newChunk(known, chance)[0];
  const count = leafCount(known.contents.get(chunk)?.length ?? 1);
  const fromLeaf = chance.below(count);
  const { policy } = chance.of(log.policies);
  return {
    operation: {
      kind: 'get',
      log: log.log,
      number: policy.number,
      chunk,
      fromLeaf,
      leaves: 1 + chance.below(count),
    },
    seeds: [known.seedOf(policy.readKey)],
  };
};

const watch: Maker = ({ known, chance, token }, log) => {
  const logs = [log, ...known.writable().filter(() => chance.oneIn(6))].slice(0, 5);
  const add = logs.map((one) => {
    const { policy } = chance.oneIn(3) ? chance.of(one.policies) : one.current;
    const after = chance.oneIn(2) ? 0 : chance.below(one.last + 1);
    return { slice: { log: one.log, after, number: policy.number }, seed: known.seedOf(policy.readKey) };
  });
  return {
    operation: {
      kind: 'watch',
      ...(token === undefined || chance.oneIn(3) ? {} : { token }),
      add: add.map(({ slice }) => slice),
      drop: chance.oneIn(5) ? [chance.of(logs).log] : [],
      waitSeconds: chance.oneIn(12) ? 40 : 0,
    },
    seeds: add.map(({ seed }) => seed),
  };
};

const erase: Maker = ({ known, chance }, log) => ({
  operation: {
    kind: 'erase',
    log: log.log,
    number: log.current.policy.number,
    seqs: Array.from({ length: 1 + chance.below(3) }, () => 1 + chance.below(log.last + 1)),
  },
  seeds: [known.seedOf(log.current.policy.changeKey)],
});

const hello: Maker = () => ({ operation: { kind: 'hello' }, seeds: [] });

/** Each as often as its number says. */
const makers: readonly Maker[] = (
  [
    [append, 6],
    [commit, 2],
    [byCapability, 2],
    [amend, 1],
    [put, 3],
    [get, 2],
    [watch, 3],
    [erase, 1],
    [hello, 1],
  ] as const
).flatMap(([maker, times]) => Array.from({ length: times }, () => maker));
