/** The launcher, run in a project of three files with an npm that only pretends, so that no start needs a network. */
import { execFile } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempDisposableSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

type Outcome = { readonly code: number; readonly out: string; readonly err: string };

/** Counts itself in `installs`, takes a moment, and leaves a Node behind, or fails if `broken` exists. */
const pretendedNpm = `#!/bin/sh
[ "$1" = --version ] && { echo 10.2.3; exit; }
echo "$*" >>installs
echo 'what npm has to say'
[ -e broken ] && exit 9
sleep 0.2
mkdir -p node_modules/.bin
ln -s '${process.execPath}' node_modules/.bin/node
`;

const told = `
console.log(JSON.stringify({ args: process.argv.slice(2), folder: process.cwd() }));
process.exitCode = 7;
`;

class Project implements Disposable {
  readonly #folder = mkdtempDisposableSync(join(realpathSync(tmpdir()), 'tern launcher '));
  readonly path: string = join(this.#folder.path, 'project');
  readonly elsewhere: string = join(this.#folder.path, 'else where');

  constructor() {
    for (const folder of ['tools', 'packages/agent/src', '../else where', '../bin']) {
      mkdirSync(join(this.path, folder), { recursive: true });
    }
    const here = resolve(import.meta.dirname, '..');
    for (const file of ['tern', 'tools/with-node.sh']) copyFileSync(join(here, file), join(this.path, file));
    this.write('package-lock.json', '{}');
    this.write('packages/agent/src/main.ts', told);
    this.write('../bin/npm', pretendedNpm);
    chmodSync(join(this.path, '../bin/npm'), 0o755);
  }

  write(path: string, text: string): void {
    writeFileSync(join(this.path, path), text);
  }

  /** How often npm was asked to install. */
  get installs(): number {
    const path = join(this.path, 'installs');
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').length : 0;
  }

  /** Runs `command`, which is the launcher if nothing else is said, with the pretended npm before everything on the path. */
  async tern(
    args: readonly string[] = [],
    { command = join(this.path, 'tern'), path = '' } = {},
  ): Promise<Outcome> {
    const env = {
      ...process.env,
      PATH: `${join(this.path, '../bin')}:${path || (process.env['PATH'] ?? '')}`,
    };
    return new Promise((settle) => {
      const child = execFile(command, args, { cwd: this.elsewhere, env }, (_, out, err) => {
        settle({ code: child.exitCode ?? -1, out, err });
      });
    });
  }

  [Symbol.dispose](): void {
    this.#folder.remove();
  }
}

describe.concurrent('the launcher', () => {
  test('arguments, folder and exit code pass through the launcher as they are', async () => {
    using project = new Project();
    const args = ['say', '--', 'two words', 'two\nlines', '', '*', "it's"];
    const outcome = await project.tern(args);
    expect(outcome).toMatchObject({ code: 7 });
    expect(JSON.parse(outcome.out)).toEqual({ args, folder: project.elsewhere });
  });

  test('the first start installs without install scripts, and the second asks npm nothing', async () => {
    using project = new Project();
    const first = await project.tern();
    expect(first.err).toContain('installing');
    expect(first.err).not.toContain('what npm has to say');
    expect(readFileSync(join(project.path, 'installs'), 'utf8')).toMatch(
      /^install --no-save .*--ignore-scripts /u,
    );
    expect(await project.tern()).toMatchObject({ code: 7, err: '' });
    expect(project.installs).toBe(1);
  });

  test('a changed lockfile and a removed node_modules are installed anew', async () => {
    using project = new Project();
    await project.tern();
    project.write('package-lock.json', '{ }');
    await project.tern();
    expect(project.installs).toBe(2);
    rmSync(join(project.path, 'node_modules'), { recursive: true });
    await project.tern();
    expect(project.installs).toBe(3);
  });

  test('eight first starts at once install once, and all of them start', async () => {
    using project = new Project();
    const outcomes = await Promise.all(Array.from({ length: 8 }, async () => project.tern()));
    expect(outcomes.map((outcome) => outcome.code)).toEqual(Array<number>(8).fill(7));
    expect(project.installs).toBe(1);
    expect(existsSync(join(project.path, 'build/installing'))).toBe(false);
  });

  test('the lock of a start that was killed is taken over, by one of many', async () => {
    using project = new Project();
    mkdirSync(join(project.path, 'build/installing'), { recursive: true });
    project.write('build/installing/holder-4194999', '4194998\n'); // above the largest process id Linux gives out
    const outcomes = await Promise.all(Array.from({ length: 4 }, async () => project.tern()));
    expect(outcomes.map((outcome) => outcome.code)).toEqual(Array<number>(4).fill(7));
    expect(project.installs).toBe(1);
    expect(existsSync(join(project.path, 'build/installing'))).toBe(false);
  });

  test('a lock that its maker never signed is taken over', async () => {
    using project = new Project();
    mkdirSync(join(project.path, 'build/installing'), { recursive: true });
    expect(await project.tern()).toMatchObject({ code: 7 });
  });

  test('an install that fails shows what npm said, starts nothing, and is tried again', async () => {
    using project = new Project();
    project.write('broken', '');
    const failed = await project.tern();
    expect(failed).toMatchObject({ code: 1, out: '' });
    expect(failed.err).toContain('what npm has to say');
    rmSync(join(project.path, 'broken'));
    expect(await project.tern()).toMatchObject({ code: 7 });
  });

  test('the correction of ts-mls runs once after an install, and once more when it changes', async () => {
    using project = new Project();
    const correction = `import { appendFileSync } from 'node:fs'; appendFileSync('corrections', 'x');`;
    project.write('tools/correct-ts-mls.ts', correction);
    await project.tern();
    await project.tern();
    expect(readFileSync(join(project.path, 'corrections'), 'utf8')).toBe('x');
    project.write('tools/correct-ts-mls.ts', `${correction} // better`);
    await project.tern();
    expect(readFileSync(join(project.path, 'corrections'), 'utf8')).toBe('xx');
    expect(project.installs).toBe(1);
  });

  test('a correction that does not apply stops every start', async () => {
    using project = new Project();
    project.write('tools/correct-ts-mls.ts', `throw new Error('this is another ts-mls');`);
    for (const attempt of [1, 2]) {
      const outcome = await project.tern();
      expect(outcome).toMatchObject({ code: 1, out: '' });
      expect(outcome.err).toContain('this is another ts-mls');
      expect(project.installs).toBe(attempt);
    }
  });

  test('without a Node of its own for the machine, the machine needs one that is new enough', async () => {
    using project = new Project();
    project.write('../bin/npm', pretendedNpm.replace(process.execPath, '/bin/false'));
    project.write('../bin/node', '#!/bin/sh\nexit 1\n'); // what one that is too old answers
    chmodSync(join(project.path, '../bin/node'), 0o755);
    const refused = await project.tern([], { path: '/usr/bin:/bin' });
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('install Node 24 or newer');
    const accepted = await project.tern([], { path: `/usr/bin:/bin:${dirname(process.execPath)}` });
    expect(accepted).toMatchObject({ code: 7 });
  });

  test('the command works through links, relative ones to links included', async () => {
    using project = new Project();
    symlinkSync(join(project.path, 'tern'), join(project.elsewhere, 'absolute'));
    symlinkSync('absolute', join(project.elsewhere, 'relative'));
    const outcome = await project.tern(['hello'], { command: join(project.elsewhere, 'relative') });
    expect(JSON.parse(outcome.out)).toEqual({ args: ['hello'], folder: project.elsewhere });
  });
});
