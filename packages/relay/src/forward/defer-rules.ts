import {
  concat,
  deferCodec,
  encode,
  hash,
  hintCodec,
  utf8,
  type Defer,
  type Forget,
  type Hint,
  type Primitives,
  type Result,
} from '@tern/protocol';
import type { Effects, JudgeContext } from '../judge-context.ts';
import type { RelayLimits } from '../limits-table.ts';
import type { SecretBox, StoreTransaction } from '../store.ts';
import { farTagBytes, keep, keptBytes, letGo, readKept } from './kept-records.ts';

/** What judging `defer` and `forget` needs to know of who asks. */
export interface Keeping {
  /** 16 bytes that stand for the client's path; undefined for a peer path, over which nothing is kept */
  readonly path: Uint8Array | undefined;
  /** makes tickets that nobody can guess, the same for the same request */
  readonly secret: Uint8Array;
  /** false for what can be seen to be no other relay's address */
  mayReach(to: Hint): boolean;
}

const secretName = 'kept';
const secretBytes = 32;
const idBytes = 16;
/** a request that begins a session: whatever is kept for days is not sealed under a ticket (SPEC.md, "Forwarding") */
const underKey: readonly [version: number, mode: number] = [1, 1];

/** 32 bytes, made once for each relay: without them tickets and the names of far relays on the disk say nothing. */
export function keepingSecret(
  secrets: SecretBox,
  { randomBytes }: { readonly randomBytes: (length: number) => Uint8Array },
): Uint8Array {
  const known = secrets.read(secretName);
  if (known !== undefined) return known;
  const made = randomBytes(secretBytes);
  secrets.write(secretName, made);
  return made;
}

/** A path itself is a secret and is not written into the store. */
export function pathId(primitives: Primitives, path: string): Uint8Array {
  return hash(primitives, 'kept path', utf8(path)).subarray(0, idBytes);
}

/** Rule 30. What is answered `kept` is on the disk when it is answered. */
export function judgeDefer(
  transaction: StoreTransaction,
  context: JudgeContext,
  { operation, effects }: { readonly operation: Defer; readonly effects: Effects },
): Result {
  const { keeping, limits, second } = context;
  if (keeping === undefined) return { kind: 'unsupported' };
  const { path } = keeping;
  if (path === undefined) return { kind: 'refused' };
  const { request, notAfter } = operation;
  if (underKey.some((byte, at) => request[at] !== byte)) return { kind: 'malformed' };
  if (!keeping.mayReach(operation.to)) return { kind: 'unreachable', because: 'address' };
  if (notAfter <= second) return { kind: 'expired' };
  if (notAfter > second + limits.keptSeconds) return { kind: 'quota' };
  const ticket = ticketOf(context.primitives, keeping, operation);
  const place = { path, ticket };
  if (readKept(transaction, context.vault, { place, second }) !== undefined) return { kind: 'kept', ticket };
  const chargedBytes = chargedFor(operation, limits);
  const share = Math.max(
    (keptBytes(transaction, path) + chargedBytes) / limits.keptBytesOfPath,
    (keptBytes(transaction) + chargedBytes) / limits.keptBytes,
  );
  if (share > 1 || notAfter > second + longestSeconds(limits, share)) return { kind: 'quota' };
  letGo(transaction, place);
  const tag = farTagOf(context.primitives, keeping, operation.to);
  if (!keep(transaction, context.vault, { place, defer: operation, tag, chargedBytes, second }))
    return { kind: 'full' };
  effects.wrote = true;
  effects.keptBytes += chargedBytes;
  return { kind: 'kept', ticket };
}

/** What keeping a request is billed as: its answer takes its place. */
export function chargedFor({ request }: Pick<Defer, 'request'>, limits: RelayLimits): number {
  return Math.max(request.length, limits.keptAnswerBytes);
}

/** How long something may be kept where this share of the room is taken: half as long with each tenth beyond the half. */
function longestSeconds({ keptSeconds }: RelayLimits, share: number): number {
  return keptSeconds * 2 ** Math.min(0, 5 - 10 * share);
}

/** Rule 30. Done also where nothing lies under that ticket: who asks learns nothing by it. */
export function judgeForget(
  transaction: StoreTransaction,
  context: JudgeContext,
  { operation, effects }: { readonly operation: Forget; readonly effects: Effects },
): Result {
  const { keeping } = context;
  if (keeping === undefined) return { kind: 'unsupported' };
  if (keeping.path === undefined) return { kind: 'refused' };
  if (letGo(transaction, { path: keeping.path, ticket: operation.ticket })) effects.wrote = true;
  return { kind: 'done' };
}

/** Names far relay and host to the courier, and to nobody who finds them on a disk without the secret. */
function farTagOf(primitives: Primitives, { secret }: Keeping, to: Hint): Uint8Array {
  const name = (whom: Uint8Array): Uint8Array => primitives.hmacSha256(secret, whom).subarray(0, farTagBytes);
  return concat(
    name(hash(primitives, 'kept far', encode(hintCodec, to))),
    name(hash(primitives, 'kept host', utf8(`${to.address} ${to.port}`))),
  );
}

function ticketOf(primitives: Primitives, { secret, path }: Keeping, defer: Defer): Uint8Array {
  const named = hash(primitives, 'kept', path ?? new Uint8Array(), encode(deferCodec, defer));
  return primitives.hmacSha256(secret, named).slice(0, idBytes);
}
