/**
 * Which package may import which, checked on every import of packages/{src,test,bench}. The picture is in ARCHITECTURE.md;
 * here it is a table. Imports between packages go by name through a door (`@tern/reach`), never by path.
 */
import { globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { posix } from 'node:path';

import { importsOf, type Import } from './imports.ts';

type Arrows = {
  /** Packages it may import. */
  readonly to: readonly string[];
  /** Packages it may load only when a line is reached, so that starting it does not load them. */
  readonly later?: readonly string[];
  /** The folders in which it may use Node's own modules. */
  readonly nodeIn: readonly string[];
};

const arrows: ReadonlyMap<string, Arrows> = new Map([
  ['protocol', { to: [], nodeIn: [] }],
  ['reach', { to: ['protocol'], nodeIn: ['src/node/'] }],
  ['core', { to: ['reach', 'protocol'], nodeIn: [] }],
  ['relay', { to: ['reach', 'protocol'], nodeIn: ['src/'] }],
  ['agent', { to: ['core', 'reach', 'protocol'], later: ['relay'], nodeIn: ['src/'] }],
  ['web', { to: ['core', 'reach', 'protocol'], nodeIn: [] }],
  ['lab', { to: ['agent', 'relay', 'reach', 'protocol'], nodeIn: ['src/'] }],
]);

/** What tests are written with; the project's root has them, no package does. */
const testTools: readonly string[] = [
  'vitest',
  'fast-check',
  'tinybench',
  'playwright-core',
  'axe-core',
  'cborg',
];

/** What makes the web app out of its sources; the project's root has them too, and nothing that runs in a browser may name them. */
const buildTools: readonly string[] = ['rolldown', 'lightningcss', '@gfx/zopfli'];

/** MLS is spoken by one corner of core, so that the gate around ts-mls has no second door. */
const mayUseMls = /^packages\/core\/(?:src\/group-[^/]*\.ts|test\/.*)$/u;

export type Source = { readonly path: string; readonly text: string };
/** The names that a package's package.json declares. */
export type Declared = ReadonlySet<string>;
export type Violation = { readonly path: string; readonly line: number; readonly why: string };

/** @param source its path begins at the project's folder: `packages/core/src/inbox.ts` */
export function violationsIn(source: Source, declared: Declared): readonly Violation[] {
  const [, home = '', ...rest] = source.path.split('/');
  const file: File = {
    path: source.path,
    home,
    within: rest.join('/'),
    isSource: rest[0] === 'src',
    declared,
  };
  const rules = arrows.get(home);
  if (rules === undefined) {
    return [{ path: source.path, line: 1, why: `package ${home} has no line in tools/arrows.ts` }];
  }
  return importsOf(source.text, source.path.endsWith('.tsx') ? 'tsx' : 'ts').flatMap((found) => {
    const why = objection(found, file, rules);
    return why === undefined ? [] : [{ path: source.path, line: found.line, why }];
  });
}

type File = {
  readonly path: string;
  /** The package it belongs to. */
  readonly home: string;
  /** Its path inside the package. */
  readonly within: string;
  /** Whether it is part of the product, and not a test or a benchmark. */
  readonly isSource: boolean;
  readonly declared: Declared;
};

function objection(found: Import, file: File, rules: Arrows): string | undefined {
  const { specifier } = found;
  if (specifier === undefined) return 'what is imported must be written out, so that it can be checked';
  if (specifier.startsWith('.')) return objectionToPath(specifier, file, rules);
  if (specifier.startsWith('/') || specifier.startsWith('file:')) return `${specifier} is an absolute path`;
  if (isBuiltin(specifier)) {
    if (!specifier.startsWith('node:')) return `write node:${specifier}`;
    return mayUseNode(file.within, rules) ? undefined : onlyInNode(specifier, file);
  }
  if (specifier.startsWith('@tern/')) return objectionToPackage(specifier, found.kind, { file, rules });
  return objectionToDependency(specifier, file);
}

function objectionToPath(specifier: string, file: File, rules: Arrows): string | undefined {
  const target = posix.join(posix.dirname(file.path), specifier);
  const inside = `packages/${file.home}/`;
  if (!target.startsWith(inside)) return `${specifier} leaves the package`;
  if (!file.isSource) return undefined;
  const within = target.slice(inside.length);
  if (!within.startsWith('src/')) return `${specifier} is not part of the product`;
  if (posix.basename(within) === 'index.ts') return `${specifier} is a door; import the file behind it`;
  if (within.startsWith('src/testing/') && !isForTests(file)) return `${specifier} is for tests`;
  if (mayUseNode(within, rules) && !mayUseNode(file.within, rules)) return onlyInNode(specifier, file);
  return undefined;
}

function objectionToPackage(
  specifier: string,
  kind: Import['kind'],
  { file, rules }: { readonly file: File; readonly rules: Arrows },
): string | undefined {
  const [, to = '', door] = specifier.split('/');
  if (to === file.home) {
    return file.isSource ? `${specifier} is its own door; import the file behind it` : undefined;
  }
  if (door === 'testing' && !file.isSource) return undefined;
  if (door === 'testing' && !isForTests(file)) return `${specifier} is for tests`;
  if (!file.declared.has(`@tern/${to}`)) return `package.json does not declare @tern/${to}`;
  if (door === 'node' && !mayUseNode(file.within, rules)) return onlyInNode(specifier, file);
  if (rules.to.includes(to)) return undefined;
  if (rules.later?.includes(to) !== true) return `${file.home} must not know ${to}`;
  return kind === 'deferred' || !file.isSource ? undefined : `${file.home} loads ${to} only by import()`;
}

function objectionToDependency(specifier: string, file: File): string | undefined {
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  if (testTools.includes(name)) return isForTests(file) ? undefined : `${name} is for tests`;
  if (buildTools.includes(name)) return isForTests(file) ? undefined : `${name} is for building`;
  if (!file.declared.has(name)) return `package.json does not declare ${name}`;
  if (name === 'ts-mls' && !mayUseMls.test(file.path)) return 'ts-mls is only for core/src/group-*.ts';
  return undefined;
}

/** @param within a path inside the package; tests and benchmarks may, because they run in Node */
function mayUseNode(within: string, rules: Arrows): boolean {
  return !within.startsWith('src/') || rules.nodeIn.some((folder) => within.startsWith(folder));
}

function onlyInNode(specifier: string, file: File): string {
  return `${file.home} runs everywhere, and ${specifier} only in Node`;
}

function isForTests(file: File): boolean {
  return !file.isSource || file.within.startsWith('src/testing/');
}

/** Checks every file of every package below the project's folder. */
export function violationsBelow(root: string): {
  readonly files: number;
  readonly violations: readonly Violation[];
} {
  const paths = globSync('packages/*/{src,test,bench,bundle}/**/*.{ts,tsx,mts,js,mjs}', {
    cwd: root,
  }).toSorted();
  const declared = new Map<string, Declared>();
  const violations = paths.flatMap((path) => {
    const manifest = path.split('/').slice(0, 2).join('/');
    const names = declared.get(manifest) ?? declaredIn(`${root}/${manifest}/package.json`);
    declared.set(manifest, names);
    return violationsIn({ path, text: readFileSync(`${root}/${path}`, 'utf8') }, names);
  });
  return { files: paths.length, violations };
}

function declaredIn(manifestPath: string): Declared {
  const manifest: unknown = JSON.parse(readFileSync(manifestPath, 'utf8'));
  if (typeof manifest !== 'object' || manifest === null || !('dependencies' in manifest)) return new Set();
  return new Set(Object.keys(manifest.dependencies ?? {}));
}

if (import.meta.main) {
  const { files, violations } = violationsBelow(process.cwd());
  for (const { path, line, why } of violations) console.log(`${path}:${line}: ${why}`);
  if (files === 0) console.log('no source file was found');
  process.exitCode = files === 0 || violations.length > 0 ? 1 : 0;
}
