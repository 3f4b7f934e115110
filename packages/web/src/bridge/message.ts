/** What crosses a line from the side that asks. `signal`: the last argument had one, and gets one at the other end. */
export type Asked =
  | {
      readonly kind: 'call';
      readonly id: number;
      readonly method: string;
      readonly args: readonly unknown[];
      readonly signal: boolean;
    }
  /** gives a call up, or ends a stream early */
  | { readonly kind: 'cancel'; readonly id: number }
  /** `more` items of a stream may be sent */
  | { readonly kind: 'credit'; readonly id: number; readonly more: number };

/** What comes back. */
export type Told =
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'item'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'end'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly error: unknown };

const mostArguments = 8;
const mostCredit = 1024;

/** @returns undefined for anything else: another version of this app may say more */
export function decodeAsked(message: unknown): Asked | undefined {
  const fields = fieldsOf(message);
  if (fields === undefined) return undefined;
  const { kind, id, method, args, signal, more } = fields;
  if (!isCount(id)) return undefined;
  if (kind === 'cancel') return { kind, id };
  if (kind === 'credit')
    return isCount(more) && more > 0 && more <= mostCredit ? { kind, id, more } : undefined;
  const isCall =
    kind === 'call' && typeof method === 'string' && Array.isArray(args) && args.length <= mostArguments;
  return isCall ? { kind, id, method, args, signal: signal === true } : undefined;
}

/** @returns undefined for anything else */
export function decodeTold(message: unknown): Told | undefined {
  const fields = fieldsOf(message);
  if (fields === undefined) return undefined;
  const { kind, id, value, error } = fields;
  if (!isCount(id)) return undefined;
  if (kind === 'result' || kind === 'item') return { kind, id, value };
  if (kind === 'end') return { kind, id };
  return kind === 'failed' ? { kind, id, error } : undefined;
}

/** The fields of a plain object, none of which has been looked at. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
