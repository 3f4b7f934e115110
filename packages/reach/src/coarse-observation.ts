import { originOf, UnreachableError, type Hint } from '@tern/protocol';
import type { Observation } from './diagnosis/observation.ts';

/** One exchange, seen from above its transport: no stages, and of the connection nothing. */
export interface SeenExchange {
  readonly to: Hint;
  readonly transport: string;
  readonly beganAt: number;
  readonly endedAt: number;
  readonly firstAt: number | undefined;
  readonly lastAt: number | undefined;
  readonly upBytes: number;
  readonly downBytes: number;
  readonly held: boolean;
  /** undefined: it was answered */
  readonly error: unknown;
}

/** What more than a request and an answer of ordinary size carries. */
const bulkBytes = 12_000;

/** For transports that tell no observations of their own. */
export function coarseObservation(seen: SeenExchange): Observation {
  const { to, beganAt, firstAt, lastAt, error } = seen;
  const address = to.address.replace(/^\[|\]$/gu, '');
  const literal = /^[\d.]+$|:/u.test(address);
  const code = codeOf(error instanceof UnreachableError ? error.cause : undefined);
  const failed = resolving.get(code);
  return {
    way: {
      key: `${seen.transport} ${originOf(to)}`,
      kind: seen.transport === 'websocket' ? 'websocket' : 'https',
      ...(literal ? { address } : { name: address }),
      port: to.port,
      ...(to.relay !== undefined && { relay: to.relay }),
    },
    beganAt,
    endedAt: seen.endedAt,
    connection: undefined,
    ...(failed !== undefined && { resolved: { afterMs: seen.endedAt - beganAt, failed, by: 'system' } }),
    ...(firstAt !== undefined && { firstByteAfterMs: firstAt - beganAt }),
    ...(lastAt !== undefined && { lastByteAfterMs: lastAt - beganAt }),
    upBytes: seen.upBytes,
    downBytes: seen.downBytes,
    held: seen.held,
    end: endOf(error, code, seen.downBytes > 0),
    bulk: Math.max(seen.upBytes, seen.downBytes) >= bulkBytes,
  };
}

const resolving: ReadonlyMap<string, 'no-such-name' | 'no-answer'> = new Map([
  ['ENOTFOUND', 'no-such-name'],
  ['EAI_AGAIN', 'no-answer'],
]);

const ends: ReadonlyMap<string, Observation['end']> = new Map([
  ['ECONNRESET', 'reset'],
  ['EPIPE', 'reset'],
  ['ECONNREFUSED', 'refused-connection'],
  ['ENETUNREACH', 'no-network'],
  ['ENETDOWN', 'no-network'],
  ['cut', 'closed-early'],
  ['not-a-relay', 'not-a-relay'],
]);

function endOf(error: unknown, cause: string, begun: boolean): Observation['end'] {
  if (error === undefined) return 'answered';
  if (!(error instanceof UnreachableError)) return 'cancelled';
  if (/CERT|ALTNAME|SELF_SIGNED/u.test(cause)) return 'wrong-certificate';
  if (error.code === 'closed') return 'cancelled';
  // what ends an answer in the middle without a reason has closed it, unless it was our patience that ended
  const otherwise = begun && error.code !== 'silent' ? 'closed-early' : 'silent';
  if (!begun && cause === '' && error.code === 'unreachable') return 'failed';
  return ends.get(cause) ?? ends.get(error.code) ?? otherwise;
}

function codeOf(cause: unknown): string {
  const code: unknown = cause instanceof Error ? Reflect.get(cause, 'code') : undefined;
  return typeof code === 'string' ? code : '';
}
