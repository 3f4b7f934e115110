/** `npm start` as a person meets it, in processes of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');

interface Ended {
  readonly code: unknown;
  readonly out: string;
  readonly errors: string;
}

async function run(
  script: string,
  args: readonly string[],
  until?: { readonly line: RegExp; readonly during: (found: string) => Promise<void> },
): Promise<Ended> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(root, script), ...args],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const closed = once(child, 'close');
  const errors = text(child.stderr);
  let out = '';
  let during: Promise<void> | undefined;
  for await (const piece of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    out += piece;
    const found = until?.line.exec(out)?.[1];
    if (found === undefined || during !== undefined) continue;
    during = until?.during(found).finally(() => child.kill('SIGINT'));
    // whoever waits for the end of the output hears of it there
    during?.catch(() => {});
  }
  await during;
  return { code: (await closed)[0] as unknown, out, errors: await errors };
}

describe('npm start', () => {
  test('prints one link that opens the app and is a relay link, also in the invitations made there', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'tern-start-'));
    const data = join(folder.path, 'data');
    const home = join(folder.path, 'home');
    // two at once in a folder of sources: each builds or waits for nothing, and both serve
    const both = await Promise.all(
      [data, `${data}-2`].map((dir) =>
        run('tools/start.ts', ['--port', '0', '--data', dir], {
          line: /^relay link: (\S+)\n[^\n]+\n/mu,
          async during(link) {
            const page = link.replace(/#.*$/u, '');
            expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{22}\/#r[\w-]+$/u);
            expect(await (await fetch(page)).text()).toContain('<title>Tern</title>');
            if (dir !== data) return;
            const tern = 'packages/agent/src/main.ts';
            expect(await run(tern, ['init', '--name', 'Ada', '--relay', link, '--home', home])).toMatchObject(
              { code: 0 },
            );
            const invited = await run(tern, ['invite', '--home', home, '--json']);
            expect(
              (JSON.parse(invited.out.split('\n')[0] ?? '') as { link: string }).link.startsWith(`${page}#i`),
            ).toBe(true);
          },
        }),
      ),
    );
    for (const { code, out } of both) {
      expect(code).toBe(0);
      expect(out.split('\n').map((line) => line.split(' http')[0])).toEqual([
        'address:',
        'relay link:',
        'open that link in a browser to use Tern there',
        '',
      ]);
    }
  });

  test('helps, and says what was not understood, without building anything', async () => {
    const help = await run('tools/start.ts', ['--help']);
    expect(help).toMatchObject({ code: 0, errors: '' });
    expect(help.out).toContain('--web DIR');
    const wrong = await run('tools/start.ts', ['--web', '']);
    expect(wrong).toMatchObject({ code: 2, out: '' });
    expect(wrong.errors).toMatch(/^tern: [^\n]+--help[^\n]*\n$/u);
  });
});
