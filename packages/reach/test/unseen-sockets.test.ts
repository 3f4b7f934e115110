import type { Hint, RelayId } from '@tern/protocol';
import { expect, test } from 'vitest';
import { dialRules } from '../src/dialer/dial-rules.ts';
import { UnseenSockets, type Unseen } from '../src/dialer/unseen-sockets.ts';
import type { Way } from '../src/dialer/way.ts';

const hint: Hint = { relay: 'one' as RelayId, address: 'one.example', port: 443, tls: true, path: 'p' };
const way: Way = {
  carrier: 'https',
  by: 'system',
  host: 'one.example',
  port: 443,
  tls: true,
  serverName: 'one.example',
  hint,
  names: ['one.example'],
};

function after(exchanges: number, usedAt = 0): Unseen {
  return { load: { exchanges, upBytes: 700, downBytes: 300 }, openedAt: 0, usedAt, unsure: false };
}

test('what carried one answer carries the next request to the same place, the one used last first, and no other place', () => {
  const sockets = new UnseenSockets({ othersAsked: false });
  expect(sockets.next(way, 0)).toBeUndefined();
  sockets.leave(way, after(1, 5));
  sockets.leave(way, after(1, 9));
  expect(sockets.next({ ...way, hint: { ...hint, path: 'another' } }, 10)).toEqual(after(1, 9));
  expect(sockets.next({ ...way, host: 'two.example' }, 10)).toBeUndefined();
  expect(sockets.next({ ...way, port: 8443 }, 10)).toBeUndefined();
  sockets.take(way);
  expect(sockets.next(way, 10)).toEqual(after(1, 5));
  sockets.take(way);
  expect(sockets.next(way, 10)).toBeUndefined();
});

test('what carried two answers is gone, and what carried none was never opened', () => {
  const sockets = new UnseenSockets({ othersAsked: false });
  sockets.leave(way, after(2));
  sockets.leave(way, after(0));
  expect(sockets.next(way, 0)).toBeUndefined();
});

test('what rested for long, or beside which one died, may be gone', () => {
  const sockets = new UnseenSockets({ othersAsked: false });
  sockets.leave(way, after(1));
  expect(sockets.next(way, dialRules.idleMs)?.unsure).toBe(false);
  expect(sockets.next(way, dialRules.idleMs + 1)?.unsure).toBe(true);
  sockets.doubt({ ...way, host: 'two.example' });
  expect(sockets.next(way, 0)?.unsure).toBe(false);
  sockets.doubt(way);
  expect(sockets.next(way, 0)?.unsure).toBe(true);
});

test('where others asked before, one of theirs may carry the first request to each place', () => {
  const sockets = new UnseenSockets({ othersAsked: true });
  expect(sockets.next(way, 0)?.unsure).toBe(true);
  sockets.take(way);
  expect(sockets.next(way, 0)).toBeUndefined();
  expect(sockets.next({ ...way, host: 'two.example' }, 0)?.unsure).toBe(true);
});
