/*
 * What leaves a home for a file and comes back from one, with the key that only a passphrase makes. Loaded when it is first asked for:
 * nobody who has just come waits for it.
 */
import { exportHome, importHome, largestExportBytes } from '@tern/core';
import { MalformedError } from '@tern/protocol';
import { browserExportCost } from '../store/argon2id.ts';

type Parts = Parameters<typeof importHome>[0];

export async function exportFile(parts: Parts, passphrase: string): Promise<Blob> {
  const bytes = await exportHome(parts, passphrase, { cost: browserExportCost });
  return new Blob([new Uint8Array(bytes)], { type: 'application/octet-stream' });
}

/** @throws {MalformedError} for a file that is no export, which a large one is known to be before it is read */
export async function importFile(
  parts: Parts,
  file: Blob,
  passphrase: string,
): Promise<Awaited<ReturnType<typeof importHome>>> {
  if (file.size > largestExportBytes) throw new MalformedError('no export is so large');
  return importHome(parts, new Uint8Array(await file.arrayBuffer()), passphrase);
}
