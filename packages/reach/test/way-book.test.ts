import {
  decode,
  encode,
  field,
  list,
  relayIdCodec,
  row,
  struct,
  text,
  uint,
  type RelayId,
} from '@tern/protocol';
import { describe, expect, test } from 'vitest';
import { deliver, dialerScene, download } from './dialer-scene.ts';
import { wayBookCodec, type WayBookRecord } from '../src/index.ts';
import { dialled, freshPace, greeted, started, type Pace } from '../src/dialer/pace.ts';
import { WayBook, type NameNetwork } from '../src/dialer/way-book.ts';
import { networkAddresses, networkName } from '../src/node/network-name.ts';
import { freshStanding } from '../src/dialer/standing.ts';
import { entranceOf, waysOf, withEndpoints, type Way } from '../src/dialer/way.ts';

const relay = 'a'.repeat(52) as RelayId;
const readAt = 1_794_000_000_000;
const [way] = waysOf(entranceOf({ address: 'one.example', port: 443, tls: true, path: 'secret' }), {
  choosesAddress: false,
  remembers: () => false,
});

async function taught(): Promise<WayBookRecord> {
  const scene = dialerScene(
    {
      freeze: () => ({ packets: 25 }),
      ban: 'count',
      onHello: ({ by }) => (by === 'doh' ? 'reset' : undefined),
    },
    {},
  );
  await scene.world.run(deliver(scene));
  await scene.world.run(download(scene, 100_000));
  const record = scene.dialer.record();
  return { ...record, cards: new Map([[relay, { number: 3, endpoints: ['https://two.example'] }]]) };
}

test('what was learnt is the same after it lay in a store, but for what is of use within a minute', async () => {
  const record = await taught();
  const read = decode(wayBookCodec, encode(wayBookCodec, record));
  expect(read.cards).toEqual(record.cards);
  expect(read.pages.size).toBe(1);
  const [page, before] = [read.pages.get('home'), record.pages.get('home')];
  expect([...(page?.ways.keys() ?? [])].toSorted()).toEqual([...(before?.ways.keys() ?? [])].toSorted());
  for (const [key, standing] of before?.ways ?? []) {
    const { grade, budget, failure } = standing;
    expect(page?.ways.get(key)).toMatchObject({ grade, budget: { up: { bytes: budget.up.bytes } } });
    expect(page?.ways.get(key)?.failure?.kind).toBe(failure?.kind);
  }
  expect(page?.paces.get('one.example')?.rule).toBe(before?.paces.get('one.example')?.rule);
  expect(encode(wayBookCodec, read)).toEqual(encode(wayBookCodec, record));
});

test('the secret path is not in it', async () => {
  const bytes = Buffer.from(encode(wayBookCodec, await taught()));
  expect(bytes.includes('secret')).toBe(false);
});

test('a book that became long keeps what is newest', () => {
  const pages = new Map(
    Array.from({ length: 40 }, (_, at) => {
      const ways = new Map(
        Array.from(
          { length: 200 },
          (_, one) => [`way ${one}`, { ...freshStanding, goodAt: at * 1000 + one }] as const,
        ),
      );
      return [`network ${at}`, { ways, paces: new Map(), addresses: new Map() }] as const;
    }),
  );
  const read = decode(wayBookCodec, encode(wayBookCodec, { pages, cards: new Map() }));
  expect([...read.pages.keys()]).toContain('network 39');
  expect([...read.pages.keys()]).not.toContain('network 3');
  expect(read.pages.get('network 39')?.ways.has('way 199')).toBe(true);
  expect(read.pages.get('network 39')?.ways.has('way 3')).toBe(false);
});

test('of many names those are kept to which something left last, or that met a ban last', () => {
  const now = 1_794_000_000_000;
  const pace = (at: number): Pace => ({ ...freshPace, starts: [now - at * 1000] });
  const paces = new Map(Array.from({ length: 80 }, (_, at) => [`name ${at}`, pace(at + 10)]));
  paces.set('name 79', pace(1));
  paces.set('name 78', { ...freshPace, rule: 'counted', bannedAt: now - 2000 });
  // the clock was set back
  paces.set('name 77', pace(-3600));
  const page = { ways: new Map(), paces, addresses: new Map() };
  const record = { pages: new Map([['home', page]]), cards: new Map(), at: now };
  const kept = decode(wayBookCodec, encode(wayBookCodec, record)).pages.get('home')?.paces;
  const newest = Array.from({ length: 62 }, (_, at) => `name ${at}`);
  expect([...(kept?.keys() ?? [])]).toEqual(['name 79', 'name 78', ...newest]);
});

test('who is a stranger to one relay is none to the one that lives there', () => {
  const book = new WayBook(() => 'home');
  const at = (relay: string): Way => {
    const hint = { address: 'one.example', port: 443, tls: true, path: 'secret', relay: relay as RelayId };
    const [first] = waysOf(entranceOf(hint), { choosesAddress: false, remembers: () => false });
    if (first === undefined) throw new TypeError('no way');
    return first;
  };
  const [liar, honest] = [at('liar'), at('honest')];
  const load = { exchanges: 0, upBytes: 700, downBytes: 900 };
  book.took(honest, { kind: 'answered', load, late: false }, 1000);
  book.took(liar, { kind: 'failed', how: 'stranger' }, 2000);
  expect(book.standing(liar)).toMatchObject({ goodAt: 1000, failure: { kind: 'stranger', at: 2000 } });
  expect(book.standing(honest).failure).toBeUndefined();
  book.took(honest, { kind: 'answered', load, late: false }, 3000);
  // as it lies in a store
  const again = new WayBook(() => 'home');
  again.load(decode(wayBookCodec, encode(wayBookCodec, book.record())), readAt);
  expect(again.standing(liar)).toMatchObject({ goodAt: 1999, failure: { kind: 'stranger', times: 1 } });
  expect(again.standing(honest).failure).toBeUndefined();
  again.took(liar, { kind: 'answered', load, late: false }, 4000);
  expect(again.standing(liar)).toMatchObject({ goodAt: 4000 });
  expect(again.standing(liar).failure).toBeUndefined();
  // what another process kept before that does not come back
  again.load(decode(wayBookCodec, encode(wayBookCodec, book.record())), readAt);
  expect(again.standing(liar)).toMatchObject({ goodAt: 4000 });
  expect(again.standing(liar).failure).toBeUndefined();
});

test('each network has a page of its own', () => {
  let network = 'home';
  const book = new WayBook(() => network);
  if (way === undefined) throw new TypeError('no way');
  book.took(way, { kind: 'failed', how: 'hello' }, 1000);
  expect(book.standing(way).failure?.kind).toBe('hello');
  network = 'work';
  expect(book.standing(way)).toEqual(freshStanding);
});

describe('of a relay’s cards', () => {
  const bookOf = (number: number, endpoint: string): WayBook => {
    const book = new WayBook(() => 'home');
    book.learnCard(relay, { number, endpoints: [endpoint] });
    return book;
  };

  test('an old one that somebody repeats changes nothing, also after a start anew', () => {
    const earlier = bookOf(7, 'https://new.example');
    const book = new WayBook(() => 'home');
    book.load(decode(wayBookCodec, encode(wayBookCodec, earlier.record())), readAt);
    book.learnCard(relay, { number: 6, endpoints: ['https://old.example'] });
    expect(book.endpoints(relay)).toEqual(['https://new.example']);
    book.learnCard(relay, { number: 8, endpoints: ['https://newer.example'] });
    expect(book.endpoints(relay)).toEqual(['https://newer.example']);
  });

  test('the newer counts, whichever process met it', () => {
    const old = bookOf(6, 'https://old.example');
    old.load(bookOf(7, 'https://new.example').record(), readAt);
    expect(old.endpoints(relay)).toEqual(['https://new.example']);
    old.load(bookOf(5, 'https://older.example').record(), readAt);
    expect(old.endpoints(relay)).toEqual(['https://new.example']);
  });

  test('those that an earlier version kept are known until there is a newer one', () => {
    const before = struct<{
      readonly pages: readonly number[];
      readonly relays: readonly { readonly relay: RelayId; readonly endpoints: readonly string[] }[];
    }>({
      pages: field(1, list(uint(), 1)),
      relays: field(2, list(row({ relay: relayIdCodec, endpoints: list(text(200), 8) }), 8)),
    });
    const bytes = encode(before, { pages: [], relays: [{ relay, endpoints: ['https://two.example'] }] });
    const book = new WayBook(() => 'home');
    book.load(decode(wayBookCodec, bytes), readAt);
    expect(book.endpoints(relay)).toEqual(['https://two.example']);
    book.learnCard(relay, { number: 1, endpoints: ['https://three.example'] });
    expect(book.endpoints(relay)).toEqual(['https://three.example']);
  });
});

describe('the names of networks', () => {
  test("come from the network of an IPv6 address and not from the host's part, however it is written", () => {
    const at = (address: string): string =>
      networkAddresses({
        eth0: [
          {
            address,
            netmask: 'ffff:ffff:ffff:ffff::',
            family: 'IPv6',
            mac: '02:00:00:00:00:01',
            internal: false,
            cidr: null,
            scopeid: 0,
          },
        ],
      });
    const written = ['2001:db8::1234:5678', '2001:db8::9', '2001:db8:0:0:a:b:c:d', '2001:db8::e:0:0:1'];
    expect(new Set(written.map(at)).size).toBe(1);
    expect(at('2001:db8:0:1::9')).not.toBe(at('2001:db8::9'));
    expect(at('fe80::1')).toBe('');
  });

  /** As a machine does, which is in this one now. */
  const named =
    (addresses: string): NameNetwork =>
    (key) =>
      networkName(addresses, key);
  const [first, second] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const taughtIn = (network: string, key: Uint8Array | undefined): WayBook => {
    const book = new WayBook(named(network), key);
    if (way === undefined) throw new TypeError('no way');
    book.took(way, { kind: 'failed', how: 'hello' }, 1000);
    return book;
  };
  const knows = (book: WayBook): boolean => way !== undefined && book.standing(way).failure !== undefined;

  test('are told apart by nobody without the key that lies beside them', () => {
    const all = [undefined, first, second].map((key) => networkName('eth0 10.0.0.7', key));
    expect(new Set(all).size).toBe(3);
    expect(networkName('eth0 10.0.0.8', first)).not.toBe(networkName('eth0 10.0.0.7', first));
    const { key, pages } = taughtIn('eth0 10.0.0.7', first).record();
    expect(key).toEqual(first);
    expect([...pages.keys()]).toEqual([networkName('eth0 10.0.0.7', first)]);
  });

  test('are those of the key in the home, also for what was learnt before it was read', () => {
    const stored = taughtIn('home', first).record();
    const atHome = new WayBook(named('home'), second);
    atHome.load(decode(wayBookCodec, encode(wayBookCodec, stored)), readAt);
    expect([knows(atHome), atHome.record().key]).toEqual([true, first]);
    const elsewhere = taughtIn('work', second);
    elsewhere.load(stored, readAt);
    expect(knows(elsewhere)).toBe(true);
    expect(new Set(elsewhere.record().pages.keys())).toEqual(
      new Set([networkName('home', first), networkName('work', first)]),
    );
  });

  test('that an earlier version gave are given up, but for the network that we are in', () => {
    const old = {
      pages: new Map(['home', 'work'].flatMap((network) => [...taughtIn(network, undefined).record().pages])),
      cards: new Map(),
    };
    const book = new WayBook(named('home'), second);
    book.load(decode(wayBookCodec, encode(wayBookCodec, old)), readAt);
    expect(knows(book)).toBe(true);
    expect([...book.record().pages.keys()]).toEqual([networkName('home', second)]);
  });

  test('do not gather: a network nobody was in for a month is forgotten', () => {
    const days = [0, 20, 31, 60].map((day) => {
      const standing = { ...freshStanding, goodAt: 2_000_000_000_000 + day * 86_400_000 };
      return [
        `day ${day}`,
        { ways: new Map([['way', standing]]), paces: new Map(), addresses: new Map() },
      ] as const;
    });
    const read = decode(wayBookCodec, encode(wayBookCodec, { pages: new Map(days), cards: new Map() }));
    expect([...read.pages.keys()]).toEqual(['day 60', 'day 31']);
  });
});

test('of what is long ago the day is kept, and the minute only of what is of use by it', () => {
  const now = Date.UTC(2026, 10, 20, 15, 44, 12, 345);
  const minutesAgo = [0, 90, 200, 3000];
  const ways = new Map(
    minutesAgo.map(
      (minutes) => [`${minutes}`, { ...freshStanding, goodAt: now - minutes * 60_000 }] as const,
    ),
  );
  const pace = { ...freshPace, starts: [now - 60_000, now - 600_000], bannedAt: now - 3000 * 60_000 };
  const pages = new Map([['home', { ways, paces: new Map([['name', pace]]), addresses: new Map() }]]);
  const page = decode(wayBookCodec, encode(wayBookCodec, { pages, cards: new Map() })).pages.get('home');
  expect([...(page?.ways.values() ?? [])].map(({ goodAt }) => new Date(goodAt).toISOString())).toEqual([
    '2026-11-20T15:44:12.345Z',
    '2026-11-20T14:14:12.345Z',
    '2026-11-20T12:00:00.000Z',
    '2026-11-18T00:00:00.000Z',
  ]);
  const { starts, bannedAt } = page?.paces.get('name') ?? freshPace;
  expect([starts, bannedAt]).toEqual([[now - 60_000], Date.UTC(2026, 10, 18)]);
});

test('what froze on one way is believed of the relay’s others, until they show better, and of no other relay', () => {
  const book = new WayBook(() => 'home');
  const entrance = withEndpoints(
    entranceOf({ address: 'one.example', port: 443, tls: true, path: 'secret' }),
    ['https://two.example', 'https://203.0.113.10:8443'],
  );
  const [one, two, literal] = waysOf(entrance, { choosesAddress: false, remembers: () => false });
  const [stranger] = waysOf(entranceOf({ address: 'far.example', port: 443, tls: true, path: 'secret' }), {
    choosesAddress: false,
    remembers: () => false,
  });
  if (one === undefined || two === undefined || literal === undefined || stranger === undefined)
    throw new TypeError('no way');
  const load = { exchanges: 3, upBytes: 2000, downBytes: 3000 };
  book.took(one, { kind: 'frozen', load }, 1000);
  expect(book.standing(two).grade).toBe('unknown');
  book.took(one, { kind: 'frozen', load }, 2000);
  for (const way of [one, two, literal])
    expect(book.standing(way)).toMatchObject({ grade: 'text', exchanges: 2 });
  expect(book.standing(stranger)).toEqual(freshStanding);
  // as it lies in a store
  const again = new WayBook(() => 'home');
  again.load(decode(wayBookCodec, encode(wayBookCodec, book.record())), readAt);
  expect(again.standing(literal).grade).toBe('text');
  const much = { exchanges: 2, upBytes: 700, downBytes: 90_000 };
  book.took(two, { kind: 'answered', load: much, late: false }, 3000);
  expect(book.standing(two).grade).toBe('bulk');
  expect(book.standing(literal).grade).toBe('text');
  // and how much passes
  const large = { exchanges: 1, upBytes: 700, downBytes: 12_000 };
  for (const way of [one, literal]) book.took(way, { kind: 'frozen', load }, 4000);
  book.took(one, { kind: 'answered', load: large, late: false }, 4000);
  expect(book.standing(literal).budget.down.bytes).toBe(12_000);
  book.took(literal, { kind: 'stalled', load: { exchanges: 0, upBytes: 700, downBytes: 9000 } }, 5000);
  expect(book.standing(literal).budget.down).toMatchObject({ bytes: 6750, ceilingBytes: 9000 });
  expect(book.standing(one).budget.down.bytes).toBe(6750);
  // as far as that is below where it stopped
  book.took(literal, { kind: 'stalled', load: { exchanges: 0, upBytes: 16_000, downBytes: 0 } }, 6000);
  for (const [upBytes, believed] of [
    [9000, 9000],
    [14_000, 12_000],
  ] as const) {
    const up = { exchanges: 1, upBytes, downBytes: 300 };
    book.took(one, { kind: 'answered', load: up, late: false }, 6000);
    expect(book.standing(literal).budget.up).toMatchObject({ bytes: believed, ceilingBytes: 16_000 });
  }
});

describe('hellos that several processes of one home send', () => {
  const at = 1_794_000_000_000;
  const start = (book: WayBook, of: Way, now: number): void =>
    book.paced(of, started(book.pace(of), { now, named: of.serverName !== '', rttMs: 60, chance: 0 }));
  const stored = (book: WayBook): WayBookRecord => decode(wayBookCodec, encode(wayBookCodec, book.record()));
  if (way === undefined) throw new TypeError('no way');

  test('count together, and each once', () => {
    const [running, asking] = [new WayBook(() => 'home'), new WayBook(() => 'home')];
    start(running, way, at);
    asking.load(stored(running), at + 10_000);
    start(asking, way, at + 2000);
    start(running, way, at + 1000);
    running.load(stored(asking), at + 10_000);
    running.load(stored(running), at + 10_000);
    expect(running.pace(way).starts).toEqual([at, at + 1000, at + 2000]);
  });

  test('a ban that another met is believed, and what this one refuted does not come back', () => {
    const [running, asking] = [new WayBook(() => 'home'), new WayBook(() => 'home')];
    start(running, way, at);
    running.paced(way, { ...running.pace(way), silentUntil: at + 130_000 });
    asking.load(stored(running), at + 10_000);
    running.paced(way, greeted(running.pace(way), at + 500));
    running.load(stored(asking), at + 10_000);
    expect(running.pace(way)).toMatchObject({ silentUntil: 0, answered: 1 });
    asking.paced(way, {
      ...asking.pace(way),
      rule: 'counted',
      bannedAt: at + 900,
      silentUntil: at + 130_900,
    });
    running.load(stored(asking), at + 10_000);
    const banned = { rule: 'counted', bannedAt: at + 900, silentUntil: at + 130_900, starts: [at] };
    expect(running.pace(way)).toMatchObject(banned);
    asking.load(stored(new WayBook(() => 'home')), at + 10_000);
    expect(asking.pace(way)).toMatchObject(banned);
  });

  test('that lie ahead, because the clock was set back, count no more, nor does a ban', () => {
    const hourMs = 3_600_000;
    const [running, asking] = [new WayBook(() => 'home'), new WayBook(() => 'home')];
    start(running, way, at + hourMs);
    const ban = { rule: 'counted', bannedAt: at + hourMs, silentUntil: at + hourMs + 130_000 } as const;
    running.paced(way, { ...running.pace(way), ...ban });
    const before = stored(running);
    start(asking, way, at);
    asking.load(before, at + 1);
    expect(asking.pace(way)).toMatchObject({ rule: 'careful', starts: [at] });
    expect(asking.pace(way).bannedAt).toBeUndefined();
    const met = { rule: 'counted', bannedAt: at + 5, silentUntil: at + 130_005 } as const;
    asking.paced(way, { ...asking.pace(way), ...met });
    asking.load(before, at + 10);
    expect(asking.pace(way)).toMatchObject({ ...met, starts: [at] });
    // nor in the process that met it before
    running.load(stored(asking), at + 10);
    expect(running.pace(way)).toMatchObject({ ...met, starts: [at] });
    const later = new WayBook(() => 'home');
    later.load(before, at + hourMs);
    expect(later.pace(way)).toMatchObject({ ...ban, starts: [at + hourMs] });
  });

  test('are kept as of now, also where the clock has been set back', () => {
    const hourMs = 3_600_000;
    const book = new WayBook(() => 'home');
    book.took(way, { kind: 'failed', how: 'hello' }, at + hourMs);
    book.paced(way, { ...freshPace, starts: [at - 70_000, at, at + hourMs] });
    const record = { ...book.record(), at: at + 10 };
    const page = decode(wayBookCodec, encode(wayBookCodec, record)).pages.get('home');
    expect(page?.paces.get('one.example')?.starts).toEqual([at]);
  });

  test('are worth saving where a name is said that may be counted, and nowhere else', () => {
    const book = new WayBook(() => 'home');
    let saves = 0;
    book.changed = () => (saves += 1);
    start(book, way, at);
    expect(saves).toBe(1);
    book.paced(way, dialled(book.pace(way), { now: at + 10, named: true, rttMs: 60, chance: 0 }));
    book.paced(way, greeted(book.pace(way), at + 100));
    start(book, { ...way, serverName: '' }, at + 1000);
    expect(saves).toBe(1);
    book.paced(way, { ...book.pace(way), rule: 'free' });
    start(book, way, at + 2000);
    expect(saves).toBe(2);
  });
});
