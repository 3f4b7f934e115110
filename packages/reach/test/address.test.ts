import type { Hint, RelayId } from '@tern/protocol';
import { handWorld } from '@tern/relay/testing';
import { describe, expect, test } from 'vitest';
import { isAddress, isOfInternet } from '../src/dialer/address.ts';
import { isPrivate } from '../src/dialer/way.ts';
import { nodeDialer, nodeProbes, nodeWorld } from '../src/node/index.ts';
import { Resolver } from '../src/node/resolver.ts';
import { answerWith } from './doh-server.ts';
import { certificate, listen } from './http-server.ts';

const { signal } = new AbortController();

const ofInternet = [
  '8.8.8.8',
  '100.63.255.255',
  '100.128.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.0.2.50',
  '198.51.100.20',
  '203.0.113.10',
  '198.18.0.7',
  '223.255.255.255',
  '2606:4700::1111',
  '2001:db8::1',
  '::ffff:8.8.8.8',
  '64:ff9b::808:808',
  '64:ff9b::8.8.8.8',
  '2002:808:808::1',
];
const closed = [
  '0.0.0.0',
  '10.0.0.1',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.8',
  '192.168.1.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '0:0:0:0:0:0:0:1',
  '::127.0.0.1',
  '::ffff:127.0.0.1',
  '::FFFF:7f00:1',
  '64:ff9b::10.0.0.1',
  '64:ff9b:1::808:808',
  '2002:7f00:1::1',
  '2001:0:1:2::3',
  'fc00::1',
  'fdff::1',
  'fe80::1',
  'fec0::1',
  'ff02::1',
];
/** which a system may read as addresses, or as nothing */
const hiding = [
  '127.1',
  '2130706433',
  '0x7f.0.0.1',
  '127.0.0.0x1',
  '010.0.0.1',
  '0177.0.0.1',
  '1.2.3.4.5',
  '256.1.1.1',
  '1.2.3',
  '1.2.3.4.',
];

describe('an address', () => {
  test.for(ofInternet)('of the internet: %s', (address) => {
    expect([isAddress(address), isOfInternet(address), isPrivate(address)]).toEqual([true, true, false]);
  });

  test.for(closed)('of this machine, of the network around it, or of nobody: %s', (address) => {
    expect([isAddress(address), isOfInternet(address), isPrivate(address)]).toEqual([true, false, true]);
  });

  test.for([
    ...hiding,
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    'fe80::1%eth0',
    '::1.2.3',
  ])('is not written like this: %s', (text) => {
    expect([isAddress(text), isOfInternet(text), isPrivate(text)]).toEqual([false, false, true]);
  });
});

/** What the system's resolver says stands in for one that somebody else answers for. */
async function dialled(
  hint: Hint,
  leadsTo: string,
): Promise<{ readonly came: string; readonly asked: number }> {
  let asked = 0;
  await using secret = await listen(
    (_incoming, outgoing) => {
      asked += 1;
      outgoing.end('inside');
    },
    { tls: false },
  );
  await using resolver = await listen(answerWith(leadsTo), { tls: true });
  const dohServers = [{ address: '127.0.0.1', port: resolver.port, authorities: certificate }];
  using dialer = nodeDialer({ dohServers, longestSilenceMs: 1500 });
  const pieces: Uint8Array[] = [];
  try {
    const to = { ...hint, port: secret.port };
    for await (const piece of dialer.carry(to, new Uint8Array([1]), { signal })) pieces.push(piece);
  } catch {
    // nobody is there
  }
  return { came: Buffer.concat(pieces).toString(), asked };
}

describe('a name that leads into the network around this machine', () => {
  const hint: Hint = { address: 'relay.invalid', port: 80, tls: false, path: 'x' };

  test('is not followed', async () => {
    expect(await dialled(hint, '127.0.0.1')).toEqual({ came: '', asked: 0 });
  });

  test('is not followed either when it led elsewhere before', async () => {
    const answers = [['198.51.100.7'], ['127.0.0.1'], ['127.0.0.1', '198.51.100.7']];
    const refused: string[] = [];
    const asked = { signal, refused: (address: string) => refused.push(address) };
    const world = handWorld();
    const resolver = new Resolver({
      world,
      remembered: () => undefined,
      bySystem: async () => answers.shift() ?? [],
    });
    // each name is asked for anew by then
    const later = (): void => world.set(world.now() + 60_000);
    const way = { host: 'relay.example', by: 'system', hint: { ...hint, address: 'relay.example' } } as const;
    expect(await resolver.addresses(way, asked)).toEqual(['198.51.100.7']);
    later();
    await expect(resolver.addresses(way, asked)).rejects.toMatchObject({ ended: 'name' });
    expect(refused).toEqual(['127.0.0.1']);
    later();
    expect(await resolver.addresses(way, asked)).toEqual(['198.51.100.7']);
  });

  test('is not followed when a card names it', async () => {
    const relay = 'r'.repeat(52) as RelayId;
    const resolver = new Resolver({
      world: nodeWorld,
      remembered: () => undefined,
      bySystem: async () => ['10.0.0.1'],
    });
    const way = { host: 'other.example', by: 'system', hint: { ...hint, relay } } as const;
    const asked = { signal, refused: () => undefined };
    await expect(resolver.addresses(way, asked)).rejects.toMatchObject({ ended: 'name' });
  });

  test('is followed where the link itself says localhost', async () => {
    expect(await dialled({ ...hint, address: 'localhost' }, '127.0.0.1')).toEqual({
      came: 'inside',
      asked: 1,
    });
    expect(await dialled({ ...hint, address: '127.0.0.1' }, '127.0.0.1')).toEqual({
      came: 'inside',
      asked: 1,
    });
  });

  test('is what a diagnosis finds, without having knocked there', async () => {
    let knocks = 0;
    await using secret = await listen(
      (_incoming, outgoing) => {
        knocks += 1;
        outgoing.end();
      },
      { tls: false },
    );
    const probes = nodeProbes([{ ...hint, address: 'relay.example', port: secret.port }], {
      bySystem: async () => ['127.0.0.1'],
    });
    const [way] = probes.ways;
    if (way === undefined) throw new TypeError('no way');
    const seen = await probes.exchange(way, { bytes: 0, patienceMs: 1000, signal });
    expect(seen).toMatchObject({ resolved: { addresses: ['127.0.0.1'] }, end: 'silent' });
    expect(knocks).toBe(0);
  });
});
