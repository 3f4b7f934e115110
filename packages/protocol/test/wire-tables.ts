/**
 * Writes the tables of SPEC.md from the codecs, so that the two cannot differ. `node packages/protocol/test/wire-tables.ts`
 * puts them in place; spec.test.ts says when that was forgotten.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { limits, operationCodecs, type Shape } from '../src/index.ts';
import { structures } from './structures.ts';

export const specPath: string = resolve(import.meta.dirname, '../SPEC.md');

/** Name of a marked section of SPEC.md, and its text. */
const generatedSections: ReadonlyMap<string, () => string> = new Map([
  ['operations', operationTable],
  ['structures', structureTables],
  ['limits', limitTable],
]);

/** @returns SPEC.md with its marked sections written anew */
export function withGenerated(spec: string): string {
  let text = spec;
  for (const [name, make] of generatedSections) {
    const [begin, end] = [`<!-- ${name}: generated -->\n`, `<!-- end of ${name} -->`];
    const from = text.indexOf(begin);
    const to = text.indexOf(end);
    if (from < 0 || to < from) throw new Error(`SPEC.md has no section for ${name}`);
    text = `${text.slice(0, from + begin.length)}\n\`\`\`\n${make()}\`\`\`\n\n${text.slice(to)}`;
  }
  return text;
}

function operationTable(): string {
  return Object.entries(operationCodecs)
    .map(([kind, [type]]) => `${String(type).padStart(4)}  ${kind}\n`)
    .join('');
}

function limitTable(): string {
  return Object.entries(limits)
    .map(([name, value]) => `${name.padEnd(22)} ${typeof value === 'number' ? value : value.join(' or ')}\n`)
    .join('');
}

/** Structures one after the other, each followed by those that only occur inside it. */
function structureTables(): string {
  const names = new Map<Shape, string>();
  for (const [name, { shape }] of structures) names.set(shape, name);
  const written = new Set<Shape>();
  const parts: string[] = [];
  const write = (shape: Shape): void => {
    if (written.has(shape)) return;
    written.add(shape);
    parts.push(definitionOf(shape, names));
    for (const inner of innerShapes(shape)) if (isNamed(inner)) write(inner);
  };
  for (const { shape } of structures.values()) write(shape);
  return parts.join('\n');
}

function isNamed(shape: Shape): boolean {
  return shape.kind === 'struct' || shape.kind === 'choice' || shape.kind === 'row';
}

function innerShapes(shape: Shape): readonly Shape[] {
  switch (shape.kind) {
    case 'struct':
      return shape.fields.flatMap((field) => throughLists(field.shape));
    case 'choice':
      return shape.of.map((arm) => arm.shape);
    case 'row':
      return shape.of.flatMap((column) => throughLists(column.shape));
    default:
      return [];
  }
}

function throughLists(shape: Shape): readonly Shape[] {
  if (shape.kind === 'list') return throughLists(shape.of);
  return shape.kind === 'tuple' ? shape.of.flatMap(throughLists) : [shape];
}

function definitionOf(shape: Shape, names: Map<Shape, string>): string {
  const name = names.get(shape) ?? '';
  const typeOf = (inner: Shape, path: string): string => typeText(inner, `${name}.${path}`, names);
  if (shape.kind === 'choice') {
    const arms = shape.of.map(
      (arm) => `${String(arm.tag).padStart(4)}  ${arm.name}: ${typeOf(arm.shape, arm.name)}`,
    );
    return `${name} = choice\n${arms.join('\n')}\n`;
  }
  if (shape.kind === 'row') {
    const columns = shape.of.map((column) => `      ${column.name}: ${typeOf(column.shape, column.name)}`);
    return `${name} = list\n${columns.join('\n')}\n`;
  }
  if (shape.kind !== 'struct') throw new Error(`${name} has no name of its own`);
  const fields = shape.fields.map(
    (one) =>
      `${String(one.key).padStart(4)}${one.optional ? '?' : ' '} ${one.name}: ${typeOf(one.shape, one.name)}`,
  );
  return `${[`${name} = map`, ...fields].join('\n')}\n`;
}

function typeText(shape: Shape, path: string, names: Map<Shape, string>): string {
  switch (shape.kind) {
    case 'uint':
      return `uint ${shape.max}`;
    case 'bool':
      return 'bool';
    case 'bytes':
      return shape.min === shape.max ? `bytes ${shape.min}` : `bytes ${shape.min}..${shape.max}`;
    case 'text':
      return `text ${shape.maxBytes}${shape.form === undefined ? '' : ` like ${shape.form.source}`}`;
    case 'id':
      return `id ${shape.length}`;
    case 'word':
      return `word ${shape.of.join(' ')}`;
    case 'list':
      return `up to ${shape.max} of ${typeText(shape.of, path, names)}`;
    case 'tuple':
      return `(${shape.of.map((one) => typeText(one, path, names)).join(', ')})`;
    default: {
      const known = names.get(shape) ?? path;
      names.set(shape, known);
      return known;
    }
  }
}

if (import.meta.main) writeFileSync(specPath, withGenerated(readFileSync(specPath, 'utf8')));
