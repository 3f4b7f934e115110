import { base32, base32Bytes, utf8 } from './bytes.ts';
import { encodeItem, readItem, type Item } from './cbor.ts';
import { MalformedError } from './errors.ts';

/**
 * A shape on the wire: one definition encodes, decodes and tells property tests what a valid value looks like.
 * Deterministic CBOR (RFC 8949 section 4.2.1): shortest integers, definite lengths, ascending integer keys, no floats, no tags.
 */
export interface Codec<T> {
  /** @throws {MalformedError} when the value would break its own limits, so nothing malformed is ever sent */
  toItem(value: T): Item;
  /** @throws {MalformedError} */
  fromItem(item: unknown): T;
  readonly shape: Shape;
}

/** What a {@link Codec} accepts, as data; tests generate values from it. */
export type Shape =
  | { readonly kind: 'uint'; readonly max: number }
  | { readonly kind: 'bool' }
  | { readonly kind: 'bytes'; readonly min: number; readonly max: number }
  | { readonly kind: 'text'; readonly maxBytes: number; readonly form?: RegExp }
  | { readonly kind: 'id'; readonly length: number }
  | { readonly kind: 'list'; readonly of: Shape; readonly max: number }
  | { readonly kind: 'tuple'; readonly of: readonly Shape[] }
  | { readonly kind: 'row'; readonly of: readonly { readonly name: string; readonly shape: Shape }[] }
  | { readonly kind: 'word'; readonly of: readonly string[] }
  | { readonly kind: 'struct'; readonly fields: readonly ShapeField[] }
  | {
      readonly kind: 'choice';
      readonly of: readonly { readonly tag: number; readonly name: string; readonly shape: Shape }[];
    };

export interface ShapeField {
  readonly name: string;
  readonly key: number;
  readonly optional: boolean;
  readonly shape: Shape;
}

/** Keys from here on are optional for whoever does not know them; an unknown key below is malformed (rule 31). */
export const firstOptionalKey = 32;

export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  return encodeItem(codec.toItem(value));
}

/** @throws {MalformedError} for anything but exactly one value of this shape */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  return codec.fromItem(readItem(bytes));
}

/** A whole number from 0 to `max`. */
export function uint(max: number = Number.MAX_SAFE_INTEGER): Codec<number> {
  const check = (value: unknown): number => {
    if (
      typeof value !== 'number' ||
      !Number.isSafeInteger(value) ||
      value < 0 ||
      value > max ||
      Object.is(value, -0)
    ) {
      throw new MalformedError(`not a whole number from 0 to ${max}`);
    }
    return value;
  };
  return { toItem: check, fromItem: check, shape: { kind: 'uint', max } };
}

export function bool(): Codec<boolean> {
  const check = (value: unknown): boolean => {
    if (typeof value !== 'boolean') throw new MalformedError('not a truth value');
    return value;
  };
  return { toItem: check, fromItem: check, shape: { kind: 'bool' } };
}

/** Bytes of exactly `min`, or of `min` to `max`, length. */
export function bytes(min: number, max: number = min): Codec<Uint8Array> {
  const check = (value: unknown): Uint8Array => {
    if (!(value instanceof Uint8Array) || value.length < min || value.length > max) {
      throw new MalformedError(min === max ? `not ${min} bytes` : `not ${min} to ${max} bytes`);
    }
    return value;
  };
  return { toItem: check, fromItem: check, shape: { kind: 'bytes', min, max } };
}

/** Text of at most `maxBytes` bytes of UTF-8, of the given form if there is one. */
export function text(maxBytes: number, form?: RegExp): Codec<string> {
  const check = (value: unknown): string => {
    if (typeof value !== 'string' || value.length > maxBytes || !value.isWellFormed()) {
      throw new MalformedError(`not text of at most ${maxBytes} bytes`);
    }
    if (value.length * 3 > maxBytes && utf8(value).length > maxBytes) {
      throw new MalformedError(`text is longer than ${maxBytes} bytes`);
    }
    if (form?.test(value) === false) throw new MalformedError('text of another form');
    return value;
  };
  return {
    toItem: check,
    fromItem: check,
    shape: form === undefined ? { kind: 'text', maxBytes } : { kind: 'text', maxBytes, form },
  };
}

/** An id: `length` bytes on the wire, lower-case base32 in memory (rule 34). */
export function id<T extends string>(length: number): Codec<T> {
  const characters = Math.ceil((length * 8) / 5);
  return {
    toItem(value) {
      if (typeof value !== 'string' || value.length !== characters)
        throw new MalformedError(`not an id of ${length} bytes`);
      return base32Bytes(value);
    },
    fromItem(item) {
      if (!(item instanceof Uint8Array) || item.length !== length)
        throw new MalformedError(`not an id of ${length} bytes`);
      return base32(item) as T;
    },
    shape: { kind: 'id', length },
  };
}

/** An array of at most `max`. */
export function list<T>(of: Codec<T>, max: number): Codec<readonly T[]> {
  const check = (value: unknown): readonly unknown[] => {
    if (!Array.isArray(value) || value.length > max) throw new MalformedError(`not a list of at most ${max}`);
    return value;
  };
  return {
    toItem: (value) => check(value).map((one) => of.toItem(one as T)),
    fromItem: (item) => check(item).map((one) => of.fromItem(one)),
    shape: { kind: 'list', of: of.shape, max },
  };
}

/** A fixed number of values in a fixed order. */
export function tuple<T extends readonly unknown[]>(
  ...of: { readonly [K in keyof T]: Codec<T[K]> }
): Codec<T> {
  const check = (value: unknown): readonly unknown[] => {
    if (!Array.isArray(value) || value.length !== of.length)
      throw new MalformedError(`not ${of.length} values`);
    return value;
  };
  return {
    toItem(value) {
      const values = check(value);
      return of.map((one, at) => one.toItem(values[at]));
    },
    fromItem(item) {
      const items = check(item);
      return of.map((one, at) => one.fromItem(items[at])) as unknown as T;
    },
    shape: { kind: 'tuple', of: of.map((one) => one.shape) },
  };
}

/** A fixed number of values in a fixed order, with names in memory. */
export function row<T extends object>(columns: { readonly [K in keyof T]-?: Codec<T[K]> }): Codec<T> {
  const named = Object.entries(columns) as [string, Codec<unknown>][];
  const values: Codec<readonly unknown[]> = tuple(...named.map(([, codec]) => codec));
  return {
    toItem: (value) => values.toItem(named.map(([name]) => Reflect.get(value, name) as unknown)),
    fromItem: (item) =>
      Object.fromEntries(values.fromItem(item).map((value, at) => [named[at]?.[0] ?? '', value])) as T,
    shape: { kind: 'row', of: named.map(([name, codec]) => ({ name, shape: codec.shape })) },
  };
}

/** One of several words, as its place among them. */
export function word<T extends string>(words: readonly T[]): Codec<T> {
  return {
    toItem(value) {
      const at = words.indexOf(value);
      if (at < 0) throw new MalformedError(`not one of ${words.join(', ')}`);
      return at;
    },
    fromItem(item) {
      const value = typeof item === 'number' ? words[item] : undefined;
      if (value === undefined) throw new MalformedError(`not one of ${words.join(', ')}`);
      return value;
    },
    shape: { kind: 'word', of: words },
  };
}

export interface Field<T> {
  readonly key: number;
  readonly codec: Codec<NonNullable<T>>;
  readonly optional: boolean;
}

/** A field that must be there. */
export function field<T>(key: number, codec: Codec<NonNullable<T>>): Field<T> {
  return { key, codec, optional: false };
}

/** A field that may be absent. */
export function optional<T>(key: number, codec: Codec<NonNullable<T>>): Field<T> {
  return { key, codec, optional: true };
}

type Fields<T> = { readonly [K in keyof T]-?: Field<T[K]> };

/** A map with integer keys. Absent optional fields are absent properties; unknown keys from {@link firstOptionalKey} on are passed over. */
export function struct<T extends object>(fields: Fields<T>): Codec<T> {
  const known = (Object.entries(fields) as [string, Field<unknown>][]).sort((a, b) => a[1].key - b[1].key);
  const keys = new Set(known.map(([, one]) => one.key));
  return {
    toItem(value) {
      const item = new Map<number, Item>();
      for (const [name, one] of known) {
        const inner: unknown = Reflect.get(value, name);
        if (inner === undefined || inner === null) {
          if (!one.optional) throw new MalformedError(`${name} is missing`);
        } else {
          item.set(one.key, one.codec.toItem(inner));
        }
      }
      return item;
    },
    fromItem(item) {
      if (!(item instanceof Map)) throw new MalformedError('not a map');
      for (const key of item.keys() as MapIterator<number>) {
        if (key < firstOptionalKey && !keys.has(key)) throw new MalformedError(`unknown key ${key}`);
      }
      const value: Record<string, unknown> = {};
      for (const [name, one] of known) {
        const inner: unknown = item.get(one.key);
        if (inner === undefined) {
          if (!one.optional) throw new MalformedError(`${name} is missing`);
        } else {
          value[name] = one.codec.fromItem(inner);
        }
      }
      return value as T;
    },
    shape: {
      kind: 'struct',
      fields: known.map(([name, one]) => ({
        name,
        key: one.key,
        optional: one.optional,
        shape: one.codec.shape,
      })),
    },
  };
}

/** One of several named structs: `[tag, struct]` on the wire, the struct with its `kind` in memory. */
export function choice<T extends { readonly kind: string }>(of: {
  readonly [K in T['kind']]: readonly [
    tag: number,
    codec: Codec<Omit<Extract<T, { readonly kind: K }>, 'kind'>>,
  ];
}): Codec<T> {
  const arms = Object.entries(of) as [string, readonly [number, Codec<object>]][];
  const byTag = new Map(arms.map(([name, [tag, codec]]) => [tag, { name, codec }] as const));
  return {
    toItem(value) {
      const arm = arms.find(([name]) => name === value.kind);
      if (arm === undefined) throw new MalformedError('of no known kind');
      return [arm[1][0], arm[1][1].toItem(value)];
    },
    fromItem(item) {
      if (!Array.isArray(item) || item.length !== 2 || typeof item[0] !== 'number')
        throw new MalformedError('not a kind and its body');
      const arm = byTag.get(item[0]);
      if (arm === undefined) throw new MalformedError(`unknown kind ${item[0]}`);
      return { kind: arm.name, ...arm.codec.fromItem(item[1]) } as unknown as T;
    },
    shape: { kind: 'choice', of: arms.map(([name, [tag, codec]]) => ({ tag, name, shape: codec.shape })) },
  };
}
