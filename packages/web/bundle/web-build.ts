import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { FrontList, Load, SetList } from '../src/shell/load-list.ts';
import { assetFolder, pieceFolder } from '../src/shell/load-list.ts';
import { groupLoads, type Grouping } from './load-groups.ts';
import { cutLoad, onePiece, hashOf, type NamedBytes } from './pieces.ts';
import { bundleScripts, disposeSymbols } from './scripts.ts';
import { bundleStyle } from './styles.ts';

/** Where the app begins: paths of sources. */
export interface WebSources {
  /** the first screen; what it loads by import() becomes files of its own */
  readonly page: string;
  /** runs in a worker */
  readonly engine: string;
  /** by the names under which the page asks for them; `page` comes with the first screen */
  readonly styles: Readonly<Record<string, string>>;
  /** folder of the first page, its boot script and the service worker */
  readonly shell: string;
  /** of the program */
  readonly version: string;
}

/** What was built, for whoever measures it. */
export interface WebBuild {
  readonly front: FrontList;
  readonly set: SetList;
  /** names of files of the first page, `index.html` the first */
  readonly firstPage: readonly string[];
}

/** Files of the shell that come as they are. */
const icons = ['icon.svg', 'icon-192.png', 'icon-512.png', 'icon-maskable-512.png'];

/** Builds everything that a relay serves, into a folder that is there and empty. The same sources make the same bytes. */
export async function buildWeb(sources: WebSources, folder: string): Promise<WebBuild> {
  const shellFile = (name: string): string => join(sources.shell, name);
  const [page, engine, [boot, ...hindrances], [worker], bootStyle, ...styles] = await Promise.all([
    bundleScripts({ entry: sources.page, name: `${assetFolder}page`, banner: disposeSymbols }),
    bundleScripts({ entry: sources.engine, name: `${assetFolder}engine`, banner: disposeSymbols }),
    bundleScripts({ entry: shellFile('boot.ts'), name: 'boot' }),
    bundleScripts({ entry: shellFile('service-worker.ts'), name: 'sw', whole: true }),
    bundleStyle(shellFile('boot.css')),
    ...Object.entries(sources.styles).map(
      async ([name, path]) =>
        [name, hashedName(`${assetFolder}${name}.css`, await bundleStyle(path))] as const,
    ),
  ]);
  if (boot === undefined || worker === undefined) throw new Error('the shell made no script');

  const output = new Output(folder);
  const loads = await cutAll(groupLoads({ page, engine, styles: new Map(styles) }), output);
  const icon = new Map<string, NamedBytes>();
  for (const name of icons) icon.set(name, hashedName(name, await readFile(shellFile(`icons/${name}`))));
  const manifest = hashedName(
    'app.webmanifest',
    filled(JSON.stringify(JSON.parse(await readFile(shellFile('app.webmanifest'), 'utf8'))), namesOf(icon)),
  );
  const bootCss = hashedName('boot.css', bootStyle);
  const shell = [boot, bootCss, ...hindrances, manifest];

  const set: SetList = { shell: shell.map(({ name, bytes }) => [name, hashOf(bytes)]), loads: loads.all };
  const [setName, setPiece] = await onePiece(new TextEncoder().encode(JSON.stringify(set)));
  const front: FrontList = {
    version: sources.version,
    set: setName,
    worker: worker.name,
    loads: loads.early,
  };
  const html = filled(smallHtml(await readFile(shellFile('index.html'), 'utf8')), {
    'boot.js': boot.name,
    'boot.css': bootCss.name,
    'app.webmanifest': manifest.name,
    mark: (await readFile(shellFile('mark.svg'), 'utf8')).trim(),
    ahead: ahead(front),
    list: JSON.stringify(front),
  });
  output.add({ name: pieceFolder + setName, bytes: setPiece });
  for (const file of [...shell, ...icon.values(), worker, { name: 'index.html', bytes: html }])
    output.add(file, 'compressed');
  await output.write();
  return { front, set, firstPage: ['index.html', boot.name, bootCss.name] };
}

/** Asks for the pieces of the first screen before any script runs: that saves a bad line a round of its own. */
function ahead({ loads }: FrontList): string {
  const pieces = loads['page']?.pieces ?? [];
  return pieces
    .map((piece) => `<link rel=preload as=fetch crossorigin href=${pieceFolder}${piece}>`)
    .join('');
}

async function cutAll(
  groups: Grouping,
  output: Output,
): Promise<{ readonly all: Readonly<Record<string, Load>>; readonly early: Readonly<Record<string, Load>> }> {
  const all: Record<string, Load> = {};
  for (const [name, files] of groups.loads) {
    const { load, pieces } = await cutLoad(files);
    all[name] = load;
    for (const [piece, bytes] of pieces) output.add({ name: pieceFolder + piece, bytes });
    for (const file of files) output.add(file, 'compressed');
  }
  const early = Object.fromEntries(Object.entries(all).filter(([name]) => groups.early.has(name)));
  return { all, early };
}

/** Collects what is to be written. */
class Output {
  readonly #folder: string;
  readonly #writing: Promise<void>[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  add({ name, bytes }: NamedBytes, as?: 'compressed'): void {
    this.#writing.push(this.#put(name, bytes, as === 'compressed'));
  }

  async write(): Promise<void> {
    await Promise.all(this.#writing);
  }

  async #put(name: string, bytes: Uint8Array, compress: boolean): Promise<void> {
    const path = join(this.#folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
    if (!compress || name.endsWith('.png')) return;
    const [brotli, zipped] = await Promise.all([
      promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
      promisify(gzip)(bytes, { level: 9 }),
    ]);
    await writeFile(`${path}.br`, brotli);
    await writeFile(`${path}.gz`, zipped);
  }
}

/** `icon.svg` becomes `icon-<hash>.svg`. */
function hashedName(name: string, bytes: Uint8Array): NamedBytes {
  const dot = name.lastIndexOf('.');
  return { name: `${name.slice(0, dot)}-${hashOf(bytes).slice(0, 10)}${name.slice(dot)}`, bytes };
}

function namesOf(files: ReadonlyMap<string, NamedBytes>): Record<string, string> {
  return Object.fromEntries([...files].map(([name, file]) => [name, file.name]));
}

/** Puts values where `{{name}}` stands. */
function filled(template: string, values: Readonly<Record<string, string>>): Uint8Array {
  let text = template;
  for (const [name, value] of Object.entries(values)) text = text.replaceAll(`{{${name}}}`, () => value);
  if (text.includes('{{')) throw new Error('a place in a template was left open');
  return new TextEncoder().encode(text);
}

/** Without the spaces and quotes that only make it readable. The list is JSON, and stands between single quotes. */
function smallHtml(html: string): string {
  return html
    .trim()
    .replaceAll(/\s*\n\s*/gu, ' ')
    .replaceAll(/>\s+</gu, '><')
    .replaceAll(/>\s+\{\{mark\}\}\s+</gu, '>{{mark}}<')
    .replaceAll(/="([\w#-]+|\{\{[\w.-]+\}\})"/gu, '=$1')
    .replace('={{list}}', "='{{list}}'");
}
