import { MalformedError } from '@tern/protocol';

/** Whole numbers side by side, each of a fixed width: what is read and written with every entry is kept this way. */
export interface FixedRecord<T> {
  readonly bytes: number;
  encode(value: T): Uint8Array;
  /** Reads the beginning of these bytes. @throws {MalformedError} when they are fewer */
  decode(bytes: Uint8Array): T;
}

/** @param widths bytes of each number, at most 6 */
export function fixedRecord<T extends Readonly<Record<keyof T, number>>>(widths: {
  readonly [K in keyof T]: number;
}): FixedRecord<T> {
  const fields = Object.entries(widths) as [string, number][];
  const bytes = fields.reduce((sum, [, width]) => sum + width, 0);
  return {
    bytes,
    encode(value) {
      const encoded = new Uint8Array(bytes);
      let at = 0;
      for (const [name, width] of fields) {
        let rest = Reflect.get(value, name) as unknown as number;
        for (let place = at + width - 1; place >= at; place -= 1) {
          encoded[place] = rest % 256;
          rest = Math.floor(rest / 256);
        }
        at += width;
      }
      return encoded;
    },
    decode(encoded) {
      if (encoded.length < bytes) throw new MalformedError('a stored record is cut');
      const value: Record<string, number> = {};
      let at = 0;
      for (const [name, width] of fields) {
        let number = 0;
        for (const end = at + width; at < end; at += 1) number = number * 256 + (encoded[at] ?? 0);
        value[name] = number;
      }
      return value as unknown as T;
    },
  };
}
