import { resolve } from 'node:path';
import { TernError } from '@tern/protocol';
import { parseCommandLine, WrongUsageError } from './command-line.ts';
import { commands } from './command-table.ts';
import type { Context } from './context.ts';
import { helpOf, overview } from './help-text.ts';
import { defaultHomeDir } from './home.ts';
import { version } from './version.ts';

/** 0 done, 1 not possible, 2 not understood. */
export type ExitCode = 0 | 1 | 2;

/** One call of `tern`, from its arguments to its exit code. Nothing is thrown: what failed was said. */
export async function runTern(args: readonly string[], parts: Omit<Context, 'dir'>): Promise<ExitCode> {
  const { output, signal } = parts;
  try {
    const parsed = parseCommandLine(args, commands);
    switch (parsed.kind) {
      case 'version':
        output.result({ version }, `tern ${version}`);
        return 0;
      case 'help': {
        const { command, topic } = parsed;
        const text =
          command === undefined
            ? overview(commands.filter((one) => topic === undefined || one.words[0] === topic))
            : helpOf(command);
        output.result({ help: text }, text);
        return 0;
      }
      case 'command':
        await parsed.command.run(parsed.call, { ...parts, dir: resolve(parsed.home ?? defaultHomeDir()) });
        return 0;
    }
  } catch (cause) {
    if (signal.aborted && cause === signal.reason) {
      output.fail('interrupted');
      return 1;
    }
    output.fail(failureWords(cause));
    return cause instanceof WrongUsageError ? 2 : 1;
  }
}

function failureWords(cause: unknown): string {
  if (cause instanceof TernError) return cause.message;
  return `something unforeseen happened: ${cause instanceof Error ? cause.message : String(cause)}`;
}
