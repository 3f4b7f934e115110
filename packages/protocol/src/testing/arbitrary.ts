import fc from 'fast-check';
import { base32, utf8 } from '../bytes.ts';
import type { Codec, Shape } from '../codec.ts';

/** Values that a codec takes: its shape's, without those that break a rule of its own. */
export function arbitraryOf<T>(codec: Codec<T>): fc.Arbitrary<T> {
  return arbitraryOfShape(codec.shape).filter((value) => takes(codec, value as T)) as fc.Arbitrary<T>;
}

function takes<T>(codec: Codec<T>, value: T): boolean {
  try {
    codec.toItem(value);
    return true;
  } catch {
    return false;
  }
}

/** Lists and long bytes are kept short, so that thousands of values are made in a second. */
const longestList = 5;
const mostBytesAboveLeast = 200;

function arbitraryOfShape(shape: Shape): fc.Arbitrary<unknown> {
  switch (shape.kind) {
    case 'uint':
      return wholeNumber(shape.max);
    case 'bool':
      return fc.boolean();
    case 'bytes':
      return fc.uint8Array({
        minLength: shape.min,
        maxLength: Math.min(shape.max, shape.min + mostBytesAboveLeast),
      });
    case 'text':
      return textOf(shape);
    case 'id':
      return fc.uint8Array({ minLength: shape.length, maxLength: shape.length }).map(base32);
    case 'list':
      return fc.array(arbitraryOfShape(shape.of), { maxLength: Math.min(shape.max, longestList) });
    case 'tuple':
      return fc.tuple(...shape.of.map(arbitraryOfShape));
    case 'row':
      return fc.record(
        Object.fromEntries(shape.of.map((column) => [column.name, arbitraryOfShape(column.shape)])),
        { noNullPrototype: true },
      );
    case 'word':
      return fc.constantFrom(...shape.of);
    case 'struct':
      return structOf(shape);
    case 'choice':
      return fc.oneof(
        ...shape.of.map((arm) =>
          arbitraryOfShape(arm.shape).map((body) => Object.assign({ kind: arm.name }, body)),
        ),
      );
  }
}

/** With those at which the encoding grows by a byte. */
function wholeNumber(max: number): fc.Arbitrary<number> {
  const edges = [0, 1, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, max].filter(
    (one) => one <= max,
  );
  return fc.oneof(fc.constantFrom(...edges), fc.integer({ min: 0, max }));
}

function textOf({ maxBytes, form }: Shape & { kind: 'text' }): fc.Arbitrary<string> {
  const any =
    form === undefined
      ? fc.oneof(
          fc.string({ unit: 'grapheme', maxLength: maxBytes }),
          fc.string({ unit: 'binary', maxLength: maxBytes }),
        )
      : fc.stringMatching(form);
  return any.filter((text) => utf8(text).length <= maxBytes);
}

function structOf({ fields }: Shape & { kind: 'struct' }): fc.Arbitrary<object> {
  return fc.record(Object.fromEntries(fields.map(({ name, shape }) => [name, arbitraryOfShape(shape)])), {
    requiredKeys: fields.filter((one) => !one.optional).map((one) => one.name),
    noNullPrototype: true,
  });
}
