import { readFileSync } from 'node:fs';
import { Session, type Profiler } from 'node:inspector/promises';
import { stripTypeScriptTypes } from 'node:module';
import { pathToFileURL } from 'node:url';
import { parseAst } from 'vitest/node';

/** A place where the program goes one way or another, and how often it went this one. */
export interface Branch {
  readonly file: string;
  readonly line: number;
  readonly what: string;
  readonly count: number;
}

/** Counts, from now on, how often each block of each module runs. */
export async function countBlocks(): Promise<{ take(): Promise<readonly Profiler.ScriptCoverage[]> }> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  return {
    async take() {
      const { result } = await session.post('Profiler.takePreciseCoverage');
      await session.post('Profiler.stopPreciseCoverage');
      await session.post('Profiler.disable');
      session.disconnect();
      return result;
    },
  };
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/**
 * The branches of a file that Node ran as it is, with types taken out in place: both ways of `if`, `?:`, `&&`, `||` and `??`; each `case`; each default of a parameter; the body of each loop and each `catch`. A way without code of its own (no `else`, a short cut)
 * ran as often as the whole less the other way.
 */
export function branchesOf(path: string, coverage: readonly Profiler.ScriptCoverage[]): readonly Branch[] {
  const source = readFileSync(path, 'utf8');
  const url = pathToFileURL(path).href;
  const script = coverage.find((one) => one.url === url);
  const countAt = (offset: number): number => innermost(script, offset);
  const branches: Branch[] = [];
  const add = (what: string, at: number, count: number): void => {
    branches.push({ file: path, line: source.slice(0, at).split('\n').length, what, count });
  };
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (!isNode(node)) return;
    for (const one of waysOf(node, countAt)) add(one.what, one.at, one.count);
    for (const inner of Object.values(node)) visit(inner);
  };
  // oxlint-disable-next-line typescript/no-deprecated -- what takes its place is not handed out by a tool we declare
  visit(parseAst(stripTypeScriptTypes(source)));
  return branches;
}

interface Way {
  readonly what: string;
  readonly at: number;
  readonly count: number;
}

type CountAt = (offset: number) => number;

function waysOf(node: Node, countAt: CountAt): readonly Way[] {
  const whole = countAt(node.start);
  const part = (name: string): Node | undefined => {
    const inner: unknown = Reflect.get(node, name);
    return isNode(inner) ? inner : undefined;
  };
  const way = (what: string, inner: Node | undefined): readonly Way[] =>
    inner === undefined ? [] : [{ what, at: inner.start, count: countAt(inner.start) }];
  switch (node.type) {
    case 'IfStatement': {
      const [yes, no] = [part('consequent'), part('alternate')];
      const missing = { what: 'no else', at: node.start, count: whole - countAt(yes?.start ?? node.start) };
      return [...way('if', yes), ...(no === undefined ? [missing] : way('else', no))];
    }
    case 'ConditionalExpression':
      return [...way('?', part('consequent')), ...way(':', part('alternate'))];
    case 'LogicalExpression': {
      const right = part('right');
      if (right === undefined || isForTheTypesOnly(node)) return [];
      const operator = String(Reflect.get(node, 'operator'));
      const count = countAt(right.start);
      return [
        ...way(operator, right),
        { what: `short of ${operator}`, at: node.start, count: whole - count },
      ];
    }
    case 'SwitchCase':
      return [{ what: 'case', at: node.start, count: countAt(node.end - 1) }];
    case 'AssignmentPattern':
      return way('default', part('right'));
    case 'ForStatement':
    case 'ForOfStatement':
    case 'WhileStatement':
      return way('loop', part('body'));
    case 'CatchClause':
      return way('catch', part('body'));
    default:
      return [];
  }
}

/** `bytes[at] ?? 0`: what the type checker wants where the program knows that the place is there. */
function isForTheTypesOnly(node: Node): boolean {
  const left: unknown = Reflect.get(node, 'left');
  const right: unknown = Reflect.get(node, 'right');
  if (Reflect.get(node, 'operator') !== '??' || !isNode(left) || !isNode(right)) return false;
  const indexed = left.type === 'MemberExpression' && Reflect.get(left, 'computed') === true;
  return indexed && (right.type === 'Literal' || right.type === 'NewExpression');
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** V8 reports ranges inside of ranges; the smallest around an offset says how often it ran. */
function innermost(script: Profiler.ScriptCoverage | undefined, offset: number): number {
  let count = 0;
  let width = Infinity;
  for (const { ranges } of script?.functions ?? []) {
    for (const range of ranges) {
      if (offset < range.startOffset || offset >= range.endOffset) continue;
      if (range.endOffset - range.startOffset > width) continue;
      width = range.endOffset - range.startOffset;
      ({ count } = range);
    }
  }
  return count;
}
