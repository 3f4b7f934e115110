import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commands } from '../src/command-table.ts';
import { commonOptions, parseCommandLine, wordsOf, WrongUsageError } from '../src/command-line.ts';
import { helpOf, overview } from '../src/help-text.ts';

function parsed(...args: readonly string[]): ReturnType<typeof parseCommandLine<(typeof commands)[number]>> {
  return parseCommandLine(args, commands);
}

function command(...args: readonly string[]): Extract<ReturnType<typeof parsed>, { kind: 'command' }> {
  const result = parsed(...args);
  if (result.kind !== 'command') throw new Error('not a command');
  return result;
}

describe('the command line', () => {
  test('options stand before, between and after the words', () => {
    for (const args of [
      ['--home', 'x', 'send', 'bob', 'hi'],
      ['send', '--home=x', 'bob', 'hi'],
      ['send', 'bob', 'hi', '--home', 'x'],
    ]) {
      const { command: found, call, home } = command(...args);
      expect(wordsOf(found)).toEqual(['send']);
      expect([call.operand('WHO'), call.optional('TEXT'), home]).toEqual(['bob', 'hi', 'x']);
    }
  });

  test('after -- everything is text', () => {
    const { call } = command('send', 'bob', '--', '--wait');
    expect(call.optional('TEXT')).toBe('--wait');
    expect(call.value('wait')).toBeUndefined();
  });

  test('a second word chooses within a family, and its absence the plain command', () => {
    expect(wordsOf(command('invite').command)).toEqual(['invite']);
    expect(wordsOf(command('invite', 'list').command)).toEqual(['invite', 'list']);
    expect(wordsOf(command('relay', 'add', 'x').command)).toEqual(['relay', 'add']);
    expect(command('init', '--name', 'a', '--relay', 'r1', '--relay', 'r2').call.values('relay')).toEqual([
      'r1',
      'r2',
    ]);
  });

  test.each([
    [[], 'say what to do'],
    [['sing'], 'no command "sing"'],
    [['relay'], 'one of: add, list, remove, run'],
    [['send'], 'WHO is missing'],
    [['send', 'bob', 'two', 'words'], '"words" is one word too many'],
    [['send', 'bob', 'hi', '--loud'], 'no option --loud'],
    [['send', 'bob', '-5'], 'goes after --'],
    [['send', 'bob', '--file'], '--file needs a value'],
    [['send', 'bob', '--file', '--json'], '--file=--json'],
    [['whoami', '--json=yes'], '--json takes no value'],
    [['whoami', '--file', 'x'], 'no option --file'],
    [['send', 'bob', 'hi', '--wait', 'read', '--wait', 'read'], '--wait was given twice'],
  ] as const)('%j is not understood, in words that help', (args, words) => {
    expect(() => parsed(...args)).toThrow(WrongUsageError);
    expect(() => parsed(...args)).toThrow(words);
  });

  test('whatever is typed is understood or is wrong usage, nothing else', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'send',
        'relay',
        'run',
        '--',
        '--json',
        '--home',
        '-',
        '-x',
        '--file=',
        '--__proto__',
        '--constructor',
        '--help',
      ),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (args) => {
        try {
          parsed(...args);
        } catch (error) {
          expect(error).toBeInstanceOf(WrongUsageError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('an option means the same kind of thing in every command, and none shadows a common one', () => {
    const forms = new Map<string, boolean>();
    for (const { options } of commands) {
      for (const [name, form] of Object.entries(options)) {
        expect(Object.hasOwn(commonOptions, name)).toBe(false);
        expect(forms.get(name) ?? form.value !== undefined).toBe(form.value !== undefined);
        forms.set(name, form.value !== undefined);
      }
    }
  });

  test('the help names every command and every option', () => {
    const all = overview(commands);
    for (const one of commands) {
      expect(all).toContain(`tern ${wordsOf(one).join(' ')}`);
      expect(parsed(...wordsOf(one), '--help')).toMatchObject({ kind: 'help' });
      for (const name of Object.keys(one.options)) expect(helpOf(one)).toContain(`--${name}`);
    }
  });
});
