import { exportHome } from '@tern/core';
import { fastArgon2id } from '../argon2id.ts';
import { openClientHome } from '../client-home.ts';
import { wrong } from '../command-line.ts';
import type { Command } from '../context.ts';
import { exportPassphrase } from '../export-passphrase.ts';
import { sizeWords } from '../message-words.ts';
import { line } from '../terminal-text.ts';
import { fileAt, fileThere, writeWholeFile } from '../whole-file.ts';

export const exportCommand: Command = {
  words: ['export'],
  operands: ['FILE'],
  about: 'who you are, whom you know and what was said, in one file locked with a passphrase',
  options: { force: { about: 'replace what is there' } },
  notes: [
    'The passphrase is taken from TERN_EXPORT_PASSPHRASE, or asked for. Files that were sent are not in it, their messages are.',
    'Where it is imported becomes a further device of yours; this one stays as it is.',
  ],
  async run(call, context) {
    const path = call.operand('FILE');
    const force = call.flag('force');
    const there = await fileAt(path);
    if (there === 'directory') throw wrong(exportCommand, `${path} is a folder; name the file too`);
    if (there === 'file' && !force) throw fileThere(path);
    await using opened = await openClientHome(context);
    await opened.synchronise();
    const passphrase = await exportPassphrase(context, 'create');
    const { world, primitives } = context;
    const exported = await exportHome(
      { store: opened.home.store, world, primitives, argon2id: fastArgon2id },
      passphrase,
    );
    const bytes = await writeWholeFile(path, pieces(exported), { replace: force });
    context.output.result(
      { path, bytes },
      line`${path}: ${sizeWords(bytes)}. Whoever has it and the passphrase is you.`,
    );
  },
};

async function* pieces(whole: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield whole;
}
