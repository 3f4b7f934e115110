import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Result } from '@tern/protocol';
import { describe, expect, test } from 'vitest';
import { dnsNames, NameResolver } from '../src/forward/name-resolver.ts';
import { from, knock, openly, openTwo, unreachable } from './two-relays.ts';

const { signal } = new AbortController();

describe('names of far relays', () => {
  test('rules 29 and 33: names that are slow to resolve keep nobody else from being served, and a further one of the same source is refused', async () => {
    const asked: string[] = [];
    const resolve = async (name: string): Promise<readonly string[]> => {
      asked.push(name);
      return name.startsWith('slow') ? new Promise(() => undefined) : ['127.0.0.1'];
    };
    const limits = { resolvingOfOne: 2 };
    await using two = await openTwo({ near: { forwarder: { ...openly, resolve }, limits } });
    const { near, far } = two;
    const ask = (source: string, address: string): Promise<Result> =>
      knock(from(near, source), { ...far.peerHint, address });
    const slow = ['slow1.example', 'slow2.example'].map((address) => ask('192.0.2.1', address));
    while (asked.length < 2) await new Promise((done) => void setImmediate(done));
    expect(await ask('192.0.2.1', 'third.example')).toEqual(unreachable('busy'));
    expect((await ask('192.0.2.2', far.peerHint.address)).kind).toBe('forwarded');
    near.relay.hurry();
    for (const last of await Promise.all(slow)) expect(last).toEqual(unreachable('closed'));
  });

  test('rule 33: so many names are resolved at a time, and their places come back: more is refused', async () => {
    const waiting = new Map<string, (addresses: readonly string[]) => void>();
    const names = new NameResolver(
      { resolving: 3, resolvingOfOne: 2 },
      { resolve: (name) => new Promise((resolve) => void waiting.set(name, resolve)) },
    );
    const ask = (source: string, name: string): ReturnType<NameResolver['addressesOf']> =>
      names.addressesOf(name, { source, signal });
    const first = [ask('one', 'a'), ask('one', 'b'), ask('two', 'c')];
    expect(await Promise.all([ask('one', 'd'), ask('two', 'd')])).toEqual(['busy', 'busy']);
    waiting.get('a')?.(['192.0.2.7']);
    expect(await first[0]).toEqual(['192.0.2.7']);
    const again = ask('one', 'd');
    waiting.get('d')?.([]);
    expect(await again).toEqual([]);
    for (const [name, resolve] of waiting) resolve([name]);
    await Promise.all(first);
  });

  test('rule 29: a name is asked for its addresses of both kinds, and a server that is silent is waited for so long and no further', async () => {
    const questions: number[] = [];
    const server = createSocket('udp4', (question, sender) => {
      const type = question.readUInt16BE(question.length - 4 - optBytes(question));
      questions.push(type);
      if (question.includes('silent')) return;
      server.send(answerTo(question, type), sender.port, sender.address);
    });
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    const resolve = dnsNames({ servers: [`127.0.0.1:${server.address().port}`] });
    expect(await resolve('far.example', { signal })).toEqual(['192.0.2.1', '2001:db8::1', '192.0.2.2']);
    expect(questions.toSorted((a, b) => a - b)).toEqual([1, 28]);
    const stop = new AbortController();
    const silent = resolve('silent.example', { signal: stop.signal });
    while (questions.length < 4) await new Promise((done) => void setImmediate(done));
    stop.abort();
    expect(await silent).toEqual([]);
    server.close();
  });
});

/** Of what follows the question: one record in which a resolver tells what it can do, or none. */
function optBytes(question: Buffer): number {
  const counts = question.readUInt16BE(10);
  return counts === 0 ? 0 : question.length - question.indexOf(0, 12) - 5;
}

/** Two addresses of IPv4 (type 1), one of IPv6 (type 28). */
function answerTo(question: Buffer, type: number): Buffer {
  const end = question.indexOf(0, 12) + 5;
  const addresses =
    type === 1
      ? [Buffer.from([192, 0, 2, 1]), Buffer.from([192, 0, 2, 2])]
      : [Buffer.from('20010db8000000000000000000000001', 'hex')];
  const head = Buffer.from(question.subarray(0, end));
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(addresses.length, 6);
  head.writeUInt16BE(0, 10);
  const records = addresses.map((address) => {
    const record = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, address.length]);
    return Buffer.concat([record, address]);
  });
  return Buffer.concat([head, ...records]);
}
