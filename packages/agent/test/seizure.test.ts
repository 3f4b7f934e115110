import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { mlsIn } from '@tern/core/testing';
import { base32, base32Bytes, concat, openBody, parseInvitationLink, utf8 } from '@tern/protocol';
import { nodePrimitives } from '@tern/reach/node';
import { expect, test } from 'vitest';
import { pieces, plantedText, searchFor, type Planted } from './support/planted.ts';
import {
  readWitness,
  searchFolder,
  searchMemory,
  startRelay,
  storedValues,
  type Searched,
} from './support/seizure.ts';
import {
  logsOf,
  secretsOf,
  secretsOfInvitation,
  watchedHome,
  wrapKeysOf,
  type WatchedHome,
} from './support/watched-home.ts';

const soon: AbortSignal = new AbortController().signal;
const anna = 'Zephyrine Quillfeather';
const boris = 'Balthasar Öxenstierna';
const shortText = 'meet me under the copper weathercock at nine';
const longText = Array.from({ length: 160 }, (_, at) => `paragraph ${at} of a marmalade manifesto`).join(
  ', ',
);
const fileName = 'blueprint-of-the-velvet-lighthouse.pdf';

/** Two people have talked over a relay; this is what is known of them, and what of it the relay may know. */
interface Talked {
  readonly secrets: readonly Planted[];
  readonly logs: readonly Planted[];
}

test('whoever seizes a relay finds nothing of what was said, nor by whom, on its disk or in its memory', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'tern-seized-'));
  const data = join(folder.path, 'data');
  await using relay = await startRelay(data);
  await using one = await watchedHome(anna, relay.link);
  await using other = await watchedHome(boris);
  const { secrets, logs } = await talk(one, other);
  expect(secrets.length).toBeGreaterThan(200);
  expect(logs.length).toBe(3);
  const search = searchFor([...secrets, ...logs]);

  const memory = searchMemory(relay.pid, search);
  expect(memory.bytes).toBeGreaterThan(20_000_000);
  expectLogsOnly(memory, logs);
  expectLogsOnly(searchFolder(data, search), logs);
  await relay.kill();
  const left = searchFolder(data, search);
  expect(left.bytes).toBeGreaterThan(300_000);
  expectLogsOnly(left, logs);

  const values = await storedValues(data);
  expect(values.length).toBeGreaterThan(60);
  expectLogsOnly({ bytes: 0, found: values.flatMap((value) => search.deeply(value, 'a value')) }, logs);
  expect(values.flatMap(mlsIn)).toEqual([]);
});

test('rule 19: nothing a relay ever opens is MLS, nor any secret, though it is once a member opens it', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'tern-seized-'));
  const witness = join(folder.path, 'witness');
  await using relay = await startRelay(join(folder.path, 'data'), witness);
  await using one = await watchedHome(anna, relay.link);
  await using other = await watchedHome(boris);
  const { secrets, logs } = await talk(one, other);
  await relay.kill();
  const { requests, bodies } = readWitness(witness);
  expect(requests.length).toBeGreaterThan(20);
  const search = searchFor([...secrets, ...logs]);
  const opened = [...requests, ...bodies];
  expectLogsOnly({ bytes: 0, found: opened.flatMap((each) => search.deeply(each, 'opened')) }, logs);
  expect(opened.flatMap(mlsIn)).toEqual([]);

  const keys = [...wrapKeysOf(one), ...wrapKeysOf(other)];
  const unwrapped = bodies.flatMap((body) => membersOpen(keys, body));
  const kinds = new Set(unwrapped.flatMap(mlsIn).map(({ what }) => what));
  expect([...kinds].toSorted()).toEqual(['message', 'private', 'welcome']);
  expect(unwrapped.some((each) => search.in(each, 'unwrapped').some(({ what }) => what === 'a name'))).toBe(
    true,
  );
});

test('a search finds what is planted in each of the ways a machine writes it', () => {
  const key = { what: 'a key', bytes: new Uint8Array(randomBytes(32)) };
  const name = plantedText('a name', 'Øyvind Zephyr-Quill');
  const raw = Buffer.from(key.bytes);
  const text = Buffer.from('Øyvind Zephyr-Quill', 'utf8');
  const written: Readonly<Record<string, Uint8Array>> = {
    raw,
    hex: Buffer.from(raw.toString('hex')),
    'upper-case hex': Buffer.from(raw.toString('hex').toUpperCase()),
    'base64 between others': Buffer.from(
      Buffer.concat([randomBytes(4), raw, randomBytes(3)]).toString('base64'),
    ),
    'base64url between others': Buffer.from(Buffer.concat([randomBytes(5), raw]).toString('base64url')),
    'base32, as ids are': Buffer.from(base32(raw)),
    'a wide string of hex': Buffer.from(raw.toString('hex'), 'utf16le'),
    'UTF-8': text,
    'UTF-16': Buffer.from('Øyvind Zephyr-Quill', 'utf16le'),
    'Latin-1': Buffer.from('Øyvind Zephyr-Quill', 'latin1'),
    JSON: Buffer.from('{"name":"\\u00d8yvind Zephyr-Quill"}'),
    'a URL': Buffer.from(encodeURIComponent('Øyvind Zephyr-Quill')),
    gzip: gzipSync(text),
    zlib: deflateSync(raw),
    zstd: zstdCompressSync(Buffer.from(raw.toString('hex'))),
  };
  const search = searchFor([key, name]);
  for (const [way, bytes] of Object.entries(written)) {
    const around = Buffer.concat([randomBytes(1001), bytes, randomBytes(503)]);
    expect(search.deeply(around, 'there').length, way).toBeGreaterThan(0);
  }
  for (const packed of [deflateRawSync(text), brotliCompressSync(raw)])
    expect(search.deeply(packed, 'there').length).toBeGreaterThan(0);
  expect(search.deeply(randomBytes(1_000_000), 'nowhere')).toEqual([]);
});

/** Logs are known to whoever keeps them: that they are found proves that what is not found is not there. */
function expectLogsOnly(searched: Searched, logs: readonly Planted[]): void {
  const allowed = new Set(logs.map(({ what }) => what));
  expect(searched.found.filter(({ what }) => !allowed.has(what))).toEqual([]);
  const raw = new Set(searched.found.filter(({ writing }) => writing === 'raw').map(({ what }) => what));
  expect([...raw].toSorted()).toEqual([...allowed].toSorted());
}

/** What the members of a conversation read where a relay sees a body. */
function membersOpen(keys: ReturnType<typeof wrapKeysOf>, body: Uint8Array): readonly Uint8Array[] {
  // an entry is its kind and a body; a chunk is all body
  for (const candidate of [body.subarray(1), body]) {
    for (const { log, wrap } of keys) {
      const context = concat(utf8('tern/1 entry\0'), base32Bytes(log));
      const opened = openBody(nodePrimitives, wrap, { body: candidate, context });
      if (opened !== undefined) return [opened];
    }
  }
  return [];
}

async function sync(...homes: readonly WatchedHome[]): Promise<void> {
  for (let round = 0; round < 5; round += 1)
    for (const { client } of homes) await client.sync({ signal: soon });
}

/** Two people meet, talk, and send a file. */
async function talk(one: WatchedHome, other: WatchedHome): Promise<Talked> {
  const { link } = await one.client.invite();
  const relay = parseInvitationLink(link).hosts[0]?.relay;
  if (relay === undefined) throw new Error('the invitation names no relay');
  expect(await other.client.accept(link)).toMatchObject({ kind: 'accepted' });
  await sync(one, other);
  const [contact] = await one.client.contacts();
  const [back] = await other.client.contacts();
  if (contact?.state !== 'connected' || back === undefined) throw new Error('they did not meet');
  await one.client.sendText(contact.conversation, shortText);
  await other.client.sendText(back.conversation, longText);
  const content = new Uint8Array(randomBytes(300_000));
  const file = { name: fileName, type: 'application/x-velvet', size: content.length, content: once(content) };
  const message = await one.client.sendFile(contact.conversation, file);
  await sync(one, other);
  const seen = await other.client.messages(back.conversation);
  const lines = seen.map((line) => (line.kind === 'gap' ? 'gap' : (line.text ?? line.file?.name)));
  expect(new Set(lines)).toEqual(new Set([shortText, longText, fileName]));
  const got = await Array.fromAsync(other.client.fileContent(message, { signal: soon }));
  expect(Buffer.concat(got).equals(content)).toBe(true);
  await other.client.markRead(back.conversation, [message]);
  await sync(other, one);
  const secrets = [
    ...secretsOfInvitation(link),
    plantedText('a short text', shortText),
    ...[0, 1000, 3100, 5000].map((at) => plantedText(`a long text at ${at}`, longText.slice(at, at + 40))),
    plantedText('the name of a file', fileName),
    plantedText('the kind of a file', file.type),
    ...pieces('the content of a file', content, 5000),
    ...secretsOf(one, relay),
    ...secretsOf(other, relay),
  ];
  const logs = new Set([...logsOf(one), ...logsOf(other)]);
  return { secrets, logs: [...logs].map((log) => ({ what: `log ${log}`, bytes: base32Bytes(log) })) };
}

async function* once(content: Uint8Array): AsyncIterable<Uint8Array> {
  yield content;
}
