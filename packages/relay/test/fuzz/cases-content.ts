import {
  base32,
  chunkIdOf,
  decode,
  encode,
  encodeEntry,
  equalBytes,
  joinFrames,
  openBody,
  openCard,
  relayLinkCodec,
  ResponseDecoder,
  responseHeaderCodec,
  sealBody,
  signedCodec,
  type BatchId,
  type Operation,
} from '@tern/protocol';
import { nextPolicy } from '../../src/testing/index.ts';
import { only, primitives } from '../setting.ts';
import { attempt } from './attempt.ts';
import { append, entriesOf, expectKind, withEntry, type Case } from './case.ts';
import { chanceOf } from './chance.ts';
import { mutateEncoding } from './loose-cbor.ts';

const erasing: Case = {
  name: 'rule 18: an erased entry takes its chunk along when it was the last to name it, and is not stored again',
  async run() {
    await using setting = await withEntry();
    const { client, made, world } = setting;
    const { log, seeds } = made;
    const content = world.randomBytes(3000);
    const chunk = chunkIdOf(primitives, content);
    const get = { kind: 'get', log, number: 0, chunk, fromLeaf: 0, leaves: 3 } as const;
    const put = { kind: 'put', log, number: 0, chunk, length: 3000, offset: 0, bytes: content } as const;
    expectKind(await client.one(put, seeds.append), 'put', 'a chunk');
    expectKind(
      await client.one({ ...put, length: 3001 }, seeds.append),
      'malformed',
      'a chunk of another length',
    );
    const entry = encodeEntry({ kind: 'chunk', chunk, length: 3000 });
    expectKind(await append(setting, { entry }), 'stored', 'an entry that names it');
    expectKind(
      await append(setting, { entry: encodeEntry({ kind: 'chunk', chunk, length: 2999 }) }),
      'missing-chunk',
      'one that names it wrongly',
    );
    expectKind(
      await client.one({ kind: 'erase', log, number: 0, seqs: [2, 2, 9] }, seeds.change),
      'done',
      'an erase',
    );
    expectKind(
      await client.one({ kind: 'erase', log, number: 0, seqs: [2] }, seeds.change),
      'done',
      'the same again',
    );
    expectKind(await client.one(get, seeds.read), 'missing-chunk', 'the chunk');
    expectKind(await append(setting, { entry }), 'duplicate', 'the erased entry');
    if ((await entriesOf(setting)).length !== 1) throw new Error('an erased entry is delivered');

    // put again after it went it is there again, but the entry stays erased
    const shared = world.randomBytes(1500);
    const other = chunkIdOf(primitives, shared);
    const again = { ...put, chunk: other, length: 1500, bytes: shared };
    expectKind(await client.one(again, seeds.append), 'put', 'another chunk');
    const naming = encodeEntry({ kind: 'chunk', chunk: other, length: 1500 });
    const next = nextPolicy({ primitives, world }, made, { keep: true });
    expectKind(await append(setting, { entry: naming }), 'stored', 'an entry that names it');
    expectKind(
      await client.one({ kind: 'erase', log, number: 0, seqs: [3] }, seeds.change),
      'done',
      'an erase of it',
    );
    expectKind(
      await client.one({ ...get, chunk: other, leaves: 2 }, seeds.read),
      'missing-chunk',
      'its chunk',
    );
    expectKind(await client.one(again, seeds.append), 'put', 'the chunk again');
    expectKind(await append(setting, { entry: naming }), 'duplicate', 'the erased entry again');
    expectKind(await append(setting, { next: next.signed }), 'stored', 'a commit');
    expectKind(
      await client.one({ kind: 'erase', log, number: 0, seqs: [1] }, seeds.change),
      'stale-epoch',
      'an erase under a policy that ended',
    );
  },
};

const reading: Case = {
  name: 'whoever reads a card, a body or a chunk that was changed reads nothing, or is told that it is malformed',
  async run() {
    await using setting = await withEntry();
    const { relay, world } = setting;
    const chance = chanceOf(1);
    const signed = decode(signedCodec, relay.card());
    for (let count = 0; count < 3000; count += 1) {
      const payload = mutateEncoding(signed.payload, chance);
      const changed = attempt(() => openCard(primitives, encode(signedCodec, { ...signed, payload })));
      if (changed !== undefined && !equalBytes(payload, signed.payload))
        throw new Error('a changed card opens');
    }
    const hint = { relay: relay.id, address: 'relay.example', port: 443, tls: true, path: 'a-secret-path' };
    const header = {
      batch: base32(world.randomBytes(16)) as BatchId,
      time: world.now(),
      card: 1,
      tickets: [],
    };
    const readers: readonly (readonly [Uint8Array, (changed: Uint8Array) => unknown])[] = [
      [encode(relayLinkCodec, { hint, right: setting.right }), (changed) => decode(relayLinkCodec, changed)],
      [
        encode(responseHeaderCodec, { ...header, problem: 'clock' }),
        (changed) => new ResponseDecoder().push(joinFrames([changed])),
      ],
    ];
    for (const [encoded, read] of readers)
      for (let count = 0; count < 2000; count += 1) attempt(() => read(mutateEncoding(encoded, chance)));
    const key = world.randomBytes(32);
    const context = world.randomBytes(8);
    for (const size of [0, 900, 2000, 5000, 100_000]) {
      const plaintext = world.randomBytes(size);
      const body = sealBody(primitives, key, { plaintext, salt: world.randomBytes(16), context });
      const opened = openBody(primitives, key, { body, context });
      if (opened === undefined || !equalBytes(opened, plaintext)) throw new Error('a body does not open');
      const changes = [body.subarray(1), body.subarray(0, 20), body.with(40, 1 + (body[40] ?? 0))];
      if (changes.some((one) => openBody(primitives, key, { body: one, context }) !== undefined))
        throw new Error('a changed body opens');
      if (openBody(primitives, world.randomBytes(32), { body, context }) !== undefined)
        throw new Error('a body opens under any key');
    }
    const tooLong = { plaintext: new Uint8Array(300_000), salt: world.randomBytes(16), context };
    if (attempt(() => sealBody(primitives, key, tooLong)) !== undefined)
      throw new Error('a body without end was sealed');
    for (const size of [0, 262_145])
      if (attempt(() => chunkIdOf(primitives, new Uint8Array(size))) !== undefined)
        throw new Error('a chunk of no allowed length has an id');
  },
};

const fragments: Case = {
  name: 'rule 16: a chunk in too many pieces is told quota, is whole once they meet, and one with a wrong root is dropped',
  async run() {
    await using setting = await withEntry();
    const { client, made, world } = setting;
    const { log, seeds } = made;
    const content = world.randomBytes(600);
    const put = { kind: 'put', log, number: 0, chunk: chunkIdOf(primitives, content), length: 600 } as const;
    const piece = (offset: number, length: number): { operation: Operation; seeds: Uint8Array[] } => ({
      operation: { ...put, offset, bytes: content.slice(offset, offset + length) },
      seeds: [seeds.append],
    });
    const answer = await client.ask(Array.from({ length: 129 }, (_, at) => piece(at * 2, 1)));
    expectKind(answer.of(127)[0], 'put', 'the last piece there is room for');
    expectKind(answer.of(128)[0], 'quota', 'one piece too many');
    const whole = await client.ask([piece(100, 500), piece(0, 300)]);
    if (only(whole.results, 'put').at(-1)?.complete !== true) throw new Error('a chunk is not whole');
    expectKind(
      await client.one({ ...put, length: 600, offset: 0, bytes: content }, seeds.append),
      'put',
      'the chunk again',
    );
    const wrong = { ...put, chunk: chunkIdOf(primitives, world.randomBytes(600)), offset: 0 };
    expectKind(
      await client.one({ ...wrong, bytes: content.subarray(0, 300) }, seeds.append),
      'put',
      'half of a wrong chunk',
    );
    expectKind(
      await client.one({ ...wrong, length: 601, bytes: content.subarray(0, 300) }, seeds.append),
      'malformed',
      'another length',
    );
    expectKind(
      await client.one({ ...wrong, bytes: content }, seeds.append),
      'malformed',
      'a chunk with a wrong root',
    );
    expectKind(
      await client.one({ ...wrong, bytes: content.subarray(0, 300) }, seeds.append),
      'put',
      'its beginning',
    );
    world.pass(2 * 86_400_000);
    expectKind(
      await client.one({ ...wrong, bytes: content.subarray(0, 10) }, seeds.append),
      'put',
      'a new beginning days later',
    );
  },
};

export const contentCases: readonly Case[] = [erasing, reading, fragments];
