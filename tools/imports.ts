/** Reads what a source file imports off its syntax tree, in every way the language has of naming another module. */
import { parseAst } from 'vitest/node';

export type Import = {
  /** What stands between the quotes, or undefined where the source computes it. */
  readonly specifier: string | undefined;
  readonly line: number;
  /** `static` is loaded before the file runs, `deferred` when the line is reached, or never: `import()` in a type. */
  readonly kind: 'static' | 'deferred';
};

type SyntaxNode = { readonly type: string; readonly start: number; readonly [key: string]: unknown };

/**
 * @param lang `tsx` where elements stand between the code, which plain TypeScript takes for casts
 * @throws {SyntaxError} for what is not TypeScript (or JavaScript, of which it is a superset)
 */
export function importsOf(text: string, lang: 'ts' | 'tsx' = 'ts'): readonly Import[] {
  const imports: Import[] = [];
  // oxlint-disable-next-line typescript/no-deprecated -- its successor is not offered by vitest, and is the same parser
  const tree = parseAst(text, { lang });
  for (const node of nodesOf(tree)) {
    const named = moduleNamedBy(node);
    if (named !== undefined) {
      imports.push({ specifier: literal(named.by), line: lineAt(text, node.start), kind: named.kind });
    }
  }
  return imports;
}

function moduleNamedBy(node: SyntaxNode): { by: unknown; kind: Import['kind'] } | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
      return { by: node['source'], kind: 'static' };
    case 'ExportNamedDeclaration':
      return isNode(node['source']) ? { by: node['source'], kind: 'static' } : undefined;
    case 'TSExternalModuleReference':
      return { by: node['expression'], kind: 'static' };
    case 'ImportExpression':
    case 'TSImportType':
      return { by: node['source'], kind: 'deferred' };
    case 'CallExpression':
      return isLookup(node['callee']) ? { by: firstOf(node['arguments']), kind: 'deferred' } : undefined;
    default:
      return undefined;
  }
}

/** `require(...)` and `import.meta.resolve(...)` */
function isLookup(callee: unknown): boolean {
  if (!isNode(callee)) return false;
  if (callee.type === 'Identifier') return callee['name'] === 'require';
  const { object, property } = callee;
  return (
    isNode(object) && object.type === 'MetaProperty' && isNode(property) && property['name'] === 'resolve'
  );
}

function* nodesOf(value: unknown): Generator<SyntaxNode> {
  if (Array.isArray(value)) {
    for (const item of value) yield* nodesOf(item);
  } else if (isNode(value)) {
    yield value;
    for (const child of Object.values(value)) yield* nodesOf(child);
  }
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

function firstOf(list: unknown): unknown {
  return Array.isArray(list) ? list[0] : undefined;
}

function literal(node: unknown): string | undefined {
  const value = isNode(node) && node.type === 'Literal' ? node['value'] : undefined;
  return typeof value === 'string' ? value : undefined;
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
