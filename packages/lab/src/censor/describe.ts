/** A drawn policy in words, for the report: one line for each rule. */
import { type Policy, type Rule } from './policy.ts';
import { wordsOf } from './techniques.ts';

export function describePolicy({ rules }: Policy): readonly string[] {
  return rules.length === 0 ? ['nothing is blocked'] : rules.map(describeRule);
}

function describeRule(rule: Rule): string {
  return `${rule.technique}: ${wordsOf(rule)}${placeWords(rule)}${timeWords(rule)}`;
}

function placeWords(rule: Rule): string {
  const words = [
    rule.scope === 'all' ? 'at home and abroad' : 'across the border',
    ...(rule.openedInside ? [] : ['whoever opened it']),
    ...listWords('for', rule.names),
    ...listWords('to', rule.addresses),
    ...listWords('to port', rule.ports),
    ...listWords('not for', rule.exceptNames),
    ...listWords('not to', rule.exceptAddresses),
    ...listWords('not to port', rule.exceptPorts),
    ...('reading' in rule && rule.reading === 'naive'
      ? ['seen only where the name is in the first segment']
      : []),
  ];
  return ` [${words.join('; ')}]`;
}

function listWords(before: string, list: readonly (string | number)[]): readonly string[] {
  return list.length === 0 ? [] : [`${before} ${list.join(', ')}`];
}

function timeWords({ beginSeconds, endSeconds }: Rule): string {
  const begin = beginSeconds === 0 ? '' : ` from ${round(beginSeconds)} s after the block began`;
  const end = endSeconds === 0 ? '' : ` until ${round(endSeconds)} s after the block began`;
  return begin + end;
}

function round(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
