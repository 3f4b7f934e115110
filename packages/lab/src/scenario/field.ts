/**
 * How the fields of a rule are read from a scenario file. A file gives a value, a range `{"from": 20, "to": 30}` or a choice
 * `{"of": [20, 25]}`; reading checks it and yields a {@link Draft}, and drawing a draft yields the one value of this run.
 */
import { MalformedError } from '@tern/protocol';

import { parsePrefix } from '../net/address.ts';

/** Where a draw gets its chance from, and how much bans are shortened. */
export type Draw = {
  readonly chance: () => number;
  /** 1, or less to shorten bans of 30 seconds and more. */
  readonly scale: number;
};

export type Draft<Value> = (draw: Draw) => Value;

/** What the words of a file may refer to: `"@relays"` stands for the list of that name. */
export type Lists = ReadonlyMap<string, readonly string[]>;

export type Field<Value> = {
  /** @throws {MalformedError} that begins with `path` */
  readonly read: (value: unknown, path: string, lists: Lists) => Draft<Value>;
  /** What an absent field means; undefined: it may not be absent. */
  readonly absent: Value | undefined;
};

/** One field for each property of a rule but its technique. */
export type Fields<Rule> = {
  readonly [Key in Exclude<keyof Rule, 'technique'>]-?: Field<Exclude<Rule[Key], undefined>>;
};

export type Bounds = { readonly least: number; readonly most: number; readonly whole?: boolean };

/** Only bans this long are ever shortened: shorter times are what a transport has to live with, second by second. */
const shortestScaledSeconds = 30;

export function number(bounds: Bounds, absent?: number): Field<number> {
  return { absent, read: (value, path) => readNumber(value, path, bounds) };
}

/** A ban or residual in seconds: the only kind of number that a run may shorten. */
export function ban(bounds: Bounds, absent?: number): Field<number> {
  return {
    absent,
    read: (value, path) => {
      const draft = readNumber(value, path, bounds);
      return (draw) => {
        const seconds = draft(draw);
        return seconds >= shortestScaledSeconds ? seconds * draw.scale : seconds;
      };
    },
  };
}

export function oneOf<Word extends string>(words: readonly Word[], absent?: Word): Field<Word> {
  const one = (value: unknown, path: string): Word => {
    const found = words.find((word) => word === value);
    if (found === undefined) fail(path, `must be one of ${words.join(', ')}, not ${show(value)}`);
    return found;
  };
  return {
    absent,
    read: (value, path) => {
      const choices = choicesOf(value, path);
      if (choices === undefined) {
        const found = one(value, path);
        return () => found;
      }
      const all = choices.map((choice, place) => one(choice, `${path}.of[${place}]`));
      return ({ chance }) => pick(all, chance);
    },
  };
}

export function flag(absent: boolean): Field<boolean> {
  const one = (value: unknown, path: string): boolean => {
    if (typeof value !== 'boolean') fail(path, `must be true or false, not ${show(value)}`);
    return value;
  };
  return {
    absent,
    read: (value, path) => {
      const choices = choicesOf(value, path);
      if (choices === undefined) {
        const found = one(value, path);
        return () => found;
      }
      const all = choices.map((choice, place) => one(choice, `${path}.of[${place}]`));
      return ({ chance }) => pick(all, chance);
    },
  };
}

const namePattern = /^[a-z0-9*](?:[a-z0-9.*-]{0,252})$/u;

/** Names of hosts; `*` stands for any characters: `*.example`, `*`. */
export function names(absent?: readonly string[]): Field<readonly string[]> {
  return texts(absent, (text, path) => {
    if (!namePattern.test(text)) fail(path, `is no name in lower case: ${show(text)}`);
  });
}

/** IPv4 addresses and networks: `203.0.113.0/24`. */
export function addresses(absent?: readonly string[]): Field<readonly string[]> {
  return texts(absent, (text, path) => {
    try {
      parsePrefix(text);
    } catch (error) {
      throw new MalformedError(`${path} is no IPv4 address or network: ${show(text)}`, { cause: error });
    }
  });
}

export function texts(
  absent: readonly string[] | undefined,
  check: (text: string, path: string) => void,
): Field<readonly string[]> {
  return { absent, read: (value, path, lists) => readTexts({ value, path, lists }, check) };
}

export function ports(absent: readonly number[]): Field<readonly number[]> {
  return {
    absent,
    read: (value, path) => {
      if (!Array.isArray(value)) fail(path, `must be a list of ports, not ${show(value)}`);
      const found = value.map((port: unknown, place) => {
        if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535) {
          fail(`${path}[${place}]`, `must be a port from 1 to 65535, not ${show(port)}`);
        }
        return port;
      });
      return () => found;
    },
  };
}

/** @throws {MalformedError} always, with the path of what is wrong first */
export function fail(path: string, why: string): never {
  throw new MalformedError(`${path} ${why}`);
}

/** A value as the file has it, cut to what fits into a sentence. */
export function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function pick<Value>(all: readonly Value[], chance: () => number): Value {
  const found = all[Math.min(all.length - 1, Math.floor(chance() * all.length))];
  if (found === undefined) throw new RangeError('a choice among nothing');
  return found;
}

function readNumber(value: unknown, path: string, bounds: Bounds): Draft<number> {
  const choices = choicesOf(value, path);
  if (choices !== undefined) {
    const all = choices.map((choice, place) => inBounds(choice, `${path}.of[${place}]`, bounds));
    return ({ chance }) => pick(all, chance);
  }
  if (!isRecord(value)) {
    const found = inBounds(value, path, bounds);
    return () => found;
  }
  onlyKeys(value, path, ['from', 'to']);
  const from = inBounds(value['from'], `${path}.from`, bounds);
  const to = inBounds(value['to'], `${path}.to`, bounds);
  if (from > to) fail(path, `goes from ${from} down to ${to}`);
  if (bounds.whole === true)
    return ({ chance }) => Math.min(to, from + Math.floor(chance() * (to - from + 1)));
  return ({ chance }) => from + chance() * (to - from);
}

function inBounds(value: unknown, path: string, { least, most, whole = false }: Bounds): number {
  const fits =
    typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value));
  if (!fits)
    fail(path, `must be a ${whole ? 'whole ' : ''}number from ${least} to ${most}, not ${show(value)}`);
  return value;
}

type Place = { readonly value: unknown; readonly path: string; readonly lists: Lists };

/** A list of words and `"@lists"`, or `{"always": [...], "some": 2, "of": [...]}` for so many of the latter by chance. */
function readTexts(
  { value, path, lists }: Place,
  check: (text: string, path: string) => void,
): Draft<readonly string[]> {
  if (isRecord(value)) {
    onlyKeys(value, path, ['always', 'some', 'of']);
    const always = expand({ value: value['always'] ?? [], path: `${path}.always`, lists }, check);
    const all = expand({ value: value['of'], path: `${path}.of`, lists }, check);
    const some = inBounds(value['some'], `${path}.some`, { least: 0, most: all.length, whole: true });
    return ({ chance }) => [...always, ...sample(all, some, chance)];
  }
  const found = expand({ value, path, lists }, check);
  return () => found;
}

function expand(
  { value, path, lists }: Place,
  check: (text: string, path: string) => void,
): readonly string[] {
  const items: unknown = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(items)) fail(path, `must be a list of words, not ${show(value)}`);
  return items.flatMap((item: unknown, place) => {
    const where = `${path}[${place}]`;
    if (typeof item !== 'string') fail(where, `must be a word, not ${show(item)}`);
    if (!item.startsWith('@')) {
      check(item, where);
      return [item];
    }
    const list = lists.get(item.slice(1));
    if (list === undefined) fail(where, `names the list ${show(item)}, which the file does not have`);
    for (const text of list) check(text, `${where} (list ${item})`);
    return list;
  });
}

function sample(all: readonly string[], some: number, chance: () => number): readonly string[] {
  const left = [...all];
  while (left.length > some) left.splice(Math.min(left.length - 1, Math.floor(chance() * left.length)), 1);
  return left;
}

function choicesOf(value: unknown, path: string): readonly unknown[] | undefined {
  if (!isRecord(value) || !('of' in value)) return undefined;
  onlyKeys(value, path, ['of']);
  const of: unknown = value['of'];
  if (!Array.isArray(of) || of.length === 0) fail(`${path}.of`, `must be a list of choices, not ${show(of)}`);
  return of.map((choice: unknown) => choice);
}

export function onlyKeys(
  value: Readonly<Record<string, unknown>>,
  path: string,
  known: readonly string[],
): void {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    const where = path === '' ? unknown : `${path}.${unknown}`;
    fail(where, `is not known here; there are ${known.join(', ')}`);
  }
}
