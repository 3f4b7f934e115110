/**
 * What a word of the page is: a sentence with named places, or one for each plural form that its language has. The type says which
 * places a sentence has, so that a forgotten name does not compile.
 */
import { tame } from './foreign-text.ts';

/** The forms are those of `Intl.PluralRules`; which of them are there depends on the language. */
export interface Plural {
  readonly one: string;
  readonly few?: string;
  readonly many?: string;
  readonly other?: string;
}

export type Message = string | Plural;

type Places<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Places<Rest>
  : never;

type Value<Name> = Name extends 'count' ? number : string | number;

/** What a message asks to be filled with: nothing, or an object with each of its places. */
export type Filling<M> = [PlacesOf<M>] extends [never]
  ? []
  : [filling: { readonly [Name in PlacesOf<M>]: Value<Name> }];

type PlacesOf<M> = M extends string
  ? Places<M>
  : M extends { readonly one: string }
    ? 'count' | Places<Extract<M[keyof M], string>>
    : never;

/** Names of people come from strangers: isolated, one written from right to left cannot turn the sentence around it. */
const isolated = (value: string): string => `\u2068${tame(value)}\u2069`;

/**
 * @param rules choose the plural form by `count`, and write it
 */
export function fill(
  message: Message,
  filling: Readonly<Record<string, string | number>>,
  rules: { readonly plural: Intl.PluralRules; readonly number: Intl.NumberFormat },
): string {
  const text = typeof message === 'string' ? message : formOf(message, rules.plural, filling['count']);
  return text.replaceAll(/\{(\w+)\}/g, (place, name: string) => {
    const value = filling[name];
    if (value === undefined) return place;
    return typeof value === 'number' ? rules.number.format(value) : isolated(value);
  });
}

function formOf(message: Plural, plural: Intl.PluralRules, count: string | number | undefined): string {
  const form = plural.select(Number(count ?? 0));
  const found = form === 'one' || form === 'few' || form === 'many' ? message[form] : undefined;
  return found ?? message.other ?? message.many ?? message.one;
}
