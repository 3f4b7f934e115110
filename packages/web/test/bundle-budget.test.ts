import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { builtWeb, readWebBuild } from '../bundle/built-web.ts';
import type { WebBuild } from '../bundle/web-build.ts';
import { startRelay, type RelayProcess } from './support/relay-process.ts';
import { measureApp, sentFor, type AppBytes } from './support/sent-bytes.ts';

let relay: RelayProcess | undefined;
let build: WebBuild;

beforeAll(async () => {
  build = await readWebBuild(await builtWeb());
  relay = await startRelay();
});

afterAll(async () => {
  await relay?.[Symbol.asyncDispose]();
});

const link = (): string => relay?.link ?? '';

test.for(['en', 'ru'])('the app comes in as few bytes as was promised (%s)', async (language) => {
  const bytes: AppBytes = await measureApp(link(), build, language);
  console.log(`${language}: ${JSON.stringify(bytes)}`);
  expect(bytes.firstPage).toBeLessThanOrEqual(6000);
  expect(bytes.serviceWorker).toBeLessThanOrEqual(3000);
  expect(bytes.largestPiece).toBeLessThanOrEqual(8192);
  expect(bytes.engine).toBeLessThanOrEqual(120_000);
  expect(bytes.firstScreen).toBeLessThanOrEqual(50_000);
});

test('every response of the app ends its connection and says what it may do', async () => {
  const page = link().replace(/#.*$/u, '');
  const names = [
    '',
    build.front.worker,
    `p/${build.front.set}`,
    ...build.set.shell.map(([name]) => name),
    ...Object.values(build.set.loads).flatMap(({ files, pieces }) => [
      ...files.map(([name]) => name),
      ...pieces.slice(0, 1).map((piece) => join('p', piece)),
    ]),
  ];
  for (const name of names) {
    const { status, headers } = await sentFor(page + name);
    expect([name, status, headers.get('Connection')]).toEqual([name, 200, 'close']);
    expect(headers.get('Content-Security-Policy')).toMatch(/^default-src 'none'; script-src 'self'; /u);
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
  }
});

test('nothing on the way to the app is WebAssembly', async () => {
  const page = link().replace(/#.*$/u, '');
  for (const load of Object.values(build.set.loads))
    for (const [name] of load.files) {
      const { body } = await sentFor(page + name, { accept: '' });
      expect([name, body.includes('WebAssembly')]).toEqual([name, false]);
    }
});
