import { RefusedError } from '@tern/protocol';
import type { Context } from './context.ts';
import { askHidden } from './passphrase.ts';

/**
 * The passphrase of an export, which is not that of the home.
 * @throws {RefusedError} `passphrase-needed`, `passphrase-empty`, `passphrase-mismatch`
 */
export async function exportPassphrase(
  { environment, terminal, signal }: Context,
  purpose: 'create' | 'open',
): Promise<string> {
  const given = environment['TERN_EXPORT_PASSPHRASE'];
  if (given !== undefined) return checked(given);
  if (terminal.input.isTTY !== true) {
    throw new RefusedError(
      'passphrase-needed',
      'an export is locked with a passphrase: set TERN_EXPORT_PASSPHRASE or run in a terminal',
    );
  }
  const passphrase = checked(await askHidden(terminal, 'Passphrase of the export: ', { signal }));
  if (purpose === 'create' && (await askHidden(terminal, 'The same again: ', { signal })) !== passphrase) {
    throw new RefusedError('passphrase-mismatch', 'the two passphrases differ');
  }
  return passphrase;
}

function checked(passphrase: string): string {
  if (passphrase === '') throw new RefusedError('passphrase-empty', 'an empty passphrase protects nothing');
  return passphrase;
}
