import { expect, test } from 'vitest';
import { dialRules } from '../src/dialer/dial-rules.ts';
import { UnseenSockets, type Unseen } from '../src/dialer/unseen-sockets.ts';
import { WayBook } from '../src/dialer/way-book.ts';
import { hint, way } from './plain-way.ts';

function after(exchanges: number, usedAt = 0): Unseen {
  return { load: { exchanges, upBytes: 700, downBytes: 300 }, openedAt: 0, usedAt, unsure: false };
}

interface Scene {
  readonly sockets: UnseenSockets;
  pass(ms: number): void;
  /** as a browser says it that is online again */
  goElsewhere(): void;
}

function scene(): Scene {
  let now = 0;
  let place = 'wifi 0';
  const world = { now: () => now, randomBytes: (bytes: number) => new Uint8Array(bytes) };
  const network = (): string => place;
  const sockets = new UnseenSockets({ book: new WayBook(() => 'home'), world, network });
  return {
    sockets,
    pass: (ms) => (now += ms),
    goElsewhere: () => (place = 'wifi 1'),
  };
}

const text = { upBytes: 700, bulk: false };

test('what carried one answer carries the next request to the same place, the one used last first, and no other place', () => {
  const { sockets, pass } = scene();
  expect(sockets.idle(way, text)).toBeUndefined();
  sockets.leave(way, after(1, 5));
  sockets.leave(way, after(1, 9));
  pass(10);
  expect(sockets.idle({ ...way, hint: { ...hint, path: 'another' } }, text)).toEqual(after(1, 9));
  expect(sockets.idle({ ...way, host: 'two.example' }, text)).toBeUndefined();
  expect(sockets.idle({ ...way, port: 8443 }, text)).toBeUndefined();
  expect([sockets.take(way), sockets.take(way)]).toEqual([after(1, 9), after(1, 5)]);
  expect(sockets.idle(way, text)).toBeUndefined();
  expect(sockets.take(way)).toMatchObject({ load: { exchanges: 0 }, openedAt: 10, unsure: false });
});

test('what carried nothing was never opened', () => {
  const { sockets } = scene();
  sockets.leave(way, after(0));
  expect(sockets.idle(way, text)).toBeUndefined();
});

test('of what rested for long, or beside which one died, nobody is sure, and after the next request of nothing worse', () => {
  const { sockets, pass } = scene();
  sockets.leave(way, after(1));
  pass(dialRules.idleMs);
  sockets.doubt({ ...way, host: 'two.example' });
  expect(sockets.idle(way, text)).toBeDefined();
  pass(1);
  expect(sockets.idle(way, text)).toBeUndefined();
  expect([sockets.take(way).unsure, sockets.take(way).unsure]).toEqual([true, false]);
  sockets.leave(way, after(1, dialRules.idleMs));
  expect(sockets.idle(way, text)).toBeDefined();
  sockets.doubt(way);
  expect(sockets.idle(way, text)).toBeUndefined();
  expect([sockets.take(way).unsure, sockets.take(way).unsure]).toEqual([true, false]);
});

test('what is given back, because nothing was asked after all, is as idle and as doubtful as before', () => {
  const { sockets, pass } = scene();
  sockets.leave(way, after(1));
  sockets.leave(way, sockets.take(way));
  expect(sockets.idle(way, text)).toEqual(after(1));
  pass(dialRules.idleMs + 1);
  sockets.leave(way, sockets.take(way));
  expect([sockets.take(way).unsure, sockets.take(way).unsure]).toEqual([true, false]);
  sockets.leave(way, sockets.take(way));
  expect(sockets.take(way).unsure).toBe(false);
});

test('of what was opened in another network nobody is sure', () => {
  const { sockets, goElsewhere } = scene();
  sockets.leave(way, after(1));
  goElsewhere();
  expect(sockets.idle(way, text)).toBeUndefined();
  expect(sockets.take(way)).toMatchObject({ unsure: true, load: { exchanges: 1 } });
  sockets.leave(way, after(1));
  expect(sockets.idle(way, text)).toBeDefined();
});

test('what rested twice as long as a relay lets it is gone, however many there were', () => {
  const { sockets, pass } = scene();
  for (let count = 0; count < 3; count += 1) sockets.leave(way, after(1));
  pass(dialRules.goneMs);
  expect(sockets.take(way).unsure).toBe(true);
  pass(1);
  expect(sockets.take(way).unsure).toBe(false);
});

test('right after a request over an idle one no other is asked, which might have opened one', () => {
  const { sockets, pass } = scene();
  expect(sockets.opensAt(way)).toBe(0);
  sockets.leave(way, after(1));
  sockets.take(way);
  expect(sockets.opensAt(way)).toBe(dialRules.gapMs);
  expect(sockets.opensAt({ ...way, host: 'two.example', serverName: 'two.example' })).toBe(0);
  pass(dialRules.gapMs);
  expect(sockets.opensAt(way)).toBe(dialRules.gapMs);
  pass(-3_600_000); // a clock that is set back keeps nobody waiting for an hour
  expect(sockets.opensAt(way)).toBe(dialRules.gapMs - 3_600_000);
});
