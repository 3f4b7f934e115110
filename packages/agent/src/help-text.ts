import { commonOptions, wordsOf, type CommandForm, type OptionForm } from './command-line.ts';

/** `tern send WHO [TEXT] [--file PATH] ...` */
function usage(command: CommandForm): string {
  const options = Object.entries(command.options).map(
    ([name, form]) => `[${optionWords(name, form)}]${form.repeated === true ? '...' : ''}`,
  );
  return ['tern', ...wordsOf(command), ...command.operands, ...options].join(' ');
}

/** Everything, or everything that begins with one word. */
export function overview(commands: readonly CommandForm[]): string {
  return [
    'tern: private messages that get through',
    '',
    ...commands.map((command) => `  ${usage(command)}\n      ${command.about}`),
    '',
    'With every command:',
    ...optionLines(commonOptions),
    '',
    'Ends with 0 when it was done, 1 when it was not possible, 2 when it was not understood.',
    'A passphrase for the home is taken from TERN_PASSPHRASE, or asked for.',
    'On a slow line, TERN_PATIENCE says for how many seconds a command exchanges with relays; without it, 2.',
  ].join('\n');
}

export function helpOf(command: CommandForm): string {
  return [
    usage(command),
    '',
    `  ${command.about}`,
    ...(command.notes ?? []).map((note) => `  ${note}`),
    ...(Object.keys(command.options).length === 0 ? [] : ['', 'Options:', ...optionLines(command.options)]),
    '',
    'With every command:',
    ...optionLines(commonOptions),
  ].join('\n');
}

function optionLines(options: Readonly<Record<string, OptionForm>>): readonly string[] {
  return Object.entries(options).map(
    ([name, form]) => `  ${optionWords(name, form).padEnd(24)} ${form.about}`,
  );
}

function optionWords(name: string, form: OptionForm): string {
  return form.value === undefined ? `--${name}` : `--${name} ${form.value}`;
}
