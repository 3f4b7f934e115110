import { base64url, utf8 } from './bytes.ts';
import { bytes, field, struct, uint, type Codec } from './codec.ts';
import { MalformedError } from './errors.ts';
import { hash } from './ids.ts';
import { limits } from './limits.ts';
import { hintCodec, type Hint } from './link.ts';
import type { Primitives } from './primitives.ts';

/** One sealed request for another relay, handed on at once (rule 29). No proof: what is inside carries its own. */
export interface Forward {
  /** the far relay by its id, where it is, and its peer path */
  readonly to: Hint;
  /** as a POST to that relay would have it; empty for its card */
  readonly request: Uint8Array;
  /** how long the far relay may keep its answer back, because the request is a watch */
  readonly waitSeconds: number;
}

/** One sealed request for another relay, kept until that one was reached (rule 30). */
export interface Defer {
  readonly to: Hint;
  /** under a key of the far relay's card: it holds only puts and appends outside the commit lane */
  readonly request: Uint8Array;
  /** seconds since 1970; that of the batch inside */
  readonly notAfter: number;
}

/** What the far relay answered to a request that was kept. */
export interface Collect {
  /** 16 bytes, from `kept` */
  readonly ticket: Uint8Array;
}

/** Lets go of a kept request, or of its answer. */
export interface Forget {
  readonly ticket: Uint8Array;
}

const ticketCodec: Codec<Uint8Array> = bytes(16);

export const forwardCodec: Codec<Forward> = struct<Forward>({
  to: field(1, hintCodec),
  request: field(2, bytes(0, limits.forwardBytes)),
  waitSeconds: field(3, uint(limits.watchWaitSeconds)),
});
export const deferCodec: Codec<Defer> = struct<Defer>({
  to: field(1, hintCodec),
  request: field(2, bytes(1, limits.forwardBytes)),
  notAfter: field(3, uint(limits.second)),
});
export const collectCodec: Codec<Collect> = struct<Collect>({ ticket: field(1, ticketCodec) });
export const forgetCodec: Codec<Forget> = struct<Forget>({ ticket: field(1, ticketCodec) });

/** Who is to prove that it is the far relay must be named. @throws {MalformedError} */
export function checkForwarded({ to }: Pick<Forward, 'to'>): void {
  if (to.relay === undefined) throw new MalformedError('a forwarded request names its relay');
}

const peerPathBytes = 16;

/**
 * Where a relay takes what other relays hand on. Whoever knows a secret path of a relay can tell its peer path; whoever knows that one
 * cannot tell the other.
 */
export function peerPathOf(primitives: Primitives, path: string): string {
  return base64url(hash(primitives, 'peer path', utf8(path)).subarray(0, peerPathBytes));
}
