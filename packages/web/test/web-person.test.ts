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
  readonly size?: number;
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

  /** @throws what the program notes of an order of this kind that it could not carry out */
  async carriesOut(order: { readonly do: string } & Readonly<Record<string, unknown>>): Promise<void> {
    const number = (this.#orders += 1);
    const before = this.told.length;
    this.#child.stdin?.write(`${JSON.stringify({ ...order, number })}\n`);
    const { words } = await this.first(
      (news) =>
        (news.is === 'done' && news.number === number) ||
        (news.words?.startsWith(`${order.do}: `) === true && this.told.indexOf(news) >= before),
    );
    if (words !== undefined) throw new Error(words);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.stdin?.end();
    await once(this.#child, 'close');
  }
}

/** many times as many as have room in a window and around it */
const mostTexts = 90;

interface Pair extends AsyncDisposable {
  readonly anna: PersonProgram;
  readonly ben: PersonProgram;
  /** ends the second one's program, and starts it with what it left */
  restartBen(): Promise<PersonProgram>;
}

/** Two who have met at a relay. */
async function openPair(): Promise<Pair> {
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'tern-web-person-'));
  opening.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  await builtWeb();
  const relay = opening.use(await startRelay());
  const anna = opening.use(new PersonProgram('a', join(folder, 'a')));
  const ben = opening.use(new PersonProgram('b', join(folder, 'b')));
  await anna.carriesOut({ do: 'relay', link: relay.link });
  await anna.carriesOut({ do: 'invite' });
  const { link } = await anna.first(({ is }) => is === 'link');
  await ben.carriesOut({ do: 'accept', link });
  await anna.carriesOut({ do: 'welcome', person: 'b' });
  const all = opening.move();
  return {
    anna,
    ben,
    async restartBen() {
      await ben[Symbol.asyncDispose]();
      return all.use(new PersonProgram('b', join(folder, 'b')));
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

test('a person of the lab tells all that was said, though most of it is above what is in view', async () => {
  await using pair = await openPair();
  const { anna, ben } = pair;
  const texts = Array.from({ length: mostTexts }, (_, at) => `text ${at}`);
  for (const text of texts) await anna.carriesOut({ do: 'text', to: 'b', text });
  await ben.first(({ text }) => text === texts.at(-1));

  const again = await pair.restartBen();
  for (const text of texts) await again.first((news) => news.text === text);
  const got = again.told.filter(({ is }) => is === 'got').map(({ text }) => text);
  expect(new Set(got)).toEqual(new Set(texts));
  expect(got).toHaveLength(texts.length);
  expect(again.told.filter(({ is }) => is === 'note')).toEqual([]);
});

/** each opens a menu over a composer in which somebody writes */
const manyFiles = 8;
/** about as many as are said until these are saved */
const manyTexts = 80;

test('a person of the lab says every word of it while files are saved in the same tab', async () => {
  await using pair = await openPair();
  const { anna, ben } = pair;
  const sizes = Array.from({ length: manyFiles }, (_, at) => 1000 + at);
  const texts = Array.from({ length: manyTexts }, (_, at) => `words ${at}`);
  const sending = async (): Promise<void> => {
    for (const size of sizes) await anna.carriesOut({ do: 'file', to: 'b', name: 'photo', size });
  };
  const saying = async (): Promise<void> => {
    for (const text of texts) await ben.carriesOut({ do: 'text', to: 'a', text });
  };
  await Promise.all([sending(), saying()]);
  for (const text of texts) await anna.first((news) => news.text === text);
  for (const size of sizes) await ben.first((news) => news.is === 'file' && news.size === size);
  expect(anna.told.filter(({ text }) => text?.startsWith('words'))).toHaveLength(texts.length);
});
