import { open } from 'node:fs/promises';
import { closeSync, fdatasyncSync, openSync, readSync, writeSync } from 'node:fs';

const sliceBytes = 4 * 2 ** 20;
const needleBytes = 32;
const mostPasses = 4;

/**
 * LMDB writes a changed page elsewhere and leaves the old one as it was until its place is used again. This finds what is left of
 * removed values in the file and overwrites it where it lies.
 *
 * It is safe for the tree: only bytes that begin like a removed value (32 of them, out of a cipher, so nothing else begins so) are
 * touched, no page's head or order is, and the writing happens inside a write transaction, so no page moves meanwhile. A remnant
 * that was copied ahead of the scan is found by the next pass; the last pass finds nothing.
 * @param exclusively runs its work while nothing else writes
 */
export async function scrubFile(
  path: string,
  removed: readonly Uint8Array[],
  exclusively: (work: () => void) => void,
): Promise<void> {
  const values = removed.filter((value) => value.length >= needleBytes);
  if (values.length === 0) return;
  const longest = Math.max(...values.map((value) => value.length));
  for (let pass = 0; pass < mostPasses; pass += 1) {
    let found = 0;
    const { size } = await statOf(path);
    for (let at = 0; at < size; at += sliceBytes) {
      exclusively(() => {
        found += scrubSlice(path, values, { at, bytes: sliceBytes + longest });
      });
      // whoever waits to write goes between two slices
      await new Promise<void>((resolve) => void setImmediate(resolve));
    }
    if (found === 0) return;
  }
}

async function statOf(path: string): Promise<{ readonly size: number }> {
  const file = await open(path, 'r');
  try {
    return await file.stat();
  } finally {
    await file.close();
  }
}

/** @returns how many remnants were overwritten */
function scrubSlice(
  path: string,
  values: readonly Uint8Array[],
  slice: { readonly at: number; readonly bytes: number },
): number {
  const file = openSync(path, 'r+');
  try {
    const held = Buffer.alloc(slice.bytes);
    const read = held.subarray(0, readSync(file, held, 0, slice.bytes, slice.at));
    let found = 0;
    for (const value of values) {
      const needle = value.subarray(0, needleBytes);
      for (let at = read.indexOf(needle); at >= 0; at = read.indexOf(needle, at + 1)) {
        // a remnant may have been cut by what was written over it: only what is still the value is overwritten
        let length = needleBytes;
        while (length < value.length && read[at + length] === value[length]) length += 1;
        writeSync(file, Buffer.alloc(length), 0, length, slice.at + at);
        found += 1;
      }
    }
    if (found > 0) fdatasyncSync(file);
    return found;
  } finally {
    closeSync(file);
  }
}
