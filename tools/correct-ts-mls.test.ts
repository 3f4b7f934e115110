import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { afterAll, expect, test } from 'vitest';

import { correctTsMls, correctedHash, corrections, shippedHash } from './correct-ts-mls.ts';
import { cipherSuite } from '../packages/core/src/group-cipher-suite.ts';
import { groupPrimitivesOver } from '../packages/core/src/group-primitives.ts';
import { nodePrimitives } from '@tern/reach/node';
import { changed, circleOf, must, testCrypto } from '../packages/core/test/group-crypto-devices.ts';

const library = ['node_modules', 'ts-mls', 'dist', 'src', 'clientState.js'] as const;
const installed = join(fileURLToPath(new URL('..', import.meta.url)), ...library);

/** As much of it as is looked at here. */
interface ClientState {
  validateRatchetTree(...given: readonly unknown[]): Promise<Error | undefined>;
}

const shipped = corrections.reduceRight(
  (text, { from, to }) => text.replace(to, () => from),
  await readFile(installed, 'utf8'),
);
const folders: string[] = [];

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true });
});

async function installation(
  text: string,
  version: string = '1.6.4',
): Promise<{ root: string; file: string }> {
  const root = await mkdtemp(join(tmpdir(), 'tern-ts-mls-'));
  folders.push(root);
  const file = join(root, ...library);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(join(root, 'node_modules', 'ts-mls', 'package.json'), JSON.stringify({ version }));
  await writeFile(file, text);
  return { root, file };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

test('ts-mls is corrected from what was shipped to what was reviewed, by eight processes at once, and once', async () => {
  expect(hashOf(shipped)).toBe(shippedHash);
  const { root, file } = await installation(shipped);
  expect(await Promise.all(Array.from({ length: 8 }, () => correctTsMls(root)))).toContain('corrected');
  expect(hashOf(await readFile(file, 'utf8'))).toBe(correctedHash);
  expect(await correctTsMls(root)).toBe('already');
  expect(await readdir(dirname(file))).toEqual(['clientState.js']);
});

test('any other text or version of ts-mls is left as it is, and not used', async () => {
  const other = await installation(`${shipped}\n`);
  await expect(correctTsMls(other.root)).rejects.toThrow('neither as shipped nor as corrected');
  expect(await readFile(other.file, 'utf8')).toBe(`${shipped}\n`);
  const newer = await installation(shipped, '1.6.5');
  await expect(correctTsMls(newer.root)).rejects.toThrow('1.6.5');
  expect(await readFile(newer.file, 'utf8')).toBe(shipped);
});

test('a newcomer joins a sound group that ts-mls as shipped turns it away from', async () => {
  const crypto = await testCrypto();
  let circle = await circleOf(crypto, ['anna', 'ben', 'cleo', 'dora', 'emil', 'finn', 'gwen', 'hugo']);
  circle = await changed(crypto, circle, { by: 'anna', remove: ['ben'] });
  circle = await changed(crypto, circle, { by: 'hugo', add: ['ines'] }); // unmerged on the left half, not at the root
  const { ratchetTree, groupContext } = must(circle.get('ines')).mls;
  const folder = await mkdtemp(join(tmpdir(), 'tern-ts-mls-'));
  folders.push(folder);
  const elsewhere = join(folder, 'client-state.mjs');
  await writeFile(
    elsewhere,
    shipped
      .replace(/^\/\/# sourceMappingURL.*$/m, '')
      .replaceAll('from "./', `from "${pathToFileURL(dirname(installed)).href}/`),
  );
  const asShipped = await loaded(elsewhere);
  const corrected = await loaded(installed);
  const cs = cipherSuite((length) => new Uint8Array(length), groupPrimitivesOver(nodePrimitives));
  const lifetimes = { validateLifetimeOnReceive: false };
  const anyone = { validateCredential: async () => true };
  const verdicts = await Promise.all(
    [asShipped, corrected].map(({ validateRatchetTree }) =>
      validateRatchetTree(ratchetTree, groupContext, lifetimes, anyone, groupContext.treeHash, cs),
    ),
  );
  expect(verdicts.map((verdict) => verdict?.message)).toEqual([
    'non-blank intermediate node must list leaf node in its unmerged_leaves',
    undefined,
  ]);

  // RFC 9420 section 12.4.3.1: what the corrected text turns away
  const listing = (at: number, unmergedLeaves: number[]): typeof ratchetTree =>
    ratchetTree.map((node, each) =>
      each === at && node?.nodeType === 'parent'
        ? { ...node, parent: { ...node.parent, unmergedLeaves } }
        : node,
    );
  const filled = ratchetTree.flatMap((node, at) => (node?.nodeType === 'parent' ? [at] : []));
  expect(filled).toEqual([3, 7, 11, 13]);
  for (const [at, leaves, words] of [
    [11, [0], 'Unmerged leaf did not represent a non-blank descendant leaf node'],
    [11, [9], 'Unmerged leaf did not represent a non-blank descendant leaf node'],
    [7, [6], 'non-blank intermediate node must list leaf node in its unmerged_leaves'],
  ] as const) {
    const verdict = await corrected.validateRatchetTree(
      listing(at, [...leaves]),
      groupContext,
      lifetimes,
      anyone,
      groupContext.treeHash,
      cs,
    );
    expect(verdict?.message).toBe(words);
  }
});

async function loaded(file: string): Promise<ClientState> {
  const module: unknown = await import(/* @vite-ignore */ pathToFileURL(file).href);
  return module as ClientState;
}
