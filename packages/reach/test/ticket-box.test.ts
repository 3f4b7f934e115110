import type { OfferedTicket, ResponseKeys } from '@tern/protocol';
import { expect, test } from 'vitest';
import { TicketBox } from '../src/ticket-box.ts';

const keys = { ticketSecret: () => new Uint8Array(32) } as unknown as ResponseKeys;
const offered = (from: number, count: number): readonly OfferedTicket[] =>
  Array.from({ length: count }, (_, at) => ({
    id: new Uint8Array(16).fill(from + at),
    share: new Uint8Array(32),
  }));

test('of one session no more tickets are on their way than a relay would still know', () => {
  const box = new TicketBox();
  const session = Symbol('session');
  box.add(session, offered(1, 8), keys);
  const taken = Array.from({ length: 6 }, () => box.take());
  expect(taken.map((held) => held !== undefined)).toEqual([true, true, true, true, false, false]);
  box.back(session);
  expect(box.take()).toBeDefined();
});

test('another session’s tickets are used meanwhile', () => {
  const box = new TicketBox();
  const [one, other] = [Symbol('one'), Symbol('other')];
  box.add(one, offered(1, 5), keys);
  for (let at = 0; at < 4; at += 1) box.take();
  box.add(other, offered(20, 2), keys);
  expect(box.take()?.session).toBe(other);
});
