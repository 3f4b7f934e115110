import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('a relay logs lines of JSON, with numbers and names of events only, and ends cleanly on SIGTERM', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tern-log-'));
  const main = join(import.meta.dirname, '../src/main.ts');
  const relay = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      main,
      'relay',
      'run',
      '--port',
      '0',
      '--data',
      join(folder.path, 'relay'),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let out = '';
  let log = '';
  relay.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  for await (const text of relay.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    out += text;
    if (out.includes('#r')) break;
  }
  relay.kill('SIGTERM');
  const [code] = (await once(relay, 'close')) as [number | null];
  expect(code).toBe(0);
  const events = log
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  for (const event of [
    { event: 'opened', durability: 'fsync' },
    { event: 'listening', tls: false },
    { event: 'closed' },
  ]) {
    expect(events).toContainEqual(expect.objectContaining(event));
  }
  expect(log.match(/"at":"\d{4}-\d\d-\d\dT[\d:.]+Z"/gu)?.length).toBe(events.length);
  const secret = /#r(\S+)/u.exec(out)?.[1] ?? '';
  expect(secret.length).toBeGreaterThan(50);
  expect(log).not.toMatch(/127\.0\.0\.1|#r/u);
});
