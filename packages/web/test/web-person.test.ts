import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { builtWeb } from '../bundle/built-web.ts';
import { startRelay } from './support/relay-process.ts';

const program = resolve(import.meta.dirname, 'programs/web-person.ts');

interface News {
  readonly is: string;
  readonly number?: number;
  readonly link?: string;
  readonly text?: string;
  readonly words?: string;
}

/** The lab's person in a browser, here with a relay on this machine. */
class PersonProgram implements AsyncDisposable {
  readonly told: News[] = [];
  readonly #child: ChildProcess;
  #changed = Promise.withResolvers<void>();
  #orders = 0;

  constructor(name: string, profile: string) {
    this.#child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', program, JSON.stringify({ name, profile, trusted: '' })],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    if (this.#child.stdout === null) throw new Error('no output');
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.told.push(JSON.parse(line) as News);
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    });
  }

  /** @returns the first news that fits, past ones included */
  async first(fits: (news: News) => boolean): Promise<News> {
    for (;;) {
      const found = this.told.find(fits);
      if (found !== undefined) return found;
      await this.#changed.promise;
    }
  }

  async carriesOut(order: object): Promise<void> {
    const number = (this.#orders += 1);
    this.#child.stdin?.write(`${JSON.stringify({ ...order, number })}\n`);
    await this.first((news) => news.is === 'done' && news.number === number);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.stdin?.end();
    await once(this.#child, 'close');
  }
}

/** many times as many as have room in a window and around it */
const mostTexts = 90;

test('a person of the lab tells all that was said, though most of it is above what is in view', async () => {
  await using folders = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'tern-web-person-'));
  folders.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  await builtWeb();
  await using relay = await startRelay();
  await using anna = new PersonProgram('a', join(folder, 'a'));
  await using ben = new PersonProgram('b', join(folder, 'b'));
  await anna.carriesOut({ do: 'relay', link: relay.link });
  await anna.carriesOut({ do: 'invite' });
  const { link } = await anna.first(({ is }) => is === 'link');
  await ben.carriesOut({ do: 'accept', link });
  await anna.carriesOut({ do: 'welcome', person: 'b' });
  const texts = Array.from({ length: mostTexts }, (_, at) => `text ${at}`);
  for (const text of texts) await anna.carriesOut({ do: 'text', to: 'b', text });
  await ben.first(({ text }) => text === texts.at(-1));
  await ben[Symbol.asyncDispose]();

  await using again = new PersonProgram('b', join(folder, 'b'));
  for (const text of texts) await again.first((news) => news.text === text);
  const got = again.told.filter(({ is }) => is === 'got').map(({ text }) => text);
  expect(new Set(got)).toEqual(new Set(texts));
  expect(got).toHaveLength(texts.length);
  expect(again.told.filter(({ is }) => is === 'note')).toEqual([]);
});
