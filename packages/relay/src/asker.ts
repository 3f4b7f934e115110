import type { Payer } from './forward/forwarder.ts';

/** Who asks, as far as whatever carries a request can tell. */
export interface Asker {
  /** aborted when nobody waits for the answer any more */
  readonly signal: AbortSignal;
  /** tells callers apart where something is rationed; it is never written anywhere */
  readonly source?: string;
  /** the client's path by which it came: what is handed on and kept is billed to it */
  readonly path?: string;
  /** it came over the peer path, from another relay: nothing is handed on further (rule 29) */
  readonly peer?: boolean;
}

/** @returns undefined for what came over the peer path: nobody pays for that */
export function payerOf({ path = '', source, peer }: Asker): Payer | undefined {
  return peer === true ? undefined : { path, ...(source === undefined ? {} : { source }) };
}
