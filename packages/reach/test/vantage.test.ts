import { noblePrimitives, type Hint, type RelayId } from '@tern/protocol';
import { describe, expect, test } from 'vitest';
import { openPath, preferringTransport, type Path, type Transport } from '../src/index.ts';
import type { Vantage } from '../src/transport.ts';
import { browserDialer } from '../src/browser/index.ts';
import { dialerScene, hint } from './dialer-scene.ts';
import { handWorld } from '@tern/relay/testing';
import { hello } from './path-scene.ts';
import { requestFor } from '../src/testing/simulated-network.ts';
import { tinyRelay, type TinyRelay } from './tiny-relay.ts';

const { signal } = new AbortController();

interface Scene {
  readonly relay: TinyRelay;
  readonly path: Path;
  /** where the transport would send from, and where it then does */
  readonly now: { vantage: Vantage; goes?: Vantage };
  readonly sent: { readonly from: Vantage; readonly bytes: Uint8Array }[];
}

/** A path over a transport that says whence it sends, and may think otherwise on the way. */
function scene(): Scene {
  const world = handWorld();
  const parts = { primitives: noblePrimitives, randomBytes: handWorld(2).randomBytes };
  const relay = tinyRelay({ ...parts, now: () => world.now() });
  const now: Scene['now'] = { vantage: { network: 'home', through: '' } };
  const sent: Scene['sent'] = [];
  const transport: Transport = {
    name: 'told',
    vantage: () => now.vantage,
    async *carry(_to, request, { sealedFor, carriedBy }) {
      const first = now.vantage;
      sent.push({ from: first, bytes: request });
      carriedBy?.('told', first);
      if (now.goes === undefined) yield await relay.answer(request);
      else {
        const bytes = sealedFor?.(now.goes) ?? request;
        carriedBy?.('told', now.goes);
        sent.push({ from: now.goes, bytes });
        yield await relay.answer(bytes);
      }
    },
  };
  const path = openPath({ hint: relay.hint, transport, primitives: noblePrimitives, world });
  return { relay, path, now, sent };
}

describe('tickets', () => {
  test('are not taken from one network to another, which costs one first batch', async () => {
    const { relay, path, now } = scene();
    const ask = async (times: number): Promise<void> => {
      for (let at = 0; at < times; at += 1) await path.exchange([hello], { signal });
    };
    await ask(4);
    expect(relay.seen.map(({ under }) => under)).toEqual(['key', 'ticket', 'ticket', 'ticket']);
    now.vantage = { network: 'work', through: '' };
    await ask(3);
    expect(relay.seen.slice(4).map(({ under }) => under)).toEqual(['key', 'ticket', 'ticket']);
    now.vantage = { network: 'home', through: '' };
    await ask(3);
    expect(relay.seen.slice(7).map(({ under }) => under)).toEqual(['key', 'ticket', 'ticket']);
    expect(relay.counts.unknownTicket).toBe(0);
  });

  test('earned straight from a relay are not shown through another, and are there when it goes straight again', async () => {
    const { relay, path, now } = scene();
    await path.exchange([hello], { signal });
    now.vantage = { network: 'home', through: 'near' };
    await path.exchange([hello], { signal });
    await path.exchange([hello], { signal });
    now.vantage = { network: 'home', through: '' };
    await path.exchange([hello], { signal });
    expect(relay.seen.map(({ under }) => under)).toEqual(['key', 'key', 'ticket', 'ticket']);
    const sessions = relay.seen.map(({ session }) => session);
    expect(sessions).toEqual([sessions[0], sessions[1], sessions[1], sessions[0]]);
    expect(sessions[0]).not.toBe(sessions[1]);
  });

  test('of a request that turns to another way while it is under way stay with the way', async () => {
    const { relay, path, now, sent } = scene();
    await path.exchange([hello], { signal });
    now.goes = { network: 'home', through: 'near' };
    await path.exchange([hello], { signal });
    await path.exchange([hello], { signal });
    expect(relay.seen.map(({ under }) => under)).toEqual(['key', 'key', 'ticket']);
    const starts = sent.slice(2).map(({ from, bytes }) => [from.through, Buffer.from(bytes).toString('hex')]);
    const heads = new Map<string, string>();
    for (const [through = '', text = ''] of starts) {
      const head = text.slice(0, 40);
      expect(heads.get(head) ?? through).toBe(through);
      heads.set(head, through);
    }
  });

  test('earned before anybody knew the network’s name are good in the first that has one', async () => {
    const { relay, path, now } = scene();
    now.vantage = { network: undefined, through: '' };
    await path.exchange([hello], { signal });
    now.vantage = { network: 'home', through: '' };
    await path.exchange([hello], { signal });
    expect(relay.seen.map(({ under }) => under)).toEqual(['key', 'ticket']);
  });
});

describe('a dialer', () => {
  test('has a request sealed anew for the way through another relay', async () => {
    const near: Hint = { ...hint, relay: 'near' as RelayId, address: 'near.example' };
    const one = dialerScene({ onConnect: () => 'silence' }, { plain: true });
    const carried: Uint8Array[] = [];
    one.dialer.forwardThrough({
      nears: () => [near],
      through: () => ({
        name: 'forward',
        async *carry(_to, request) {
          carried.push(request);
          yield new Uint8Array(3);
        },
      }),
    });
    const straight = requestFor(300);
    const forwarded = new Map<string, Uint8Array>();
    const told: (Vantage | undefined)[] = [];
    const asked = one.dialer.carry(hint, straight, {
      signal,
      sealedFor(vantage) {
        if (vantage.through === '') return straight;
        const bytes = new Uint8Array([1, 2, 3]);
        forwarded.set(vantage.through, bytes);
        return bytes;
      },
      carriedBy: (_name, vantage) => told.push(vantage),
    });
    await one.world.run(
      (async () => {
        for await (const _ of asked);
      })(),
    );
    expect(one.dialer.vantage(hint)).toEqual({ network: 'home', through: 'near' });
    expect(one.dialer.direct.vantage?.(hint)).toEqual({ network: 'home', through: '' });
    expect(carried).toEqual([forwarded.get('near')]);
    expect(told.at(-1)).toEqual({ network: 'home', through: 'near' });
  });

  test('of a browser takes being online again for another network', () => {
    const events = new EventTarget();
    using dialer = browserDialer({ events });
    const before = dialer.vantage(hint);
    expect(dialer.vantage(hint)).toEqual(before);
    events.dispatchEvent(new Event('online'));
    expect(dialer.vantage(hint).network).not.toBe(before.network);
  });

  test('that prefers a standing connection says that it goes straight', () => {
    const second: Transport = {
      name: 'second',
      vantage: () => ({ network: 'home', through: 'near' }),
      carry: () => raise(),
    };
    let stands = false;
    using transport = preferringTransport({
      first: {
        name: 'first',
        standing: () => stands,
        stand: () => raise(),
        carry: () => raise(),
        [Symbol.dispose]: () => undefined,
      },
      second,
      world: handWorld(),
    });
    expect(transport.vantage?.(hint)).toEqual({ network: 'home', through: 'near' });
    stands = true;
    expect(transport.vantage?.(hint)).toEqual({ network: 'home', through: '' });
  });
});

function raise(): never {
  throw new TypeError('not asked here');
}
