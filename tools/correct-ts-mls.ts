import { createHash, randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * ts-mls 1.6.4 turns newcomers away from valid groups: where a parent node has unmerged leaves it wants *every* filled
 * node above such a leaf, also those above the parent, to have exactly the same list. RFC 9420 section 12.4.3.1 asks for less:
 * the entry is a filled leaf below the node, and each filled node strictly *between* the two lists that leaf too. (It also
 * asks for more: the shipped code accepts a blank leaf below the node and a filled leaf beside it, and never comes to an end for
 * a leaf outside the tree.)
 * This writes the section into the installed file. It knows the file before and after by their hashes and touches nothing else.
 */
export const correctedVersion = '1.6.4';
export const shippedHash = '63645bc3be6ec7f6d4f6d88af5c0b63e34f5e1fea693c62bd958d228b51b6f61';
export const correctedHash = 'dd3ac571904cd77715c6afc41637ef7738011a1c8336545eda233af0b6e5cf5b';

export interface Correction {
  readonly from: string;
  readonly to: string;
}

export const corrections: readonly Correction[] = [
  {
    from: `                const dp = directPath(leafToNodeIndex(leafIndex), leafWidth(tree.length));
                const nodeIndex = leafToNodeIndex(leafIndex);
                if (tree[nodeIndex]?.nodeType !== "leaf" && !dp.includes(toNodeIndex(i)))
                    return new ValidationError("Unmerged leaf did not represent a non-blank descendant leaf node");
                for (const parentIdx of dp) {
                    const dpNode = tree[parentIdx];
                    if (dpNode !== undefined) {
                        if (dpNode.nodeType !== "parent")
                            return new InternalError("Expected parent node");
                        if (!arraysEqual(dpNode.parent.unmergedLeaves, n.parent.unmergedLeaves))
                            return new ValidationError("non-blank intermediate node must list leaf node in its unmerged_leaves");
                    }
                }
`,
    to: `                // RFC 9420 section 12.4.3.1: a filled leaf (of this tree: outside of it directPath never ends) ...
                const nodeIndex = leafToNodeIndex(leafIndex);
                if (tree[nodeIndex]?.nodeType !== "leaf")
                    return new ValidationError("Unmerged leaf did not represent a non-blank descendant leaf node");
                // ... that descends from this node ...
                const dp = directPath(nodeIndex, leafWidth(tree.length));
                const height = dp.indexOf(toNodeIndex(i));
                if (height < 0)
                    return new ValidationError("Unmerged leaf did not represent a non-blank descendant leaf node");
                // ... and listed by every filled node strictly between the two; what stands above this node is not asked
                for (const between of dp.slice(0, height)) {
                    const betweenNode = tree[between];
                    if (betweenNode !== undefined) {
                        if (betweenNode.nodeType !== "parent")
                            return new ValidationError("Received Ratchet Tree is not structurally sound");
                        if (!betweenNode.parent.unmergedLeaves.includes(unmergedLeaf))
                            return new ValidationError("non-blank intermediate node must list leaf node in its unmerged_leaves");
                    }
                }
`,
  },
  {
    from: `export const groupStateEncoder = contramapBufferEncoders([`,
    to: `/** Tern: the checks on unmerged leaves when joining are those of RFC 9420 section 12.4.3.1. */
export const ternCorrection = "unmerged-leaves-1";
export const groupStateEncoder = contramapBufferEncoders([`,
  },
];

/** @throws {Error} when the text is not the one these corrections were written for */
export function correctedText(shipped: string): string {
  let text = shipped;
  for (const { from, to } of corrections) {
    const at = text.indexOf(from);
    if (at < 0 || text.includes(from, at + 1))
      throw new Error('ts-mls: the text to correct is not there exactly once');
    text = text.slice(0, at) + to + text.slice(at + from.length);
  }
  return text;
}

/**
 * Idempotent, and safe to run in several processes at once: the file is only ever replaced whole.
 * @param root the folder that holds `node_modules`
 * @throws {Error} for any other version or text of ts-mls, leaving it as it was
 */
export async function correctTsMls(root: string): Promise<'corrected' | 'already'> {
  const folder = join(root, 'node_modules', 'ts-mls');
  const file = join(folder, 'dist', 'src', 'clientState.js');
  const version = versionOf(await readFile(join(folder, 'package.json'), 'utf8'));
  if (version !== correctedVersion)
    throw new Error(`ts-mls is ${version}, the correction is written for ${correctedVersion}: not used`);
  const found = await readFile(file);
  if (sha256(found) === correctedHash) return 'already';
  if (sha256(found) !== shippedHash) {
    throw new Error(
      `ts-mls: ${file} is neither as shipped nor as corrected (SHA-256 ${sha256(found)}): not used. Reinstall it.`,
    );
  }
  const corrected = Buffer.from(correctedText(found.toString('utf8')));
  if (sha256(corrected) !== correctedHash)
    throw new Error(`ts-mls: the correction came out as ${sha256(corrected)}: not used`);
  const fresh = `${file}.${process.pid}.${randomBytes(6).toString('hex')}`;
  try {
    const handle = await open(fresh, 'wx', 0o644);
    try {
      await handle.writeFile(corrected);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(fresh, file);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
  const written = sha256(await readFile(file));
  if (written !== correctedHash)
    throw new Error(`ts-mls: ${file} was written by someone else meanwhile (SHA-256 ${written})`);
  return 'corrected';
}

function versionOf(manifest: string): string {
  const parsed: unknown = JSON.parse(manifest);
  if (
    typeof parsed === 'object' &&
    parsed !== null &&
    'version' in parsed &&
    typeof parsed.version === 'string'
  )
    return parsed.version;
  return 'without a version';
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

if (import.meta.main) {
  await correctTsMls(fileURLToPath(new URL('..', import.meta.url)));
}
