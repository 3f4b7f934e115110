import { parseArgs } from 'node:util';
import { TernError } from '@tern/protocol';

/** The person's fault: a command that does not exist, or not in this form. The program ends with 2. */
export class WrongUsageError extends TernError {
  constructor(message: string, options?: ErrorOptions) {
    super('wrong-usage', message, options);
  }
}

export interface OptionForm {
  /** what stands for its value in the help; absent for a switch */
  readonly value?: string;
  /** may be given several times */
  readonly repeated?: true;
  readonly about: string;
}

export interface CommandForm {
  /** `['send']` or `['relay', 'add']` */
  readonly words: readonly [string, string?];
  /** `WHO`, or `[TEXT]` where it may be left out */
  readonly operands: readonly string[];
  readonly about: string;
  readonly options: Readonly<Record<string, OptionForm>>;
  /** further lines of help */
  readonly notes?: readonly string[];
}

/** What a command was given. Names are those of its form. */
export interface Call {
  /** @throws {TypeError} for one that the form does not demand */
  operand(name: string): string;
  optional(name: string): string | undefined;
  flag(option: string): boolean;
  value(option: string): string | undefined;
  values(option: string): readonly string[];
}

export type Parsed<C extends CommandForm> =
  | { readonly kind: 'help'; readonly command: C | undefined; readonly topic: string | undefined }
  | { readonly kind: 'version' }
  | { readonly kind: 'command'; readonly command: C; readonly call: Call; readonly home: string | undefined };

export const commonOptions: Readonly<Record<string, OptionForm>> = {
  home: { value: 'DIR', about: 'the folder with your identity and messages (default ~/.tern)' },
  json: { about: 'one JSON object a line on standard output, nothing else there' },
  help: { about: 'this text' },
  version: { about: 'the version of Tern' },
};

/** Whether `--json` was asked for, known before anything else is, so that also a failure keeps to it. */
export function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).includes('--json');
}

/** @throws {WrongUsageError} */
export function parseCommandLine<C extends CommandForm>(
  args: readonly string[],
  commands: readonly C[],
): Parsed<C> {
  const { tokens } = parseArgs({
    args: [...args],
    options: everyOption(commands),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const positionals = tokens.filter((token) => token.kind === 'positional').map((token) => token.value);
  const given = tokens.filter((token) => token.kind === 'option');
  const asked = (name: string): boolean => given.some((token) => token.name === name);
  if (asked('version') && positionals.length === 0) return { kind: 'version' };
  if (asked('help')) return helpFor(positionals, commands);
  const command = chosen(positionals, commands);
  const options = new Map<string, string[]>();
  for (const token of given)
    options.set(token.name, [...(options.get(token.name) ?? []), checkedOption(token, command)]);
  for (const [name, values] of options) {
    if (values.length > 1 && formOf(command, name)?.repeated !== true)
      throw wrong(command, `--${name} was given twice`);
  }
  const operands = checkedOperands(positionals.slice(wordsOf(command).length), command);
  const call: Call = {
    operand(name) {
      const value = operands.get(name);
      if (value === undefined) throw new TypeError(`${name} is not demanded`);
      return value;
    },
    optional: (name) => operands.get(name),
    flag: (option) => options.has(option),
    value: (option) => options.get(option)?.[0],
    values: (option) => options.get(option) ?? [],
  };
  return { kind: 'command', command, call, home: options.get('home')?.[0] };
}

/** For a command's own checks of what it was given. */
export function wrong(command: CommandForm, what: string): WrongUsageError {
  return new WrongUsageError(`${what} (tern ${wordsOf(command).join(' ')} --help says more)`);
}

/** @throws {WrongUsageError} for anything but a whole number in the range */
export function wholeNumber(
  command: CommandForm,
  option: string,
  given: { readonly text: string; readonly from: number; readonly to: number },
): number {
  const value = Number(given.text);
  if (!/^\d{1,15}$/u.test(given.text) || value < given.from || value > given.to) {
    throw wrong(command, `--${option} is a whole number from ${given.from} to ${given.to}`);
  }
  return value;
}

export function wordsOf(command: CommandForm): readonly string[] {
  return command.words.filter((word) => word !== undefined);
}

function everyOption(commands: readonly CommandForm[]): Record<string, { type: 'string' | 'boolean' }> {
  const forms = [commonOptions, ...commands.map((command) => command.options)].flatMap((options) =>
    Object.entries(options),
  );
  return Object.fromEntries(
    forms.map(([name, form]) => [name, { type: form.value === undefined ? 'boolean' : 'string' }]),
  );
}

function formOf(command: CommandForm, name: string): OptionForm | undefined {
  if (Object.hasOwn(command.options, name)) return command.options[name];
  return Object.hasOwn(commonOptions, name) ? commonOptions[name] : undefined;
}

function chosen<C extends CommandForm>(positionals: readonly string[], commands: readonly C[]): C {
  const [first, second] = positionals;
  if (first === undefined) throw new WrongUsageError('say what to do (tern --help lists it)');
  const family = commands.filter((command) => command.words[0] === first);
  if (family.length === 0)
    throw new WrongUsageError(`there is no command "${first}" (tern --help lists them)`);
  const command =
    family.find((one) => one.words[1] !== undefined && one.words[1] === second) ??
    family.find((one) => one.words[1] === undefined);
  if (command !== undefined) return command;
  const words = family.map((one) => one.words[1]).join(', ');
  throw new WrongUsageError(`tern ${first} is followed by one of: ${words} (tern ${first} --help says more)`);
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function checkedOption(token: OptionToken, command: CommandForm): string {
  const form = formOf(command, token.name);
  if (form === undefined) {
    const hint = token.rawName.startsWith('--') ? '' : '; what begins with - goes after --';
    throw wrong(command, `there is no option ${token.rawName}${hint}`);
  }
  if (form.value === undefined) {
    if (token.value !== undefined) throw wrong(command, `${token.rawName} takes no value`);
    return '';
  }
  if (token.value === undefined || token.value === '')
    throw wrong(command, `${token.rawName} needs a value: ${form.value}`);
  if (token.inlineValue === false && token.value.length > 1 && token.value.startsWith('-')) {
    throw wrong(
      command,
      `${token.rawName} needs a value; one that begins with - is written ${token.rawName}=${token.value}`,
    );
  }
  return token.value;
}

function checkedOperands(values: readonly string[], command: CommandForm): ReadonlyMap<string, string> {
  const operands = new Map<string, string>();
  for (const [at, form] of command.operands.entries()) {
    const value = values[at];
    const name = form.replaceAll(/[[\]]/gu, '');
    if (value !== undefined) operands.set(name, value);
    else if (name === form) throw wrong(command, `${name} is missing`);
  }
  const extra = values[command.operands.length];
  if (extra !== undefined)
    throw wrong(command, `"${extra}" is one word too many; a text with spaces goes in quotes`);
  return operands;
}

function helpFor<C extends CommandForm>(positionals: readonly string[], commands: readonly C[]): Parsed<C> {
  const [first, second] = positionals;
  if (first === undefined) return { kind: 'help', command: undefined, topic: undefined };
  const family = commands.filter((command) => command.words[0] === first);
  if (family.length === 0)
    throw new WrongUsageError(`there is no command "${first}" (tern --help lists them)`);
  const command =
    family.find((one) => one.words[1] === second) ?? (family.length === 1 ? family[0] : undefined);
  return second === undefined && family.length > 1
    ? { kind: 'help', command: undefined, topic: first }
    : { kind: 'help', command, topic: first };
}
