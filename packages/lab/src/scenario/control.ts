/**
 * A control is an ordinary client with no defences that does one thing again and again. In each scenario it must fail in the way the scenario says;
 * when it does not, the lab did not bite and the run is void.
 */
import { fail, isRecord, onlyKeys, show } from './field.ts';

export type Control = {
  /** What it speaks: TLS with HTTP in it, bytes of noise over TCP, or one kind of datagram. */
  readonly speaks: 'https' | 'noise' | 'quic' | 'stun' | 'dtls' | 'datagrams';
  /** A name, asked of the system's resolver, or an IPv4 address. */
  readonly host: string;
  /** The name in its hello. Empty: the host, where that is a name, and none where it is an address. */
  readonly serverName: string;
  readonly port: number;
  /** How many requests it makes on one connection, `everyMs` apart ... */
  readonly requests: number;
  readonly everyMs: number;
  /** ... and how long each answer is. */
  readonly answerBytes: number;
  /** How many connections it opens, `gapMs` apart, before it counts as one try. */
  readonly connections: number;
  readonly gapMs: number;
  /** In which ways it fails. */
  readonly fails: readonly Failure[];
  /** The share of its tries that may still end well. 1 where only one of the two networks blocks it. */
  readonly mostWhole: number;
};

/** How long one try can take until it is clear how it went: what it waits by itself, and then the silence. */
export function longestTryMs(
  control: Pick<Control, 'requests' | 'everyMs' | 'connections' | 'gapMs'>,
): number {
  const { requests, everyMs, connections, gapMs } = control;
  return (requests - 1) * everyMs + (connections - 1) * gapMs + 1.5 * silenceMs;
}

/**
 * `no-such-name`; `wrong-address`: the resolver's answer is not the server's address; `reset`; `silence`: nothing more within
 * {@link silenceMs} and no reset; `slow`: five times longer than on the open network.
 */
export type Failure = (typeof failures)[number];

export const silenceMs = 10_000;

const failures = ['no-such-name', 'wrong-address', 'reset', 'silence', 'slow'] as const;
const languages = ['https', 'noise', 'quic', 'stun', 'dtls', 'datagrams'] as const;

const counts = {
  requests: { absent: 1, most: 10_000 },
  everyMs: { absent: 0, most: 600_000 },
  answerBytes: { absent: 500, most: 100_000_000 },
  connections: { absent: 1, most: 100 },
  gapMs: { absent: 0, most: 600_000 },
} as const;

/** @throws {MalformedError} with the path of what is wrong */
export function readControls(value: unknown, path: string): readonly Control[] {
  if (!Array.isArray(value)) return fail(path, `must be a list of controls, not ${show(value)}`);
  return value.map((one: unknown, place) => readControl(one, `${path}[${place}]`));
}

function readControl(value: unknown, path: string): Control {
  if (!isRecord(value)) return fail(path, `must be a control, not ${show(value)}`);
  onlyKeys(value, path, [
    'speaks',
    'host',
    'serverName',
    'port',
    ...Object.keys(counts),
    'fails',
    'mostWhole',
  ]);
  const { fails } = value;
  if (!Array.isArray(fails) || fails.length === 0) {
    return fail(`${path}.fails`, `must be a list of ways to fail, not ${show(fails)}`);
  }
  const count = (key: keyof typeof counts): number =>
    readNumber(value[key] ?? counts[key].absent, `${path}.${key}`, { most: counts[key].most, whole: true });
  return {
    speaks: readWord(value['speaks'] ?? 'https', `${path}.speaks`, languages),
    host: readName(value['host'], `${path}.host`),
    serverName: value['serverName'] === undefined ? '' : readName(value['serverName'], `${path}.serverName`),
    port: readNumber(value['port'] ?? 443, `${path}.port`, { most: 65_535, whole: true }),
    requests: count('requests'),
    everyMs: count('everyMs'),
    answerBytes: count('answerBytes'),
    connections: count('connections'),
    gapMs: count('gapMs'),
    fails: fails.map((one: unknown, place) => readWord(one, `${path}.fails[${place}]`, failures)),
    mostWhole: readNumber(value['mostWhole'] ?? 0, `${path}.mostWhole`, { most: 1, whole: false }),
  };
}

function readName(value: unknown, path: string): string {
  const fits = typeof value === 'string' && /^[a-z0-9.-]{1,253}$/u.test(value);
  return fits ? value : fail(path, `must be a name or address, not ${show(value)}`);
}

function readNumber(value: unknown, path: string, { most, whole }: { most: number; whole: boolean }): number {
  const fits =
    typeof value === 'number' && value >= 0 && value <= most && (!whole || Number.isInteger(value));
  return fits
    ? value
    : fail(path, `must be a ${whole ? 'whole ' : ''}number from 0 to ${most}, not ${show(value)}`);
}

function readWord<Word extends string>(value: unknown, path: string, words: readonly Word[]): Word {
  return (
    words.find((word) => word === value) ??
    fail(path, `must be one of ${words.join(', ')}, not ${show(value)}`)
  );
}
