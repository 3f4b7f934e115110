import { describe, expect, test } from 'vitest';
import { noblePrimitives, RefusedError, UnreachableError } from '@tern/protocol';
import { ObservationLog, openPath, type Transport } from '@tern/reach';
import { diagnose, type Observation } from '@tern/reach/diagnosis';
import { coarseObservation, type SeenExchange } from '../src/coarse-observation.ts';
import { handWorld } from '@tern/relay/testing';
import { hello, pathScene } from './path-scene.ts';
import { attempt, carried, harbour, helloLost, island, unconnected } from './synthetic/hand-made.ts';

const signal = new AbortController().signal;

describe('what is seen of attempts', () => {
  test('a path tells of each exchange as far as it is seen from above its transport, and nothing of what is secret', async () => {
    const seen: Observation[] = [];
    const { path, relay } = pathScene({ observe: (one) => seen.push(one) });
    await path.exchange([hello], { signal });
    expect(seen.map(({ end }) => end)).toEqual(['answered', 'answered']); // the card, and the batch
    const [first] = seen;
    expect(first).toMatchObject({
      held: false,
      bulk: false,
      connection: undefined,
      way: { port: relay.hint.port },
    });
    expect(first?.downBytes).toBeGreaterThan(100);
    expect(JSON.stringify(seen)).not.toContain(relay.hint.path);
  });

  test('an answer that was cut is seen as cut, also where its beginning could be used', async () => {
    const seen: Observation[] = [];
    const { path } = pathScene({
      observe: (one) => seen.push(one),
      faultOf: (request) => (request === 1 ? { cutAfterBytes: 300 } : undefined),
    });
    const { whole } = await path.exchange([hello, hello, hello], { signal }).catch(() => ({ whole: false }));
    expect([whole, seen.at(-1)?.end]).toEqual([false, 'closed-early']);
  });

  test('a transport that sees stages tells of them itself, and then nobody else does', async () => {
    const told = { ...attempt(harbour, 1), end: 'reset' as const };
    const transport: Transport = {
      name: 'staged',
      async *carry(_to, _request, { observed }) {
        yield* [];
        observed?.(told);
        throw new UnreachableError('it broke');
      },
    };
    const seen: Observation[] = [];
    await using path = openPath({
      hint: pathScene().relay.hint,
      transport,
      primitives: noblePrimitives,
      world: handWorld(),
      observe: (one) => seen.push(one),
    });
    await expect(path.exchange([hello], { signal })).rejects.toThrow(UnreachableError);
    expect(seen).toEqual([told]);
  });

  test('errors of systems mean what they mean', () => {
    const failing = (code: string): UnreachableError =>
      new UnreachableError('it failed', { cause: Object.assign(new Error(code), { code }) });
    const cases: readonly (readonly [unknown, Observation['end']])[] = [
      [undefined, 'answered'],
      [failing('ECONNRESET'), 'reset'],
      [failing('ECONNREFUSED'), 'refused-connection'],
      [failing('ENETUNREACH'), 'no-network'],
      [failing('ERR_TLS_CERT_ALTNAME_INVALID'), 'wrong-certificate'],
      [failing('DEPTH_ZERO_SELF_SIGNED_CERT'), 'wrong-certificate'],
      [new UnreachableError('x', { code: 'silent' }), 'silent'],
      [new UnreachableError('x', { code: 'cut' }), 'closed-early'],
      [new UnreachableError('x', { code: 'not-a-relay' }), 'not-a-relay'],
      [new UnreachableError('x', { code: 'closed' }), 'cancelled'],
      [new RefusedError('busy', 'x'), 'cancelled'],
      [new DOMException('x', 'AbortError'), 'cancelled'],
    ];
    for (const [error, end] of cases) expect([error, coarse({ error }).end]).toEqual([error, end]);
    expect(coarse({ error: failing('ENOTFOUND') }).resolved).toMatchObject({
      failed: 'no-such-name',
      by: 'system',
    });
    expect(coarse({}).way).toEqual({
      key: 'https https://harbour.example:443',
      kind: 'https',
      name: 'harbour.example',
      port: 443,
    });
  });
});

describe('the log of attempts', () => {
  test('keeps ten minutes and 256 attempts, and tells the time by the clock of those who saw them', () => {
    let now = 5000;
    const log = new ObservationLog(() => now);
    expect(log.read()).toEqual({ now: 0, observations: [] });
    for (let at = 0; at < 300; at += 1) log.add(attempt(harbour, at));
    expect(log.read().observations).toHaveLength(256);
    now += 60_000;
    expect(log.read().now).toBe(attempt(harbour, 299).endedAt + 60_000);
    now += 600_000;
    log.add(attempt(island, 1000));
    expect(log.read().observations).toHaveLength(1);
  });

  test('keeps what was seen of a way that is seldom tried, however often another is', () => {
    const log = new ObservationLog(() => 0);
    const seldom = Array.from({ length: 16 }, (_, second) => helloLost(island, second));
    for (const one of seldom) log.add(one);
    const often = Array.from({ length: 1000 }, (_, second) => attempt(harbour, 20 + second));
    for (const one of often) log.add(one);
    expect(log.read().observations).toEqual([...seldom, ...often.slice(-240)]);
  });

  test('keeps nothing of what was given up before anything left or came, and every hello that left', () => {
    const log = new ObservationLog(() => 0);
    const left = helloLost(harbour, 1, 'cancelled');
    const some = attempt(harbour, 2, { end: 'cancelled' });
    const told = [unconnected(harbour, 3, { end: 'cancelled' }), left, some];
    expect(told.map((one) => log.add(one))).toEqual([false, false, false]);
    expect(log.read().observations).toEqual([left, some]);
  });

  test('says when there is something to diagnose', () => {
    const log = new ObservationLog(() => 0);
    expect([log.add(attempt(harbour, 1)), log.hindered]).toEqual([false, false]);
    expect([log.add(carried(harbour, 2, { downBytes: 40_000, ms: 100 })), log.hindered]).toEqual([
      false,
      false,
    ]);
    expect([log.add(carried(harbour, 5, { downBytes: 40_000, ms: 2300 })), log.hindered]).toEqual([
      true,
      true,
    ]);
    const other = new ObservationLog(() => 0);
    expect([other.add(attempt(harbour, 1, { end: 'cancelled' })), other.add(helloLost(harbour, 2))]).toEqual([
      false,
      true,
    ]);
    expect(diagnose(other.read().observations, other.read())[0].cause.kind).toBe('unclear');
  });
});

function coarse(edit: Partial<SeenExchange>): Observation {
  return coarseObservation({
    to: { address: 'harbour.example', port: 443, tls: true, path: 'p' },
    transport: 'https',
    beganAt: 0,
    endedAt: 100,
    firstAt: undefined,
    lastAt: undefined,
    upBytes: 1,
    downBytes: 0,
    held: false,
    error: undefined,
    ...edit,
  });
}
