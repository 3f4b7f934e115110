import {
  base32,
  limits,
  MalformedError,
  UnreachableError,
  type BatchId,
  type Primitives,
  type ResponseItem,
  type Result,
} from '@tern/protocol';
import { describe, expect, test } from 'vitest';
import { nodePrimitives as primitives } from '../src/node/index.ts';
import { hello, pathScene } from './path-scene.ts';

const { signal } = new AbortController();
const id = base32(new Uint8Array(16).fill(3)) as BatchId;
const scene: typeof pathScene = (options) => pathScene({ primitives, ...options });

describe('answers that are cut, damaged or no answers at all', () => {
  const operations = [hello, hello, hello];
  const items = (): readonly ResponseItem[] => [
    { operation: 0, result: { kind: 'stored', seq: 1 } },
    { operation: 1, result: { kind: 'put', have: [[0, 9]], complete: false } },
    { operation: 1, result: { kind: 'done' } },
    { operation: 2, result: { kind: 'range', length: 1200, bytes: new Uint8Array(1200), proof: [] } },
  ];

  test('an answer cut at any byte leaves the results before the cut, or says that nothing came (rule 5)', async () => {
    let cutAfterBytes = 0;
    const { path } = scene({ items, faultOf: (request) => (request < 2 ? undefined : { cutAfterBytes }) });
    const whole = await path.exchange(operations, { signal });
    expect(whole.whole).toBe(true);
    const arrived = new Set<number>();
    for (let ended = false; !ended; cutAfterBytes += 1) {
      try {
        const cut = await path.exchange(operations, { signal });
        const results = cut.results.flat();
        expect(results).toEqual(whole.results.flat().slice(0, results.length));
        arrived.add(results.length);
        ended = cut.whole;
      } catch (error) {
        expect(error).toBeInstanceOf(UnreachableError);
        arrived.add(-1);
      }
    }
    expect([...arrived]).toEqual([-1, 3, 4]);
    expect(cutAfterBytes).toBeGreaterThan(1500);
  });

  test('an answer changed at any byte leaves the results before that place, or says that nothing came', async () => {
    let damagedAt = Infinity;
    const { path } = scene({
      items,
      async answer(relay, request) {
        const answer = await relay.answer(request);
        if (damagedAt < answer.length) answer[damagedAt] = (answer[damagedAt] ?? 0) ^ 0x40;
        return answer;
      },
    });
    const whole = await path.exchange(operations, { signal });
    for (damagedAt = 0; damagedAt < 1600; damagedAt += 7) {
      const outcome = await path.exchange(operations, { signal }).catch((error: unknown) => error);
      if (outcome instanceof UnreachableError) continue;
      const { results } = outcome as { readonly results: readonly (readonly Result[])[] };
      expect(results.flat()).toEqual(whole.results.flat().slice(0, results.flat().length));
    }
  });

  test('a page where a relay was expected is no relay', async () => {
    for (const page of ['<!doctype html>', '', '\u0001']) {
      const { path } = scene({ answer: async () => new TextEncoder().encode(page) });
      await expect(path.card({ signal })).rejects.toBeInstanceOf(UnreachableError);
    }
  });

  test('tickets of an answer that was cut after its header are good (rule 8)', async () => {
    const { relay, path } = scene({
      items,
      faultOf: (request) => (request === 1 ? { cutAfterBytes: 1200 } : undefined),
    });
    const cut = await path.exchange(operations, { signal });
    expect(cut).toMatchObject({ whole: false, results: [[{ kind: 'stored' }], [{}, { kind: 'done' }], []] });
    expect((await path.exchange(operations, { signal })).whole).toBe(true);
    expect(relay.counts).toMatchObject({ key: 1, ticket: 1 });
  });

  test('a result of an operation nobody sent is malformed', async () => {
    const beyond = scene({ items: () => [{ operation: 5, result: { kind: 'done' } }] });
    await expect(beyond.path.exchange([hello], { signal })).rejects.toBeInstanceOf(MalformedError);
  });

  test('bytes after the end of an answer change nothing', async () => {
    const { path } = scene({
      async *answer(relay, request) {
        yield await relay.answer(request);
        if (request.length > 0) yield new Uint8Array(2000);
      },
    });
    expect(await path.exchange([hello], { signal })).toMatchObject({ whole: true });
  });

  test('nonsense that a relay itself has sealed is its fault, not the network’s', async () => {
    const { path } = scene({
      items: () => [{ operation: 0, result: { kind: 'done' } }],
      rawPlaintext: new Uint8Array([0, 0, 1, 255]),
    });
    await expect(path.exchange([hello], { signal })).rejects.toBeInstanceOf(MalformedError);
  });
});

describe('the same batch again', () => {
  test('sent under the same id it has the same bytes, though time went on (rule 6)', async () => {
    const { relay, path, world } = scene();
    const append = { operation: { kind: 'hello' }, seeds: [new Uint8Array(32).fill(5)] } as const;
    await path.exchange([append], { signal, id });
    world.set(world.now() + 300_000);
    await path.exchange([append], { signal, id });
    expect(relay.seen.map(({ batch }) => batch.id)).toEqual([id, id]);
    expect(relay.seen[1]?.plaintext).toEqual(relay.seen[0]?.plaintext);
  });

  test('without a given id every batch has its own', async () => {
    const { relay, path } = scene();
    for (let times = 0; times < 10; times += 1) await path.exchange([hello], { signal });
    expect(new Set(relay.seen.map(({ batch }) => batch.id)).size).toBe(10);
  });

  test('a request that arrives twice is answered, and the second copy costs nothing here', async () => {
    const { relay, path } = scene({ faultOf: (request) => (request === 1 ? { twice: true } : undefined) });
    expect((await path.exchange([hello], { signal })).whole).toBe(true);
    expect(relay.seen.length).toBe(2);
    expect(relay.seen[1]?.plaintext).toEqual(relay.seen[0]?.plaintext);
  });

  test('over ten thousand requests and answers no key and nonce seal two things (rule 7)', async () => {
    const pairs = new Map<string, string>();
    let sealed = 0;
    const watching: Primitives = {
      ...primitives,
      seal(key, nonce, plaintext, associated) {
        const pair = Buffer.concat([key, nonce]).toString('latin1');
        expect(pairs.has(pair)).toBe(false);
        pairs.set(pair, '');
        sealed += 1;
        return primitives.seal(key, nonce, plaintext, associated);
      },
    };
    const { relay, path } = scene({
      primitives: watching,
      clientPrimitives: watching,
      // every seventh request arrives twice and is answered twice, every fifth answer is cut
      faultOf: (request) => ({ twice: request % 7 === 3, ...(request % 5 === 4 && { cutAfterBytes: 20 }) }),
    });
    for (let times = 0; times < 5000; times += 1) {
      if (times % 50 === 0) relay.forgetTickets();
      await path.exchange([hello], { signal, id }).catch((error: unknown) => {
        expect(error).toBeInstanceOf(UnreachableError);
      });
    }
    expect(sealed).toBeGreaterThan(10_000);
  });
});

describe('time and limits', () => {
  const early = (relayNow: () => number) => (seen: { readonly batch: { readonly notAfter: number } }) => {
    const now = relayNow() / 1000;
    return seen.batch.notAfter <= now || seen.batch.notAfter > now + limits.batchLifetimeSeconds
      ? ('clock' as const)
      : undefined;
  };

  test('a device whose clock is a year slow is corrected by the first answer and served (rule 32)', async () => {
    const relayNow = 1_825_000_000_000;
    const { relay, path, world } = scene({ now: () => relayNow, problem: early(() => relayNow) });
    expect(path.clockOffset).toBeUndefined();
    expect((await path.exchange([hello], { signal, id })).whole).toBe(true);
    expect(path.clockOffset).toBe(relayNow - world.now());
    expect(relay.seen.length).toBe(2);
    expect(relay.seen[1]?.batch.id).not.toBe(id);
    expect(relay.seen[1]?.batch.notAfter).toBe(relayNow / 1000 + 600);
    await path.exchange([hello], { signal });
    expect(relay.seen.length).toBe(3);
  });

  test('a relay that is content with no time is given up after one correction', async () => {
    const { relay, path } = scene({ problem: () => 'clock' });
    await expect(path.exchange([hello], { signal })).rejects.toMatchObject({ code: 'clock' });
    expect(relay.seen.length).toBe(2);
  });

  test('one answer with a strange time moves nothing (rule 32)', async () => {
    let strange = 0;
    const scenery = scene({ now: () => scenery.world.now() + 5000 + strange });
    for (let times = 0; times < 4; times += 1) await scenery.path.exchange([hello], { signal });
    strange = 3_600_000;
    await scenery.path.exchange([hello], { signal });
    expect(scenery.path.clockOffset).toBe(5000);
  });

  test('a relay that is busy, or has seen the id with other content, says so', async () => {
    for (const problem of ['busy', 'mismatch', 'malformed'] as const) {
      const { path } = scene({ problem: () => problem });
      await expect(path.exchange([hello], { signal })).rejects.toMatchObject({
        name: 'RefusedError',
        code: problem,
      });
    }
  });

  test('the room for the answer is what the caller says, otherwise what the path lets through', async () => {
    const { relay, path } = scene();
    await path.exchange([hello], { signal, room: 8192 });
    await path.exchange([hello], { signal });
    expect(relay.seen.map(({ batch }) => batch.room)).toEqual([8192, 7296]);
  });
});

describe('giving up', () => {
  test('an exchange that is aborted ends with the reason, before and while it runs', async () => {
    const { path } = scene({ answer: () => new Promise(() => undefined) });
    const reason = new Error('enough');
    await expect(path.exchange([hello], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const running = path.exchange([hello], { signal: controller.signal });
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
  });

  test('closing a path ends what runs on it, and nothing runs on it afterwards', async () => {
    const { path } = scene({ answer: () => new Promise(() => undefined) });
    const running = path.exchange([hello], { signal });
    const ended = expect(running).rejects.toMatchObject({ code: 'closed' });
    await path[Symbol.asyncDispose]();
    await ended;
    await expect(path.exchange([hello], { signal })).rejects.toMatchObject({ code: 'closed' });
  });

  test('a request that never arrives is the network’s fault', async () => {
    const { path } = scene({ faultOf: () => ({ lost: true }) });
    await expect(path.exchange([hello], { signal })).rejects.toBeInstanceOf(UnreachableError);
  });
});
