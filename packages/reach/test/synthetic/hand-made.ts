import type { Observation } from '../../src/diagnosis/observation.ts';

type Way = Observation['way'];

export const harbour: Way = { key: 'harbour', kind: 'https', name: 'harbour.example', port: 443, relay: 'h' };
export const island: Way = { key: 'island', kind: 'https', name: 'island.example', port: 443, relay: 'i' };
export const literal: Way = { key: 'literal', kind: 'https', address: '203.0.113.10', port: 443, relay: 'l' };

/** One attempt on a line of 50 ms, answered with 1 kB unless told otherwise. @param seconds when it began */
export function attempt(way: Way, seconds: number, edit: Partial<Observation> = {}): Observation {
  const beganAt = seconds * 1000;
  const { upBytes = 500, downBytes = 1000 } = edit;
  return {
    way,
    beganAt,
    endedAt: beganAt + 220,
    connection: {
      fresh: true,
      exchangesBefore: 0,
      upBytes: upBytes + 700,
      downBytes: downBytes + 2200,
      ageMs: 220,
    },
    connectedAfterMs: 50,
    helloAnsweredAfterMs: 110,
    firstByteAfterMs: 170,
    lastByteAfterMs: 220,
    upBytes,
    downBytes,
    held: false,
    end: 'answered',
    bulk: false,
    ...edit,
  };
}

/** What never came: ended after so long by our own patience. */
function without(seconds: number, afterMs: number, edit: Partial<Observation>): Partial<Observation> {
  return { endedAt: seconds * 1000 + afterMs, ...edit };
}

const nothing = { fresh: true, exchangesBefore: 0, upBytes: 0, downBytes: 0, ageMs: 0 } as const;

/** TCP alone. */
export function helloLost(way: Way, seconds: number, end: Observation['end'] = 'silent'): Observation {
  const {
    helloAnsweredAfterMs: _hello,
    firstByteAfterMs: _first,
    lastByteAfterMs: _last,
    ...rest
  } = attempt(way, seconds);
  const after = end === 'silent' ? 3050 : 100;
  return { ...rest, ...without(seconds, after, { end, downBytes: 0, upBytes: 0, connection: nothing }) };
}

/** Not even TCP. */
export function unconnected(way: Way, seconds: number, edit: Partial<Observation> = {}): Observation {
  const { connectedAfterMs: _tcp, ...rest } = helloLost(way, seconds);
  return { ...rest, ...without(seconds, 3000, { end: 'silent' }), ...edit };
}

/** The answer stopped after so many bytes. */
export function stopped(way: Way, seconds: number, downBytes: number): Observation {
  const whole = attempt(way, seconds, { downBytes, bulk: true });
  return { ...whole, ...without(seconds, 3000, { end: 'silent', lastByteAfterMs: 400 }) };
}

/** So many bytes in so many milliseconds. */
export function carried(
  way: Way,
  seconds: number,
  { downBytes, ms }: { readonly downBytes: number; readonly ms: number },
): Observation {
  return attempt(way, seconds, {
    downBytes,
    bulk: true,
    lastByteAfterMs: 170 + ms,
    endedAt: seconds * 1000 + 170 + ms,
  });
}
