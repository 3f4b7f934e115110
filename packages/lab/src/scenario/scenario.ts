/**
 * A scenario: for each ISP the rules it may have, with ranges; what a run of it must show to count; and what is hoped for. It is read from JSON
 * that anybody may have written, so every wrong field is said with its path.
 */
import { MalformedError } from '@tern/protocol';

import { type Policy, type Rule, type Technique } from '../censor/policy.ts';
import { fieldsOf, isTechnique, techniques } from '../censor/techniques.ts';
import { chanceOf } from '../engine/chance.ts';
import { readControls, type Control } from './control.ts';
import { fail, isRecord, onlyKeys, show, type Draft, type Draw, type Field, type Lists } from './field.ts';
import { readTarget, type Target } from './target.ts';

export const ispNames = ['isp-1', 'isp-2', 'hosting'] as const;
export type IspName = (typeof ispNames)[number];

export type Scenario = {
  /** Like `S08`; a word in letters, digits and hyphens. */
  readonly id: string;
  readonly title: string;
  /** Where the techniques and numbers are from. */
  readonly source: string;
  readonly about: string;
  readonly drafts: Readonly<Record<IspName, readonly RuleDraft[]>>;
  /** Whether the people inside change their networks in the moment of the block, so that what was connected is cut, or connections stand. */
  readonly change: Change;
  readonly target: Target;
  /** Each must fail as it says, in both ISPs of clients, or the lab did not bite. */
  readonly controls: readonly Control[];
};

const changes = ['network', 'none'] as const;
export type Change = (typeof changes)[number];

/** A rule whose numbers are still open. */
export type RuleDraft = (draw: (field: string) => Draw) => Rule;

const formatVersion = 1;
const mostTextLength = 4000;
const scenarioKeys = [
  'format',
  'id',
  'title',
  'source',
  'about',
  'lists',
  'isps',
  'change',
  'target',
  'controls',
];

/** @throws {MalformedError} that begins with the path of the wrong field, like `isps.isp-1.rules[0].packets` */
export function decodeScenario(text: string): Scenario {
  const file = parseJson(text);
  if (!isRecord(file)) return fail('the file', `must be an object, not ${show(file)}`);
  onlyKeys(file, '', scenarioKeys);
  if (file['format'] !== formatVersion)
    fail('format', `must be ${formatVersion}, not ${show(file['format'])}`);
  const id = readText(file, 'id');
  if (!/^[A-Za-z0-9-]{1,64}$/u.test(id))
    fail('id', `must be a word of letters, digits and hyphens, not ${show(id)}`);
  const lists = readLists(file['lists'] ?? {});
  return {
    id,
    title: readText(file, 'title'),
    source: readText(file, 'source'),
    about: readText(file, 'about'),
    drafts: readIsps(file['isps'], lists),
    change: readChange(file['change'] ?? 'network'),
    target: readTarget(file['target'], 'target'),
    controls: readControls(file['controls'], 'controls'),
  };
}

/** How a run is drawn. The scenario's own words have no part in it: renaming one changes nothing. */
export type DrawOptions = {
  readonly seed: number;
  /** 1, or less to shorten bans of 30 seconds and more; nothing else is ever shortened. */
  readonly scale?: number;
};

/** @returns for the same seed always the same policies, of plain data */
export function drawPolicies(
  scenario: Pick<Scenario, 'drafts'>,
  { seed, scale = 1 }: DrawOptions,
): Readonly<Record<IspName, Policy>> {
  const of = (isp: IspName): Policy => ({
    rules: scenario.drafts[isp].map((draft, place) =>
      draft((field) => ({ chance: chanceOf(seed, `${isp} ${place} ${field}`), scale })),
    ),
  });
  return { 'isp-1': of('isp-1'), 'isp-2': of('isp-2'), hosting: of('hosting') };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MalformedError(`the file is no JSON: ${error instanceof Error ? error.message : ''}`, {
      cause: error,
    });
  }
}

function readText(file: Readonly<Record<string, unknown>>, key: string): string {
  const value = file[key];
  if (typeof value !== 'string' || value === '') return fail(key, `must be a text, not ${show(value)}`);
  if (value.length > mostTextLength) fail(key, `is longer than ${mostTextLength} characters`);
  return value;
}

function readChange(value: unknown): Change {
  return (
    changes.find((one) => one === value) ??
    fail('change', `must be one of ${changes.join(', ')}, not ${show(value)}`)
  );
}

function readLists(value: unknown): Lists {
  if (!isRecord(value)) return fail('lists', `must be an object of lists, not ${show(value)}`);
  return new Map(
    Object.entries(value).map(([name, list]) => {
      if (!Array.isArray(list)) return fail(`lists.${name}`, `must be a list of words, not ${show(list)}`);
      const words = list.map((word: unknown, place) =>
        typeof word === 'string'
          ? word
          : fail(`lists.${name}[${place}]`, `must be a word, not ${show(word)}`),
      );
      return [name, words];
    }),
  );
}

function readIsps(value: unknown, lists: Lists): Scenario['drafts'] {
  if (!isRecord(value)) return fail('isps', `must be an object of ISPs, not ${show(value)}`);
  onlyKeys(value, 'isps', ispNames);
  const of = (isp: IspName): readonly RuleDraft[] => {
    const path = `isps.${isp}`;
    const found = value[isp];
    if (found === undefined && isp === 'hosting') return [];
    if (!isRecord(found)) return fail(path, `must be an object with rules, not ${show(found)}`);
    onlyKeys(found, path, ['rules']);
    const { rules } = found;
    if (!Array.isArray(rules)) return fail(`${path}.rules`, `must be a list of rules, not ${show(rules)}`);
    return rules.map((rule: unknown, place) =>
      readRule({ value: rule, path: `${path}.rules[${place}]`, lists }),
    );
  };
  return { 'isp-1': of('isp-1'), 'isp-2': of('isp-2'), hosting: of('hosting') };
}

type Place = { readonly value: unknown; readonly path: string; readonly lists: Lists };

function readRule({ value, path, lists }: Place): RuleDraft {
  if (!isRecord(value)) return fail(path, `must be a rule, not ${show(value)}`);
  const { technique } = value;
  if (!isTechnique(technique)) {
    return fail(`${path}.technique`, `must be one of ${techniques.join(', ')}, not ${show(technique)}`);
  }
  const fields = Object.entries<Field<unknown>>(fieldsOf(technique));
  onlyKeys(value, path, ['technique', ...fields.map(([name]) => name)]);
  const drafts = fields.map(([name, field]): readonly [string, Draft<unknown>] => {
    const given = value[name] === undefined ? field.absent : value[name];
    if (given === undefined) return fail(`${path}.${name}`, 'is missing');
    return [name, field.read(given, `${path}.${name}`, lists)];
  });
  return (draw) => drawRule(technique, drafts, draw);
}

/** The cast: the fields of a technique are exactly the properties of its rules, which `Fields` makes the compiler check. */
function drawRule(
  technique: Technique,
  drafts: readonly (readonly [string, Draft<unknown>])[],
  draw: (field: string) => Draw,
): Rule {
  return {
    technique,
    ...Object.fromEntries(drafts.map(([name, draft]) => [name, draft(draw(name))])),
  } as Rule;
}
