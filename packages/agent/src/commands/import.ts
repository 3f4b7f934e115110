import { readFile, stat } from 'node:fs/promises';
import { importHome, largestExportBytes } from '@tern/core';
import { MalformedError, RefusedError } from '@tern/protocol';
import { fastArgon2id } from '../argon2id.ts';
import { openAnyHome } from '../client-home.ts';
import type { Command, Context } from '../context.ts';
import { exportPassphrase } from '../export-passphrase.ts';
import { line } from '../terminal-text.ts';

export const importCommand: Command = {
  words: ['import'],
  operands: ['FILE'],
  about: 'begin in an empty home with what an export holds, as a further device of yours',
  options: {},
  notes: [
    'The passphrase is the one of the export, from TERN_EXPORT_PASSPHRASE, or asked for. You can write as soon as the others',
    'have been online: their devices let the new one in.',
  ],
  async run(call, context) {
    const bytes = await exportFile(call.operand('FILE'));
    await refuseInhabited(context);
    const passphrase = await exportPassphrase(context, 'open');
    await using opened = await openAnyHome(context, { create: true });
    const { output, world, primitives, transport } = context;
    if (opened.home.created && opened.home.protection === 'file') {
      output.say(
        `no passphrase: whoever can read ${opened.home.dir} can read everything in it (TERN_PASSPHRASE sets one for a new home)`,
      );
    }
    const imported = await importHome(
      { store: opened.home.store, world, primitives, transport, argon2id: fastArgon2id },
      bytes,
      passphrase,
    );
    switch (imported.kind) {
      case 'not-empty':
        throw inhabited(context);
      case 'wrong-passphrase':
        throw new RefusedError('passphrase-wrong', 'this is not the passphrase of this export');
      case 'newer':
        throw new RefusedError('newer', 'this export was written by a newer Tern');
      case 'imported': {
        const { name, person, contacts, messages } = imported;
        output.result(
          { name, id: person, contacts, messages },
          line`${name}: ${contacts} ${contacts === 1 ? 'contact' : 'contacts'} and ${messages} ${messages === 1 ? 'message' : 'messages'} are here, on a device of their own`,
        );
        await opened.synchronise();
      }
    }
  },
};

/** @throws {RefusedError} @throws {MalformedError} for what is too large to be one, before it is read */
async function exportFile(path: string): Promise<Uint8Array> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new RefusedError('no-file', `${path} is not a file`);
    if (found.size > largestExportBytes)
      throw new MalformedError(`${path} is too large to be an export of Tern`);
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    if (cause instanceof RefusedError || cause instanceof MalformedError) throw cause;
    throw new RefusedError('no-file', `${path} cannot be read`, { cause });
  }
}

/** Before anybody is asked for a passphrase. */
async function refuseInhabited(context: Context): Promise<void> {
  let opened;
  try {
    opened = await openAnyHome(context, { create: false });
  } catch (cause) {
    if (cause instanceof RefusedError && cause.code === 'no-home') return;
    if (cause instanceof RefusedError && cause.code === 'key-missing') throw cause;
    throw cause;
  }
  try {
    if ((await opened.client.me()) !== undefined) throw inhabited(context);
  } finally {
    await opened[Symbol.asyncDispose]();
  }
}

function inhabited({ dir }: Context): RefusedError {
  return new RefusedError(
    'not-empty',
    `${dir} is somebody's home already; an import needs an empty one (--home DIR)`,
  );
}
