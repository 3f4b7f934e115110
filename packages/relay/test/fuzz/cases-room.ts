import { chunkIdOf, MalformedError, RefusedError, type Result } from '@tern/protocol';
import { openMemoryStore, StoreFullError, type RelayStore } from '../../src/index.ts';
import { nextPolicy, smallEntry } from '../../src/testing/index.ts';
import { primitives } from '../setting.ts';
import { append, entriesOf, expectKind, unchanged, withEntry, type Case } from './case.ts';
import { Session } from './sealing.ts';

const fullDisk: Case = {
  name: 'a full disk is answered with full, loses nothing, and takes entries again when room returns',
  async run() {
    await using setting = await withEntry({ store: openMemoryStore({ roomBytes: 5000 }) });
    const { client, made, right, world } = setting;
    let stored = 1;
    while ((await append(setting)).kind === 'stored') stored += 1;
    await unchanged(setting, async () => {
      expectKind(await append(setting), 'full', 'an entry');
      const bytes = world.randomBytes(2000);
      const put = {
        kind: 'put',
        log: made.log,
        number: 0,
        chunk: chunkIdOf(primitives, bytes),
        length: 2000,
        offset: 0,
        bytes,
      } as const;
      expectKind(await client.one(put, made.seeds.append), 'full', 'a chunk');
      const policies = Array.from({ length: 6 }, () => setting.anotherPolicy().signed);
      const created = await client.ask(
        policies.map((policy) => ({ operation: { kind: 'create', policy, right } })),
      );
      expectKind(created.results.at(-1), 'full', 'a log');
      let next = nextPolicy({ primitives, world }, made);
      expectKind(await client.one({ kind: 'amend', log: made.log, policy: next.signed }), 'full', 'a policy');
      next = nextPolicy({ primitives, world }, made);
      expectKind(await append(setting, { next: next.signed }), 'full', 'a commit');
    });
    if ((await entriesOf(setting)).length !== stored) throw new Error('an entry is lost');
    expectKind(
      await client.one({ kind: 'erase', log: made.log, number: 0, seqs: [1, 2] }, made.seeds.change),
      'done',
      'an erase',
    );
    expectKind(await append(setting), 'stored', 'an entry when there is room again');
  },
};

const fullBehind: Case = {
  name: 'a disk that is full behind the store is answered with full, and the next batch is judged again',
  async run() {
    const store = openMemoryStore();
    let isFull = false;
    const failing: RelayStore = {
      ...store,
      write: async (judge) => {
        if (isFull) throw new StoreFullError('the disk is full');
        return store.write(judge);
      },
    };
    await using setting = await withEntry({ store: failing });
    await unchanged(setting, async () => {
      isFull = true;
      expectKind(await append(setting), 'full', 'an entry');
      isFull = false;
    });
    expectKind(await append(setting), 'stored', 'an entry when there is room again');
  },
};

const tooMuch: Case = {
  name: 'rule 33: who asks for more than there is room for is told quota or busy, or not answered, and nothing is lost',
  async run() {
    const limits = { opensPerSecondOfOne: 1, partialChunks: 1, logsOfRight: 1 };
    await using setting = await withEntry({ limits });
    const { client, made, relay, right, world } = setting;
    const signal = new AbortController().signal;
    expectKind(
      await client.one({ kind: 'create', policy: setting.anotherPolicy().signed, right }),
      'quota',
      'one log too many',
    );
    const begin = async (size: number): Promise<Result> => {
      const content = world.randomBytes(size);
      const chunk = chunkIdOf(primitives, content);
      return client.one(
        {
          kind: 'put',
          log: made.log,
          number: 0,
          chunk,
          length: size,
          offset: 0,
          bytes: content.subarray(0, 10),
        },
        made.seeds.append,
      );
    };
    expectKind(await begin(5000), 'put', 'the beginning of a chunk');
    expectKind(await begin(6000), 'quota', 'one upload too many');
    let rationed = 0;
    for (let count = 0; count < 3; count += 1) {
      const session = new Session(relay, world);
      const { bytes } = session.seal(client.batch([{ operation: { kind: 'hello' } }]));
      try {
        await relay.answer(bytes, { signal, source: 'one' });
      } catch (cause) {
        if (!(cause instanceof RefusedError)) throw cause;
        rationed += 1;
      }
    }
    if (rationed !== 2) throw new Error('first batches are not rationed');
    try {
      await relay.answer(new Uint8Array(100_000), { signal });
      throw new Error('a request without end was answered');
    } catch (cause) {
      if (!(cause instanceof MalformedError)) throw cause;
    }
  },
};

const busy: Case = {
  name: 'a batch for which there is no turn is told busy, and the one before it is judged all the same',
  async run() {
    const store = openMemoryStore();
    let gate = Promise.resolve();
    const slow: RelayStore = {
      ...store,
      async write(judge) {
        await gate;
        return store.write(judge);
      },
    };
    await using setting = await withEntry({ store: slow, limits: { batches: 1 } });
    const { made, world } = setting;
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    const first = append(setting);
    const operation = { kind: 'append', log: made.log, number: 0, entry: smallEntry(world) } as const;
    const second = await setting.another().ask([{ operation, seeds: [made.seeds.append] }]);
    resolve();
    if (second.problem !== 'busy' || second.results.length > 0)
      throw new Error('two batches had the one turn');
    expectKind(await first, 'stored', 'the entry before it');
  },
};

const wrongClock: Case = {
  name: 'a client whose clock is a day off is told so and the time, and is served once it has corrected it',
  async run() {
    await using setting = await withEntry();
    const { client, made, world } = setting;
    const operation = { kind: 'append', log: made.log, number: 0, entry: smallEntry(world) } as const;
    const ask = [{ operation, seeds: [made.seeds.append] }];
    for (const off of [-86_400, 86_400]) {
      await unchanged(setting, async () => {
        const theirs = Math.floor(world.now() / 1000) + off;
        const answer = await client.ask(ask, { notAfter: theirs + 600 });
        if (answer.problem !== 'clock' || answer.results.length > 0)
          throw new Error('a wrong clock was not noticed');
        if (Math.abs(answer.time - world.now()) > 1000) throw new Error('the time was not told');
      });
    }
    const { time } = await client.ask([{ operation: { kind: 'hello' } }]);
    const corrected = await client.ask(ask, { notAfter: Math.floor(time / 1000) + 600 });
    expectKind(corrected.results[0], 'stored', 'an entry by the corrected clock');
  },
};

export const roomCases: readonly Case[] = [fullDisk, fullBehind, tooMuch, busy, wrongClock];
