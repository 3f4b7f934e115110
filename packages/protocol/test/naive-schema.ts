/** Reads values by the tables of SPEC.md, section "Structures": they are all this decoder knows of a structure. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { readTree, Wrong, type Tree } from './naive-cbor.ts';

/** Bytes are hexadecimal text, ids base32 text. */
export type Plain = number | boolean | string | readonly Plain[] | { readonly [name: string]: Plain };
export type PlainObject = { readonly [name: string]: Plain };

interface Definition {
  readonly kind: 'map' | 'list' | 'choice';
  readonly lines: readonly Line[];
}
interface Line {
  readonly key: number;
  readonly optional: boolean;
  readonly name: string;
  readonly type: string;
}

const spec = readFileSync(resolve(import.meta.dirname, '../SPEC.md'), 'utf8');

/** The code blocks between two marks. */
export function section(name: string): string {
  const [, after = ''] = spec.split(`<!-- ${name}: generated -->`);
  const [text = ''] = after.split(`<!-- end of ${name} -->`);
  return text.replaceAll('```', '').trim();
}

const definitions: ReadonlyMap<string, Definition> = new Map(
  section('structures')
    .split('\n\n')
    .map((block): readonly [string, Definition] => {
      const [head = '', ...lines] = block.split('\n');
      const [name = '', kind] = head.split(' = ');
      if (kind !== 'map' && kind !== 'list' && kind !== 'choice') throw new Error(`what is ${head}?`);
      return [name, { kind, lines: lines.map(lineOf) }];
    }),
);

function lineOf(text: string): Line {
  const found = /^ *(\d*)(\??) +([a-zA-Z-]+): (.+)$/u.exec(text);
  if (found === null) throw new Error(`what is ${text}?`);
  const [, key = '', mark, name = '', type = ''] = found;
  return { key: key === '' ? -1 : Number(key), optional: mark === '?', name, type };
}

/** SPEC.md, "Conditions beyond the tables". */
const conditions: Readonly<Record<string, (value: PlainObject, tree: Tree) => boolean>> = {
  hint: (hint, tree) =>
    hint['port'] !== 0 &&
    tree.t === 'map' &&
    encodedBytes({ t: 'map', of: tree.of.filter(([key]) => key <= 5) }) <= 100,
};

/** @throws {Wrong} for what SPEC.md does not allow */
export function readStructure(name: string, hex: string): Plain {
  return valueOf(name, readTree(hex));
}

function valueOf(type: string, tree: Tree): Plain {
  const definition = definitions.get(type);
  if (definition === undefined) return simpleValue(type, tree);
  const value = definition.kind === 'choice' ? choiceOf(type, definition, tree) : recordOf(definition, tree);
  if (conditions[type]?.(value, tree) === false) throw new Wrong(`${type} breaks a condition`);
  return value;
}

function recordOf(definition: Definition, tree: Tree): PlainObject {
  const { lines } = definition;
  if (definition.kind === 'list') {
    if (tree.t !== 'list' || tree.of.length !== lines.length) throw new Wrong('another number of values');
    return Object.fromEntries(lines.map((line, at) => [line.name, valueOf(line.type, itemAt(tree.of, at))]));
  }
  if (tree.t !== 'map') throw new Wrong('not a map');
  const value: Record<string, Plain> = {};
  for (const [key, inner] of tree.of) {
    const line = lines.find((one) => one.key === key);
    if (line !== undefined) value[line.name] = valueOf(line.type, inner);
    else if (key < 32) throw new Wrong(`key ${key}`);
  }
  for (const { name, optional } of lines) if (!optional && !(name in value)) throw new Wrong(`no ${name}`);
  return value;
}

/** Kinds of parts and of loads may come later; of everything else a kind that is not known is wrong. */
const open: readonly string[] = ['content.part', 'content.part.multi.parts', 'frame.load'];

function choiceOf(type: string, { lines }: Definition, tree: Tree): PlainObject {
  if (tree.t !== 'list' || tree.of.length !== 2) throw new Wrong('not a kind and its body');
  const kind = itemAt(tree.of, 0);
  if (kind.t !== 'number') throw new Wrong('a kind that is no number');
  const line = lines.find((one) => one.key === kind.n);
  if (line === undefined) {
    const highest = type === 'frame.load' ? 2 : 3;
    if (!open.includes(type) || kind.n <= highest) throw new Wrong(`kind ${kind.n}`);
    return type === 'frame.load' ? { kind: 'unknown' } : { kind: 'unknown', disposition: 0 };
  }
  return { kind: line.name, ...(valueOf(line.type, itemAt(tree.of, 1)) as PlainObject) };
}

function simpleValue(type: string, tree: Tree): Plain {
  const [word = '', ...rest] = type.split(' ');
  const argument = rest.join(' ');
  if (type.startsWith('(')) {
    const types = type.slice(1, -1).split(', ');
    if (tree.t !== 'list' || tree.of.length !== types.length) throw new Wrong('another number of values');
    return types.map((one, at) => valueOf(one, itemAt(tree.of, at)));
  }
  switch (word) {
    case 'uint':
      if (tree.t !== 'number' || tree.n > Number(argument)) throw new Wrong(type);
      return tree.n;
    case 'bool':
      if (tree.t !== 'truth') throw new Wrong(type);
      return tree.b;
    case 'bytes': {
      const [least = '', most = least] = argument.split('..');
      return hexOf(tree, Number(least), Number(most));
    }
    case 'id':
      return base32Of(hexOf(tree, Number(argument), Number(argument)));
    case 'text':
      return textOf(argument, tree);
    case 'word': {
      const found = tree.t === 'number' ? rest[tree.n] : undefined;
      if (found === undefined) throw new Wrong(type);
      return found;
    }
    case 'up': {
      const found = /^to (\d+) of (.+)$/u.exec(argument);
      if (found === null || tree.t !== 'list' || tree.of.length > Number(found[1])) throw new Wrong(type);
      return tree.of.map((inner) => valueOf(found[2] ?? '', inner));
    }
    default:
      throw new Error(`SPEC.md does not say what ${type} is`);
  }
}

function textOf(argument: string, tree: Tree): string {
  const [most = '', ...form] = argument.split(' like ');
  if (tree.t !== 'text' || Buffer.byteLength(tree.s) > Number(most)) throw new Wrong('text');
  if (form.length > 0 && !new RegExp(form.join(' like ')).test(tree.s))
    throw new Wrong('text of another form');
  return tree.s;
}

function hexOf(tree: Tree, least: number, most: number): string {
  if (tree.t !== 'bytes' || tree.hex.length < least * 2 || tree.hex.length > most * 2)
    throw new Wrong('bytes');
  return tree.hex;
}

function itemAt(items: readonly Tree[], at: number): Tree {
  const item = items[at];
  if (item === undefined) throw new Wrong('missing');
  return item;
}

/** RFC 4648 section 6, by way of the digits of one large number. */
export function base32Of(hex: string): string {
  const bits = Array.from(hex, (digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0')).join('');
  const fives = bits.match(/.{1,5}/gu) ?? [];
  return fives
    .map((five) => 'abcdefghijklmnopqrstuvwxyz234567'[Number.parseInt(five.padEnd(5, '0'), 2)])
    .join('');
}

function encodedBytes(tree: Tree): number {
  switch (tree.t) {
    case 'number':
      return headBytes(tree.n);
    case 'truth':
      return 1;
    case 'bytes':
      return headBytes(tree.hex.length / 2) + tree.hex.length / 2;
    case 'text':
      return headBytes(Buffer.byteLength(tree.s)) + Buffer.byteLength(tree.s);
    case 'list':
      return tree.of.reduce((sum, one) => sum + encodedBytes(one), headBytes(tree.of.length));
    case 'map':
      return tree.of.reduce(
        (sum, [key, one]) => sum + headBytes(key) + encodedBytes(one),
        headBytes(tree.of.length),
      );
  }
}

function headBytes(n: number): number {
  return n < 24 ? 1 : n < 256 ? 2 : n < 65_536 ? 3 : n < 2 ** 32 ? 5 : 9;
}
