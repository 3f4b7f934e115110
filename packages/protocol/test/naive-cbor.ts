/**
 * The second decoder (rule 31): it follows SPEC.md and shares no line with src/. It is slow, and plain on purpose:
 * where it and the product disagree, one of them or SPEC.md is wrong.
 */

export class Wrong extends Error {}

export type Tree =
  | { readonly t: 'number'; readonly n: number }
  | { readonly t: 'truth'; readonly b: boolean }
  | { readonly t: 'bytes'; readonly hex: string }
  | { readonly t: 'text'; readonly s: string }
  | { readonly t: 'list'; readonly of: readonly Tree[] }
  | { readonly t: 'map'; readonly of: readonly (readonly [key: number, value: Tree])[] };

/** SPEC.md, "Encoding". */
export function readTree(hex: string): Tree {
  const [tree, rest] = one(hex, 0);
  if (rest !== '') throw new Wrong('something follows');
  return tree;
}

function one(hex: string, depth: number): readonly [Tree, string] {
  if (depth > 16) throw new Wrong('more than sixteen deep');
  if (hex === '') throw new Wrong('nothing there');
  if (hex.startsWith('f4')) return [{ t: 'truth', b: false }, hex.slice(2)];
  if (hex.startsWith('f5')) return [{ t: 'truth', b: true }, hex.slice(2)];
  const bits = Number.parseInt(hex.slice(0, 2), 16).toString(2).padStart(8, '0');
  const kind = bits.slice(0, 3);
  const [count, rest] = countOf(bits.slice(3), hex.slice(2));
  switch (kind) {
    case '000':
      return [{ t: 'number', n: Number(count) }, rest];
    case '010': {
      const [content, after] = cut(rest, count);
      return [{ t: 'bytes', hex: content }, after];
    }
    case '011': {
      const [content, after] = cut(rest, count);
      const s = Buffer.from(content, 'hex').toString('utf8');
      if (Buffer.from(s, 'utf8').toString('hex') !== content) throw new Wrong('not UTF-8');
      return [{ t: 'text', s }, after];
    }
    case '100':
      return listOf(rest, count, depth);
    case '101':
      return mapOf(rest, count, depth);
    default:
      throw new Wrong(`kind ${kind}`);
  }
}

function countOf(low: string, rest: string): readonly [bigint, string] {
  const small = Number.parseInt(low, 2);
  if (small < 24) return [BigInt(small), rest];
  const width = { 24: 1n, 25: 2n, 26: 4n, 27: 8n }[small];
  if (width === undefined) throw new Wrong('no length');
  const [digits, after] = cut(rest, width);
  const count = BigInt(`0x${digits}`);
  const shortest =
    count < 24n ? 0n : count < 256n ? 1n : count < 65_536n ? 2n : count < 4_294_967_296n ? 4n : 8n;
  if (width !== shortest) throw new Wrong('not the shortest');
  if (count >= 2n ** 53n) throw new Wrong('too large a number');
  return [count, after];
}

function cut(hex: string, bytes: bigint): readonly [string, string] {
  if (BigInt(hex.length) < bytes * 2n) throw new Wrong('cut');
  return [hex.slice(0, Number(bytes) * 2), hex.slice(Number(bytes) * 2)];
}

function listOf(hex: string, count: bigint, depth: number): readonly [Tree, string] {
  const of: Tree[] = [];
  let rest = hex;
  while (BigInt(of.length) < count) {
    const [next, after] = one(rest, depth + 1);
    of.push(next);
    rest = after;
  }
  return [{ t: 'list', of }, rest];
}

function mapOf(hex: string, count: bigint, depth: number): readonly [Tree, string] {
  const of: (readonly [number, Tree])[] = [];
  let rest = hex;
  while (BigInt(of.length) < count) {
    const [key, afterKey] = one(rest, depth + 1);
    const [value, after] = one(afterKey, depth + 1);
    if (key.t !== 'number') throw new Wrong('a key that is no number');
    if (of.some(([earlier]) => earlier >= key.n)) throw new Wrong('keys do not ascend');
    of.push([key.n, value]);
    rest = after;
  }
  return [{ t: 'map', of }, rest];
}
