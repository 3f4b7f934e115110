import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatRelayLink, type Hint, type RelayId, type World } from '@tern/protocol';
import type { Dialer } from '@tern/reach';
import { probeLimits, type Observation, type ProbePort, type Way } from '@tern/reach/diagnosis';
import { nodePrimitives, nodeProbes, nodeWorld } from '@tern/reach/node';
import { DialError, openDialer } from '@tern/reach/testing';
import { afterEach, expect, test } from 'vitest';
import { openOrdinaryClient } from '../src/ordinary-client.ts';
import { openOutput } from '../src/output.ts';
import { runTern } from '../src/tern-command.ts';

const opened: Disposable[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one[Symbol.dispose]();
});

const host: Hint = {
  address: 'harbour.example',
  port: 443,
  tls: true,
  path: 'x',
  relay: 'a'.repeat(52) as RelayId,
};

/** A home from which nobody is reached, and whose clock only the waits of a diagnosis move. */
function lonelyHome() {
  const folder = mkdtempSync(join(tmpdir(), 'tern-starts-'));
  opened.push({ [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) });
  let now = nodeWorld.now();
  const world: World = {
    ...nodeWorld,
    now: () => now,
    wait(ms, { signal }) {
      // the end of a diagnosis, which comes by itself
      if (ms >= probeLimits.ms)
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        });
      now += ms;
      return Promise.resolve();
    },
  };
  const dialer = (): Dialer => {
    const open = (): Promise<never> => Promise.reject(new DialError('name', 'nobody knows it'));
    const one = openDialer({
      world,
      https: { name: 'https', open },
      choosesAddress: false,
      network: () => 'home',
    });
    opened.push(one);
    return one;
  };
  return {
    now: () => now,
    pass: (ms: number) => (now += ms),
    /** One process. @returns when its probes' hellos left, and what it said */
    async tern(args: readonly string[]) {
      const transport = dialer();
      const hellos: number[] = [];
      let words = '';
      const sink = {
        write: (text: string | Uint8Array) => (words += text.toString()),
        once: () => undefined,
      };
      const code = await runTern([...args, '--home', join(folder, 'home')], {
        output: openOutput({ out: sink, errors: sink, json: false }),
        world,
        primitives: nodePrimitives,
        transport,
        environment: { TERN_PATIENCE: '1' },
        terminal: { input: process.stdin, output: process.stderr },
        signal: new AbortController().signal,
        probes: (hints, { greets }) =>
          answering(hints, {
            now: () => now,
            greet() {
              hellos.push(now);
              for (const hint of hints) greets(hint);
            },
          }),
        openClient: (store) => openOrdinaryClient(store, transport),
      });
      expect([code, words]).toEqual([0, expect.any(String)]);
      return { hellos, words };
    },
  };
}

/** Probes at which everything is answered at once, each on a connection of its own. */
function answering(
  hints: readonly Hint[],
  { now, greet }: { readonly now: () => number; readonly greet: () => void },
): ProbePort & { readonly ways: readonly Way[] } {
  const seen = async (way: Way, bytes: number): Promise<Observation> => {
    greet();
    return {
      way,
      beganAt: now(),
      endedAt: now(),
      connection: { fresh: true, exchangesBefore: 0, upBytes: 2000, downBytes: 4000 + bytes, ageMs: 100 },
      connectedAfterMs: 20,
      helloAnsweredAfterMs: 40,
      firstByteAfterMs: 60,
      lastByteAfterMs: 80,
      upBytes: 200,
      downBytes: bytes,
      held: false,
      end: 'answered',
      bulk: bytes > 2000,
    };
  };
  return {
    ways: nodeProbes(hints).ways,
    now,
    dial: (way) => seen(way, 0),
    hello: (way) => seen(way, 0),
    exchange: (way, { bytes }) => seen(way, bytes),
  };
}

test('a diagnosis counts what other processes of its home sent within a minute, and they count what it sent', async () => {
  const home = lonelyHome();
  await home.tern([
    'init',
    '--name',
    'Alice',
    '--relay',
    formatRelayLink({ hint: host, right: new Uint8Array(16) }),
  ]);
  // nothing of that is told any more
  home.pass(700_000);
  const first = await home.tern(['diagnose']);
  expect(first.hellos.length).toBeGreaterThan(0);
  expect(first.words).not.toContain('Not tried');
  const second = await home.tern(['diagnose']);
  const both = [...first.hellos, ...second.hellos];
  const third = await home.tern(['diagnose']);
  const all = [...both, ...third.hellos];
  for (const at of all)
    expect(all.filter((one) => one <= at && one > at - 60_000).length).toBeLessThanOrEqual(3);
  expect(third.words).toContain('Not tried this time: ask again in a minute.');
  home.pass(120_000);
  expect((await home.tern(['diagnose'])).hellos.length).toBeGreaterThan(0);
});
