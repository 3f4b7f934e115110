import type { Hint } from '@tern/protocol';
import { expect, test } from 'vitest';
import { freshStanding, nextStanding, type FailureKind, type Standing } from '../src/dialer/standing.ts';
import { exploredWay, orderWays, type WayView } from '../src/dialer/way-order.ts';
import { entranceOf, wayKey, waysOf, withEndpoints, type Way } from '../src/dialer/way.ts';

const now = 1_794_000_000_000;
const hint: Hint = { address: 'one.example', port: 443, tls: true, path: 'secret' };
const ways = waysOf(withEndpoints(entranceOf(hint), ['https://two.example', 'https://203.0.113.9:8443']), {
  choosesAddress: true,
  remembers: () => false,
});

function order(
  standings: Readonly<Record<string, Standing>>,
  wish: { bulk?: boolean; waits?: Readonly<Record<string, number>> } = {},
): readonly string[] {
  const views = ways.map((way): WayView => {
    const key = wayKey(way);
    return { way, standing: standings[key] ?? freshStanding, waitMs: wish.waits?.[key] ?? 0, ready: false };
  });
  return orderWays(views, { now, bulk: wish.bulk ?? false, upBytes: 700 }).map(wayKey);
}

const good = (at = now - 60_000): Standing =>
  nextStanding(
    freshStanding,
    { kind: 'answered', load: { exchanges: 1, upBytes: 700, downBytes: 300 }, late: false },
    at,
  );
const failed = (how: FailureKind, at = now - 1000): Standing =>
  nextStanding(freshStanding, { kind: 'failed', how }, at);
const plain = 'https:system:one.example:443';

test('nothing known: as the link says it, then other endpoints, then what a liar leaves over', () => {
  expect(order({}).slice(0, 3)).toEqual([
    plain,
    'https:system:two.example:443',
    'https:literal:203.0.113.9:8443()',
  ]);
});

test('what worked last comes first', () => {
  expect(order({ 'https:doh:two.example:443': good() })[0]).toBe('https:doh:two.example:443');
});

test('where a name is unknown to the resolver, other resolvers and names come first', () => {
  const [first, second] = order({ [plain]: failed('name') });
  expect([first, second]).toEqual(['https:system:two.example:443', 'https:literal:203.0.113.9:8443()']);
  expect(order({ [plain]: failed('name') }).indexOf('https:system:one.example:443()')).toBeGreaterThan(
    order({ [plain]: failed('name') }).indexOf('https:doh:one.example:443'),
  );
});

test('where a name in a hello was swallowed, every way that says it comes later', () => {
  const after = order({ [plain]: failed('hello') });
  const saying = after.map((key) => key.includes('one.example') && !key.endsWith('()'));
  expect(saying.indexOf(true)).toBeGreaterThan(saying.lastIndexOf(false));
});

test('a failure of long ago counts for little', () => {
  expect(
    order({
      [plain]: { ...good(now - 7_200_000), ...failed('hello', now - 3_600_000), goodAt: now - 7_200_000 },
    })[0],
  ).toBe(plain);
});

test('a way that must rest is passed by for one that need not', () => {
  expect(order({ [plain]: good() }, { waits: { [plain]: 20_000 } })[0]).not.toBe(plain);
});

test('bulk goes where most gets through', () => {
  const slow = { ...good(), bytesPerSecond: 15_000 };
  const fast = { ...good(), bytesPerSecond: 900_000 };
  const standings = { [plain]: slow, 'https:literal:203.0.113.9:8443()': fast };
  expect(order(standings, { bulk: true })[0]).toBe('https:literal:203.0.113.9:8443()');
  expect(order(standings)[0]).toBe(plain);
});

test('a look whether something better works asks no resolver elsewhere', () => {
  const slow = { ...good(), latencyMs: 5000, bytesPerSecond: 1000 };
  const views = ways.map((way): WayView => {
    const standing = wayKey(way) === plain ? slow : freshStanding;
    return { way, standing, waitMs: 0, ready: false };
  });
  const ordered = views.map(({ way }) => way);
  const looked = new Set<string>();
  for (const bulk of [true, false])
    for (let chance = 0; chance < 0.4; chance += 0.001)
      looked.add(exploredWay(ordered, views, { now, bulk, chance })?.by ?? 'none');
  expect([...looked].toSorted()).toEqual(['literal', 'none', 'system']);
});

const nearby: Way = { ...(ways[0] as Way), carrier: 'forward', serverName: '', through: 'near' };
const crawling: Standing = { ...good(), rttMs: 60, setUpMs: 2000, latencyMs: 2500, bytesPerSecond: 700 };
const crawl = { [plain]: crawling, 'https:system:two.example:443': crawling };

function orderBeside(
  forward: Standing,
  standings: Readonly<Record<string, Standing>>,
  bulk: boolean,
): string {
  const views = [...ways, nearby].map((way): WayView => ({
    way,
    standing: way === nearby ? forward : (standings[wayKey(way)] ?? freshStanding),
    waitMs: 0,
    ready: way === nearby,
  }));
  const [first] = orderWays(views, { now, bulk, upBytes: 700 });
  return first === nearby ? 'through another relay' : wayKey(first as Way);
}

test.each([false, true])('where two hosts crawl, another relay is asked to hand on (bulk: %s)', (bulk) => {
  expect(orderBeside(freshStanding, {}, bulk)).toBe(plain);
  expect(orderBeside(freshStanding, { [plain]: crawling }, bulk)).not.toBe('through another relay');
  expect(orderBeside(freshStanding, crawl, bulk)).toBe('through another relay');
});

test('where one of its hosts is quick, that one is taken all the same', () => {
  const quick = { ...good(), rttMs: 60, latencyMs: 150, bytesPerSecond: 300_000 };
  const beside = { ...crawl, 'https:literal:203.0.113.9:8443()': quick };
  for (const bulk of [false, true])
    expect(orderBeside(freshStanding, beside, bulk)).toBe('https:literal:203.0.113.9:8443()');
});

test('where the other relay is as slow, it is the line, and the straight ways stay', () => {
  expect(orderBeside(crawling, crawl, false)).not.toBe('through another relay');
});

test('what takes long to set up comes after what does not', () => {
  const [slow, quick] = [3000, 200].map((setUpMs) => ({ ...good(), rttMs: 60, setUpMs }));
  const standings = { [plain]: slow ?? good(), 'https:system:two.example:443': quick ?? good() };
  expect(order(standings)[0]).toBe('https:system:two.example:443');
});

test('a way that took long to set up some minutes ago is not passed by for that', () => {
  const tookLong = (at: number): Standing => ({ ...good(at), rttMs: 60, setUpMs: 8000 });
  const other = 'https:system:two.example:443';
  expect(order({ [plain]: tookLong(now - 60_000), [other]: good() })[0]).toBe(other);
  expect(order({ [plain]: tookLong(now - 200_000), [other]: good() })[0]).toBe(plain);
});
