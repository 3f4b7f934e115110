import {
  base32,
  batchHeaderCodec,
  capabilityCodec,
  concat,
  decode,
  encode,
  encodeOperation,
  joinFrames,
  limits,
  policyCodec,
  proofMessage,
  sign,
  uintBytes,
  wireOperationCodec,
  type BatchHeader,
  type BatchId,
  type Operation,
  type Policy,
  type Signed,
  type WireOperation,
} from '@tern/protocol';
import type { Ask } from './asks.ts';
import { attempt } from './attempt.ts';
import type { Chance } from './chance.ts';
import { makePolicy, type Known } from './known.ts';
import { mutateEncoding } from './loose-cbor.ts';
import { primitives } from './primitives.ts';

/** What may be changed in a batch: nothing in one of ten, so that what is honest is seen to work. */
export interface Plan {
  /** whether anything is changed at all */
  readonly honest: boolean;
  readonly typed: boolean;
  readonly body: boolean;
  readonly proofs: boolean;
  readonly wire: boolean;
  readonly frames: boolean;
  readonly header: boolean;
  readonly records: boolean;
  readonly envelope: boolean;
}

export function planFor(chance: Chance): Plan {
  const honest = chance.oneIn(10);
  const maybe = (times: number): boolean => !honest && chance.oneIn(times);
  const plan = {
    honest,
    typed: maybe(2),
    body: maybe(4),
    proofs: maybe(8),
    wire: maybe(12),
    frames: maybe(16),
    header: maybe(16),
    records: maybe(40),
    envelope: maybe(60),
  };
  const anything = Object.values(plan).some(Boolean);
  return anything ? plan : { ...plan, typed: true };
}

/** The same kind of operation with one thing said differently, rightly signed again where it is signed. */
function mutateOperation({ operation, seeds }: Ask, known: Known, chance: Chance): Ask {
  const fields = Object.keys(operation).filter((name) => name !== 'kind');
  if (fields.length === 0) return { operation: { kind: 'hello' }, seeds: [chance.bytes(32)] };
  const name = chance.of(fields);
  const before: unknown = Reflect.get(operation, name);
  const after = mutateValue(before, { name, operation, known, chance });
  return { operation: { ...operation, [name]: after } as Operation, seeds };
}

interface Around {
  readonly name: string;
  readonly operation: Operation;
  readonly known: Known;
  readonly chance: Chance;
}

function mutateValue(value: unknown, around: Around): unknown {
  const { chance, known } = around;
  if (typeof value === 'number')
    return chance.of([
      value + 1,
      Math.max(0, value - 1),
      0,
      value * 2,
      chance.below(300),
      limits.policyNumber,
    ]);
  if (typeof value === 'string') {
    const others = [...known.logs.keys(), ...known.contents.keys()];
    return others.length === 0 || chance.oneIn(3) ? base32(chance.bytes(32)) : chance.of(others);
  }
  if (value instanceof Uint8Array) {
    const which = chance.below(4);
    if (which === 0) return value.subarray(1);
    if (which === 1) return concat(value, chance.bytes(1));
    if (which === 2) return value.with(chance.below(Math.max(1, value.length)), chance.below(256));
    return value.with(0, chance.of([0, 1, 2]));
  }
  if (Array.isArray(value)) return mutateList(value as readonly unknown[], around);
  if (value === undefined || value === null) return chance.bytes(16);
  return 'payload' in (value as object) ? mutateSigned(value as Signed, around) : value;
}

function mutateList(list: readonly unknown[], around: Around): readonly unknown[] {
  const { chance } = around;
  const which = chance.below(5);
  if (which === 0) return [];
  if (which === 1) return [...list, ...list];
  if (which === 2) return list.toReversed();
  const at = chance.below(Math.max(1, list.length));
  const one = list[at];
  if (one === undefined || which === 3)
    return Array.from({ length: chance.of([7, 7, 7, 270]) }, () => list[0] ?? 1);
  if (typeof one !== 'object' || one === null) return list.with(at, mutateValue(one, around));
  const name = chance.of(Object.keys(one));
  return list.with(at, { ...one, [name]: mutateValue(Reflect.get(one, name), around) });
}

/** A policy or capability that says something else: signed with the key that counts, with another, or not at all. */
function mutateSigned(signed: Signed, { name, operation, known, chance }: Around): Signed {
  const log = 'log' in operation ? known.logs.get(operation.log) : undefined;
  const label = name === 'capability' ? 'capability' : 'policy';
  if (chance.oneIn(6))
    return { ...signed, signature: signed.signature.with(chance.below(64), chance.below(256)) };
  if (chance.oneIn(8) && log !== undefined) return makePolicy(known, chance, log).signed;
  const payload = mutatePayload(signed.payload, label, { known, chance });
  const key = log?.current.policy.changeKey ?? ownChangeKey(payload);
  const seed = chance.oneIn(5) ? known.keyring.any(chance).seed : known.seedOf(key);
  return sign(primitives, seed, { label: chance.oneIn(12) ? 'card' : label, payload });
}

function ownChangeKey(payload: Uint8Array): Uint8Array | undefined {
  return attempt(() => decode(policyCodec, payload).changeKey);
}

function mutatePayload(
  payload: Uint8Array,
  label: 'policy' | 'capability',
  { known, chance }: { readonly known: Known; readonly chance: Chance },
): Uint8Array {
  if (chance.oneIn(2)) return mutateEncoding(payload, chance);
  const changed = attempt(() => {
    if (label === 'capability') {
      const capability = decode(capabilityCodec, payload);
      const one = chance.of(['notAfter', 'entries', 'bytes'] as const);
      return encode(capabilityCodec, { ...capability, [one]: chance.of([0, 1, capability[one] + 1]) });
    }
    return encode(policyCodec, mutatePolicy(decode(policyCodec, payload), known, chance));
  });
  return changed ?? mutateEncoding(payload, chance);
}

function mutatePolicy(policy: Policy, known: Known, chance: Chance): Policy {
  const changes: readonly (() => Partial<Policy>)[] = [
    () => ({ number: policy.number + chance.of([1, 2, 5]) }),
    () => ({ number: Math.max(0, policy.number - 1) }),
    () => ({ nonce: chance.bytes(16) }),
    () => ({ relay: base32(chance.bytes(32)) as NonNullable<Policy['relay']> }),
    () => ({
      log: chance.of([...known.logs.keys(), base32(chance.bytes(32)) as NonNullable<Policy['log']>]),
    }),
    () => ({ previous: chance.bytes(32) }),
    () => ({ lifetime: 0 }),
    () => ({ roomBytes: 0 }),
    () => ({ closes: !policy.closes }),
    () => ({ readKey: chance.bytes(32) }),
    () => ({ appendKey: new Uint8Array(32) }),
    () => ({ changeKey: known.keyring.any(chance).key }),
  ];
  return { ...policy, ...chance.of(changes)() };
}

/** The operations of a batch as they cross the wire, proofs and all. */
export function wireOf(
  asks: readonly Ask[],
  plan: Plan,
  place: { readonly known: Known; readonly batch: BatchId; readonly chance: Chance },
): readonly WireOperation[] {
  const { known, batch, chance } = place;
  const target = chance.below(asks.length);
  const wires = asks.map((ask, at): WireOperation => {
    const changed = plan.typed && at === target ? mutateOperation(ask, known, chance) : ask;
    let wire = attempt(() => encodeOperation(changed.operation)) ?? encodeOperation(ask.operation);
    if (plan.body && at === target) wire = { ...wire, body: mutateEncoding(wire.body, chance) };
    if (plan.wire && at === target && chance.oneIn(2))
      wire = { ...wire, type: chance.of([0, 1, 2, 3, 4, 5, 6, 7, 8, 4000, 65_535]) };
    const message = proofMessage(primitives, wire, { relay: known.relay, batch });
    return { ...wire, proofs: ask.seeds.map((seed) => primitives.ed25519Sign(seed, message)) };
  });
  return plan.proofs ? mutateProofs(wires, known, chance) : wires;
}

function mutateProofs(
  wires: readonly WireOperation[],
  known: Known,
  chance: Chance,
): readonly WireOperation[] {
  const at = chance.below(wires.length);
  const wire = wires[at];
  if (wire === undefined) return wires;
  const { proofs } = wire;
  const one = proofs[0] ?? new Uint8Array(64);
  const changes: readonly (() => readonly Uint8Array[])[] = [
    () => [],
    () => [one.with(chance.below(64), chance.below(256)), ...proofs.slice(1)],
    () => proofs.toReversed(),
    () => [...proofs, one],
    () => wires.flatMap((other) => other.proofs),
    () => [primitives.ed25519Sign(known.keyring.any(chance).seed, chance.bytes(10))],
    () => wires.at(-1 - at)?.proofs ?? [],
    () => [chance.bytes(63)],
  ];
  return wires.with(at, { ...wire, proofs: chance.of(changes)() });
}

/** Header and frames, as a client writes them or as no client would. */
export function plaintextOf(
  header: BatchHeader,
  wires: readonly WireOperation[],
  options: { readonly plan: Plan; readonly chance: Chance },
): Uint8Array {
  const { plan, chance } = options;
  let head = encode(batchHeaderCodec, header);
  if (plan.header) head = mutateEncoding(head, chance);
  const bodies = wires.map(
    (wire) =>
      attempt(() => encode(wireOperationCodec, wire)) ??
      mutateEncoding(
        encode(wireOperationCodec, { ...wire, body: wire.body.subarray(0, 60_000), proofs: [] }),
        chance,
      ),
  );
  if (plan.wire && bodies[0] !== undefined) bodies[0] = mutateEncoding(bodies[0], chance);
  const frames = [head, ...bodies];
  if (!plan.frames) return joinFrames(frames);
  const at = chance.below(frames.length);
  const changes: readonly (() => Uint8Array)[] = [
    () => joinFrames([...frames, frames[at] ?? head]),
    () => joinFrames(frames.toReversed()),
    () => joinFrames(frames.toSpliced(at, 1)),
    () => joinFrames(frames.toSpliced(at, 0, new Uint8Array())),
    () => joinFrames([...frames, ...Array.from({ length: 300 }, () => frames.at(-1) ?? head)].slice(0, 300)),
    () => joinFrames(frames).subarray(0, -1 - chance.below(30)),
    () => concat(joinFrames(frames), chance.bytes(1 + chance.below(6))),
    () =>
      concat(
        joinFrames(frames.slice(0, at)),
        uintBytes(chance.of([0, 1, 2 ** 20, 2 ** 24 - 1]), 3),
        ...frames.slice(at),
      ),
    () => concat(joinFrames(frames), new Uint8Array(70_000)),
    () => new Uint8Array(),
  ];
  return chance.of(changes)();
}
