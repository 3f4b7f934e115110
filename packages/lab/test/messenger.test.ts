import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeAuthority } from '@tern/lab';
import type { Settings as GateSettings } from '../src/programs/gate.ts';
import type { News } from '../src/programs/lines.ts';
import type { Settings as ClientSettings } from '../src/programs/messenger-client.ts';
import type { Settings as ServerSettings } from '../src/programs/messenger-server.ts';
import { Program } from '../src/subjects/program.ts';

/** The messenger of comparison without a lab, on this machine's loopback. */

const folder = mkdtempSync(join(tmpdir(), 'tern-lab-messenger-'));
const running = new AsyncDisposableStack();
afterAll(async () => {
  await running.disposeAsync();
  rmSync(folder, { recursive: true });
});

const authority = makeAuthority();
const { chain, key } = authority.issue({ names: ['front.example', 'hidden.example'] });
const files = { certificate: join(folder, 'chain.pem'), key: join(folder, 'key.pem') };
writeFileSync(join(folder, 'root.pem'), authority.root);
writeFileSync(files.certificate, chain);
writeFileSync(files.key, key);

function start(file: string, settings: ServerSettings | GateSettings | ClientSettings): Promise<Program> {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      resolve(import.meta.dirname, '../src/programs', file),
      JSON.stringify(settings),
    ],
    {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'root.pem') },
    },
  );
  return running.use(new Program(file, child)).ready();
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) server.close();
  return ports;
}

function got(program: Program, text: string): Promise<News> {
  return program.first(
    (news): news is Extract<News, { is: 'got' }> => news.is === 'got' && news.text === text,
    {
      what: text,
    },
  );
}

test('texts and files arrive through a proxy and through a front, also when the first places do not answer', async () => {
  const host = '127.0.0.1';
  const [port = 0, proxyPort = 0, frontPort = 0, deadPort = 0] = await freePorts(4);
  await start('messenger-server.ts', { host, ports: [port], ...files });
  const to = { host, port };
  await start('gate.ts', {
    doors: [
      { kind: 'proxy', listen: [{ host, port: proxyPort }], ...files, to: { 'hidden.example': to } },
      { kind: 'pass', listen: [{ host, port: frontPort }], to },
    ],
  });
  const place = (at: number): ClientSettings['places'][number] => ({ host, port: at, name: 'front.example' });
  const a = await start('messenger-client.ts', {
    name: 'a',
    places: [place(proxyPort)],
    way: { kind: 'proxy', server: 'hidden.example' },
  });
  const b = await start('messenger-client.ts', {
    name: 'b',
    places: [place(deadPort), place(frontPort)],
    way: { kind: 'straight' },
  });
  const stranger = await start('messenger-client.ts', {
    name: 'c',
    places: [place(proxyPort)],
    way: { kind: 'proxy', server: 'front.example' },
  });
  a.order({ do: 'text', to: 'b', text: 'there' });
  b.order({ do: 'text', to: 'a', text: 'and back' });
  a.order({ do: 'file', to: 'b', name: 'photo', size: 200_000 });
  await Promise.all([got(b, 'there'), got(a, 'and back')]);
  const file = await b.first((news): news is Extract<News, { is: 'file' }> => news.is === 'file', {
    what: 'file',
  });
  expect(file).toMatchObject({ from: 'a', name: 'photo', size: 200_000 });
  // a proxy leads to nobody but those on its list
  await stranger.first((news): news is Extract<News, { is: 'note' }> => news.is === 'note', {
    what: 'refusal',
  });
});
