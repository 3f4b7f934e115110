import type { ObservationsSeen } from '@tern/reach';
import type { Observation } from '@tern/reach/diagnosis';

type Way = Observation['way'];

const harbour: Way = { key: 'h', kind: 'https', name: 'harbour.example', port: 443, relay: 'relay-h' };
const island: Way = { key: 'i', kind: 'https', name: 'island.example', port: 8443, relay: 'relay-i' };

/** An answered attempt on a line of 50 ms. @param seconds when it began */
function attempt(way: Way, seconds: number, edit: Partial<Observation> = {}): Observation {
  const beganAt = seconds * 1000;
  const { downBytes = 1000 } = edit;
  return {
    way,
    beganAt,
    endedAt: beganAt + (edit.lastByteAfterMs ?? 220),
    connection: { fresh: true, exchangesBefore: 0, upBytes: 1200, downBytes: downBytes + 2200, ageMs: 220 },
    connectedAfterMs: 50,
    helloAnsweredAfterMs: 110,
    firstByteAfterMs: 170,
    lastByteAfterMs: 220,
    upBytes: 500,
    downBytes,
    held: false,
    end: 'answered',
    bulk: false,
    ...edit,
  };
}

function seen(...observations: readonly Observation[]): ObservationsSeen {
  return { now: 30_000, observations };
}

const bulk = (downBytes: number, ms: number): Partial<Observation> => ({
  downBytes,
  bulk: true,
  lastByteAfterMs: 170 + ms,
});
const stop: Partial<Observation> = { downBytes: 13_400, bulk: true, end: 'silent', lastByteAfterMs: 400 };

/** Networks as a page may find them, each with one relay that is hindered and one that is not. */
export const networks: Readonly<
  Record<'well' | 'throttled' | 'frozen' | 'reset' | 'banned', ObservationsSeen>
> = {
  well: seen(attempt(harbour, 1), attempt(island, 2)),
  throttled: seen(
    attempt(harbour, 1, bulk(40_000, 2300)),
    attempt(harbour, 6, bulk(40_000, 2250)),
    attempt(island, 12, bulk(40_000, 200)),
  ),
  frozen: seen(
    attempt(harbour, 1, stop),
    attempt(harbour, 8, stop),
    attempt(harbour, 12),
    attempt(island, 14),
  ),
  reset: seen(...[1, 8].map((at) => hello(at, 'reset')), attempt(island, 14)),
  banned: seen(...[1, 6, 11, 16].map((at) => attempt(harbour, at)), hello(22, 'silent'), attempt(island, 26)),
};

function hello(seconds: number, end: Observation['end']): Observation {
  const {
    helloAnsweredAfterMs: _hello,
    firstByteAfterMs: _first,
    lastByteAfterMs: _last,
    ...rest
  } = attempt(harbour, seconds, { end, downBytes: 0, upBytes: 0 });
  return { ...rest, endedAt: rest.beganAt + (end === 'silent' ? 3000 : 100) };
}
