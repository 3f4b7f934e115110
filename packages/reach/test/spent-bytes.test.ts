import { expect, test } from 'vitest';
import { spentBytes } from '../src/diagnosis/spent-bytes.ts';
import { attempt, harbour, helloLost } from './synthetic/hand-made.ts';

const connection = { fresh: true, exchangesBefore: 0, upBytes: 1700, downBytes: 0, ageMs: 6000 };

test('an attempt that was answered took what went over its socket', () => {
  const one = { ...attempt(harbour, 10), connection: { ...connection, downBytes: 4000 } };
  expect(spentBytes(one)).toBe(5700);
  expect(spentBytes(one, 5000)).toBe(700);
});

test('of a hello that nobody answered the first segment is sent again and again', () => {
  const lost = helloLost(harbour, 10);
  // a round trip of 60 ms: after 260 ms, 780, 1820 and 3900, and once sooner
  const waits = (ms: number): number =>
    spentBytes({ ...lost, connection, connectedAfterMs: 60, endedAt: lost.beganAt + 60 + ms });
  expect(lost.resolved).toBeUndefined();
  expect(waits(200)).toBe(1700 + 1448);
  expect(waits(300)).toBe(1700 + 2 * 1448);
  expect(waits(6000)).toBe(1700 + 5 * 1448);
});

test('of a request whose answer stays out no more than the request is', () => {
  const one = attempt(harbour, 10);
  const silent = {
    ...one,
    connection: { ...connection, downBytes: 4000 },
    upBytes: 400,
    end: 'silent',
  } as const;
  const waited = { ...silent, connectedAfterMs: 60, endedAt: one.beganAt + 60 + 1000 };
  expect(spentBytes(waited)).toBe(5700 + 3 * 400);
});
