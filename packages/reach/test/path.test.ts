import {
  base32,
  encodeCard,
  cardResponse,
  RefusedError,
  unknownTicketResponse,
  UsageError,
  utf8,
  type Hint,
} from '@tern/protocol';
import { describe, expect, test } from 'vitest';
import { memoryTransport, openPath, type Outgoing } from '../src/index.ts';
import { nodePrimitives as primitives } from '../src/node/index.ts';
import { handWorld } from '@tern/relay/testing';
import { hello, pathScene } from './path-scene.ts';
import { tinyRelay, type TinyRelay } from './tiny-relay.ts';

const { signal } = new AbortController();
const scene: typeof pathScene = (options) => pathScene({ primitives, ...options });

function withoutRelay(hint: Hint): Hint {
  const { relay: _relay, ...rest } = hint;
  return rest;
}

describe('the card', () => {
  test('the first exchange fetches the card, seals under its key, and the next ones under tickets (rules 1 and 8)', async () => {
    const { relay, path } = scene();
    for (let times = 0; times < 5; times += 1) {
      const { results, whole } = await path.exchange([hello], { signal });
      expect({ results, whole }).toEqual({ results: [[{ kind: 'done' }]], whole: true });
    }
    expect(relay.counts).toEqual({ card: 1, unknownTicket: 0, key: 1, ticket: 4 });
    expect(path.relay).toBe(relay.relay);
  });

  test('an answer that was fetched before the path was there saves an exchange', async () => {
    const { relay, path } = scene();
    await path.introduce(await relay.answer(new Uint8Array()));
    await path.exchange([hello], { signal });
    expect(relay.counts).toEqual({ card: 1, unknownTicket: 0, key: 1, ticket: 0 });
    expect(path.lastExchange).toBeDefined();
  });

  test('an introduction that is no card of this relay is left aside, and the card is asked for (rule 1)', async () => {
    const { relay, path } = scene();
    const whole = await relay.answer(new Uint8Array());
    const other = tinyRelay({ primitives, randomBytes: handWorld(3).randomBytes, now: () => 1, seed: 9 });
    const forged = cardResponse(encodeCard(primitives, relay.card(), new Uint8Array(32).fill(77)));
    const wrong = [await other.answer(new Uint8Array()), forged, new Uint8Array(), utf8('<html>')];
    const cut = Array.from({ length: whole.length }, (_, at) => whole.slice(0, at));
    for (const answer of [...wrong, ...cut]) await path.introduce(answer);
    expect(relay.counts).toEqual({ card: 1, unknownTicket: 0, key: 0, ticket: 0 });
    await path.exchange([hello], { signal });
    expect(relay.counts).toEqual({ card: 2, unknownTicket: 0, key: 1, ticket: 0 });
  });

  test('nobody is trusted by an introduction', async () => {
    const { relay, world } = scene();
    const transport = memoryTransport({ answer: (_to, request) => relay.answer(request) });
    await using path = openPath({
      hint: withoutRelay(relay.hint),
      transport,
      primitives,
      world,
      trustOnFirstUse: true,
    });
    await path.introduce(await relay.answer(new Uint8Array()));
    expect(path.relay).toBeUndefined();
  });

  test('a relay other than the one in the hint is refused before anything is sealed to it (rule 1)', async () => {
    const other = tinyRelay({ primitives, randomBytes: handWorld(3).randomBytes, now: () => 1, seed: 9 });
    const { relay, path } = scene({ hint: { relay: other.relay } });
    await expect(path.exchange([hello], { signal })).rejects.toMatchObject({ code: 'wrong-relay' });
    await expect(path.exchange([hello], { signal })).rejects.toBeInstanceOf(RefusedError);
    expect(relay.seen).toEqual([]);
  });

  test('a card signed by nobody is refused', async () => {
    const { path } = scene({
      answer: async (relay) =>
        cardResponse(encodeCard(primitives, relay.card(), new Uint8Array(32).fill(77))),
    });
    await expect(path.card({ signal })).rejects.toMatchObject({ code: 'wrong-relay' });
  });

  test('a hint without a relay is used only where trust on first use was asked for (rule 3)', async () => {
    const { relay, world } = scene();
    const transport = memoryTransport({ answer: (_to, request) => relay.answer(request) });
    const parts = { hint: withoutRelay(relay.hint), transport, primitives, world };
    expect(() => openPath(parts)).toThrow(UsageError);
    await using trusting = openPath({ ...parts, trustOnFirstUse: true });
    expect(trusting.relay).toBeUndefined();
    await trusting.exchange([hello], { signal });
    expect(trusting.relay).toBe(relay.relay);
  });

  test('who was trusted on first use stays the only one trusted', async () => {
    const world = handWorld();
    const make = (seed: number): TinyRelay =>
      tinyRelay({ primitives, randomBytes: handWorld(seed).randomBytes, now: () => world.now(), seed });
    const [first, second] = [make(5), make(6)];
    let now = first;
    await using path = openPath({
      hint: withoutRelay(first.hint),
      transport: memoryTransport({ answer: (_to, request) => now.answer(request) }),
      primitives,
      world,
      trustOnFirstUse: true,
    });
    await path.exchange([hello], { signal });
    second.turnKey();
    now = second;
    await expect(path.exchange([hello], { signal })).rejects.toMatchObject({ code: 'wrong-relay' });
    expect(second.seen).toEqual([]);
  });

  test('a device whose card is a month old gets the new one and is served in the same exchange (rule 1)', async () => {
    const { relay, path } = scene();
    await path.exchange([hello], { signal });
    relay.turnKey();
    relay.forgetTickets();
    const { whole } = await path.exchange([hello], { signal });
    expect(whole).toBe(true);
    expect(relay.counts).toEqual({ card: 2, unknownTicket: 1, key: 2, ticket: 0 });
    expect((await path.card({ signal })).number).toBe(1);
    expect(relay.counts.card).toBe(2);
  });

  test('an answer that names a newer card makes the next look at the card fetch it', async () => {
    const { relay, path } = scene();
    await path.exchange([hello], { signal });
    expect((await path.card({ signal })).number).toBe(0);
    relay.turnKey();
    await path.exchange([hello], { signal }); // under a ticket, which does not care
    expect((await path.card({ signal })).number).toBe(1);
  });

  test('exchanges that begin together fetch one card', async () => {
    const { relay, path } = scene();
    await Promise.all(Array.from({ length: 10 }, () => path.exchange([hello], { signal })));
    expect(relay.counts).toMatchObject({ card: 1, key: 10 });
  });

  test('one exchange that is given up does not take the card from the others', async () => {
    const { path } = scene();
    const leaving = new AbortController();
    const first = path.exchange([hello], { signal: leaving.signal });
    const second = path.exchange([hello], { signal });
    leaving.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    expect((await second).whole).toBe(true);
  });

  test('an old card played back by somebody on the way ends in an error, not in a loop', async () => {
    let old: Uint8Array | undefined;
    let asked = 0;
    const { path } = scene({
      async answer(relay, request) {
        asked += 1;
        old ??= await relay.answer(request);
        return old;
      },
    });
    await expect(path.exchange([hello], { signal })).rejects.toMatchObject({ code: 'not-a-relay' });
    expect(asked).toBe(2);
  });
});

describe('tickets', () => {
  test('an unknown ticket costs one HPKE seal and sends the same batch again, byte for byte (rules 6 and 8)', async () => {
    const asked: Uint8Array[] = [];
    const { relay, path } = scene({
      async answer(relay, request) {
        asked.push(request);
        return relay.answer(request);
      },
    });
    await path.exchange([hello], { signal });
    relay.forgetTickets();
    await path.exchange([hello], { signal });
    // the card, the first batch, a ticket nobody knows, the same batch under the key
    expect(asked.length).toBe(4);
    expect(relay.counts).toEqual({ card: 1, unknownTicket: 1, key: 2, ticket: 0 });
    await path.exchange([hello], { signal });
    expect(relay.counts).toEqual({ card: 1, unknownTicket: 1, key: 2, ticket: 1 });
  });

  test('a relay that refuses even what shows no ticket is given up', async () => {
    let asked = 0;
    const { path } = scene({
      async answer(relay, request) {
        asked += 1;
        return request.length === 0 ? relay.answer(request) : unknownTicketResponse();
      },
    });
    await expect(path.exchange([hello], { signal })).rejects.toMatchObject({ code: 'not-a-relay' });
    expect(asked).toBe(2);
  });

  test('no ticket is shown twice, however many exchanges run at once (rule 8)', async () => {
    const shown: string[] = [];
    const { relay, path } = scene({
      async answer(relay, request) {
        if (request[1] === 2) shown.push(base32(request.subarray(2, 18)));
        return relay.answer(request);
      },
    });
    for (let round = 0; round < 20; round += 1)
      await Promise.all(Array.from({ length: 5 }, () => path.exchange([hello], { signal })));
    expect(new Set(shown).size).toBe(shown.length);
    expect(relay.counts.unknownTicket).toBe(0);
    expect(relay.counts.key).toBe(5);
  });

  test('tickets never cross paths: a second path to the same relay begins with the key (rule 8)', async () => {
    const { relay, path, world } = scene();
    await path.exchange([hello], { signal });
    await path.exchange([hello], { signal });
    await using other = openPath({
      hint: { ...relay.hint, path: 'another' },
      transport: memoryTransport({ answer: (_to, request) => relay.answer(request) }),
      primitives,
      world,
    });
    await other.exchange([hello], { signal });
    expect(relay.seen.map(({ under }) => under)).toEqual(['key', 'ticket', 'key']);
  });

  test('a watch goes on in the session that began it while other batches run beside it (rules 8 and 17)', async () => {
    const watchedIn: number[] = [];
    const token = new Uint8Array(16).fill(7);
    const held = Promise.withResolvers<void>();
    const { relay, path } = scene({
      async items({ batch, session }) {
        if (batch.operations[0]?.type !== 6) return [{ operation: 0, result: { kind: 'done' } }];
        watchedIn.push(session);
        if (watchedIn.length === 1) await held.promise;
        return [{ operation: 0, result: { kind: 'watched', token, more: false } }];
      },
    });
    const watch = (known?: Uint8Array): Outgoing => ({
      operation: { kind: 'watch', add: [], drop: [], waitSeconds: 40, ...(known && { token: known }) },
    });
    const first = path.exchange([watch()], { signal });
    await path.exchange([hello], { signal });
    held.resolve();
    await first;
    for (let times = 0; times < 20; times += 1) await path.exchange([hello], { signal });
    for (let times = 0; times < 5; times += 1) await path.exchange([watch(token)], { signal });
    expect(watchedIn).toEqual([1, 1, 1, 1, 1, 1]);
    expect(relay.counts.key).toBe(2);
  });
});
