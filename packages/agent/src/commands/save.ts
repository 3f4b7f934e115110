import { RefusedError, type MessageId } from '@tern/protocol';
import { openClientHome } from '../client-home.ts';
import { wrong } from '../command-line.ts';
import type { Command } from '../context.ts';
import { sizeWords } from '../message-words.ts';
import { line } from '../terminal-text.ts';
import { fileAt, fileThere, writeWholeFile } from '../whole-file.ts';

export const saveCommand: Command = {
  words: ['save'],
  operands: ['ID', 'PATH'],
  about: 'write the file of a message where you say, never where its sender says',
  options: { force: { about: 'replace what is there' } },
  notes: ['PATH - writes to standard output.'],
  async run(call, context) {
    const path = call.operand('PATH');
    const force = call.flag('force');
    const toOutput = path === '-';
    if (toOutput && context.output.json)
      throw wrong(saveCommand, 'standard output holds the file or JSON, not both');
    const there = toOutput ? 'nothing' : await fileAt(path);
    if (there === 'directory')
      throw wrong(
        saveCommand,
        `${path} is a folder; name the file too, as in ${path.replace(/\/+$/u, '')}/NAME`,
      );
    if (there === 'file' && !force) throw fileThere(path);
    await using opened = await openClientHome(context);
    const { client } = opened;
    let message = await client.message(call.operand('ID') as MessageId);
    if (message === undefined) {
      await opened.synchronise();
      message = await client.message(call.operand('ID') as MessageId);
    }
    if (message === undefined)
      throw new RefusedError('unknown-message', `there is no message with the id ${call.operand('ID')} here`);
    if (message.file === undefined) throw new RefusedError('no-file', 'this message has no file');
    const content = client.fileContent(message.id, { signal: context.signal });
    if (toOutput) {
      for await (const piece of content) await context.output.bytes(piece);
      return;
    }
    const bytes = await writeWholeFile(path, content, { replace: force });
    context.output.result({ id: message.id, path, bytes }, line`${path}: ${sizeWords(bytes)}`);
  },
};
