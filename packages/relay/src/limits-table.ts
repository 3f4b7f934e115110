/** How a limit shows itself to whoever meets it. */
export type LimitError =
  | 'connection refused'
  | 'connection closed'
  | 'missing page'
  | 'HTTP 503'
  | 'answer cut'
  | 'busy'
  | 'full'
  | 'quota'
  | 'watch-unknown'
  | 'answered at once'
  | 'unreachable'
  | 'asked to prove itself'
  | 'malformed'
  | 'unknown ticket';

export interface Limit {
  readonly default: number;
  readonly unit: string;
  readonly error: LimitError;
  readonly what: string;
}

/** Name of each row of the table. */
export type RelayLimitName =
  | 'connections'
  | 'headSeconds'
  | 'requestSeconds'
  | 'idleSeconds'
  | 'headBytes'
  | 'bodyBytes'
  | 'sockets'
  | 'socketRequests'
  | 'socketBytes'
  | 'batches'
  | 'opensPerSecond'
  | 'opensPerSecondOfOne'
  | 'sessions'
  | 'ticketsOfSession'
  | 'getsOfBatch'
  | 'watchSetsOfSession'
  | 'watchedLogs'
  | 'watchedTogether'
  | 'waiting'
  | 'waitingOfOne'
  | 'watchSeconds'
  | 'watchSureSeconds'
  | 'logsOfRight'
  | 'logBytes'
  | 'lifetimeSeconds'
  | 'partialChunks'
  | 'partialSeconds'
  | 'diskBytes'
  | 'rememberedBytes'
  | 'rememberedBytesOfOne'
  | 'deferredBytes'
  | 'deferredBytesOfOne'
  | 'forwards'
  | 'forwardsOfOne'
  | 'forwardRepeats'
  | 'forwardSeconds'
  | 'forwardHeldBytes'
  | 'forwardHeldBytesOfOne'
  | 'forwardBytesOfPath'
  | 'forwardBytesOfOne'
  | 'farsOfPath'
  | 'farsOfOne'
  | 'farsRemembered'
  | 'farProofSeconds'
  | 'farFailureSeconds'
  | 'resolving'
  | 'resolvingOfOne'
  | 'keptBytesOfPath'
  | 'keptBytesOfOne'
  | 'keptBytes'
  | 'keptSeconds'
  | 'keptAnswerBytes';

/** Everything a stranger can spend on a relay (rule 33). SPEC.md lists this table; an operator may change each. */
export const relayLimits: Readonly<Record<RelayLimitName, Limit>> = {
  connections: {
    default: 20_000,
    unit: 'connections',
    error: 'connection refused',
    what: 'open at a time',
  },
  headSeconds: {
    default: 10,
    unit: 's',
    error: 'connection closed',
    what: 'for the head of a request (half-open connections)',
  },
  requestSeconds: {
    default: 60,
    unit: 's',
    error: 'connection closed',
    what: 'for a whole request, however slow the path',
  },
  idleSeconds: {
    default: 65,
    unit: 's',
    error: 'connection closed',
    what: 'that a connection without a request is kept',
  },
  headBytes: { default: 8_192, unit: 'B', error: 'connection closed', what: "of a request's head" },
  bodyBytes: { default: 73_728, unit: 'B', error: 'missing page', what: "of a request's body" },
  sockets: { default: 10_000, unit: 'sockets', error: 'missing page', what: 'open at a time (WebSockets)' },
  socketRequests: { default: 64, unit: 'requests', error: 'answer cut', what: 'of one socket at a time' },
  socketBytes: {
    default: 131_072,
    unit: 'B',
    error: 'connection closed',
    what: 'on their way out on one socket, beside at most 256 cuts and pongs',
  },
  batches: {
    default: 2_000,
    unit: 'batches',
    error: 'busy',
    what: 'judged or waiting to be judged at a time',
  },
  opensPerSecond: {
    default: 400,
    unit: 'per s',
    error: 'HTTP 503',
    what: 'first batches (HPKE opens) of everybody together',
  },
  opensPerSecondOfOne: {
    default: 40,
    unit: 'per s',
    error: 'HTTP 503',
    what: 'first batches (HPKE opens) of one source',
  },
  sessions: {
    default: 100_000,
    unit: 'sessions',
    error: 'unknown ticket',
    what: 'remembered, the longest silent forgotten first',
  },
  ticketsOfSession: {
    default: 8,
    unit: 'tickets',
    error: 'unknown ticket',
    what: 'of one session that count, newest first',
  },
  getsOfBatch: { default: 32, unit: 'gets', error: 'quota', what: 'answered in one batch' },
  watchSetsOfSession: {
    default: 8,
    unit: 'sets',
    error: 'watch-unknown',
    what: 'of one session, newest first',
  },
  watchedLogs: { default: 1_000, unit: 'logs', error: 'quota', what: 'in one watch set' },
  watchedTogether: {
    default: 2_000_000,
    unit: 'logs',
    error: 'watch-unknown',
    what: 'in all watch sets, the longest unused set forgotten first',
  },
  waiting: { default: 10_000, unit: 'watches', error: 'answered at once', what: 'kept waiting at a time' },
  waitingOfOne: {
    default: 2_000,
    unit: 'watches',
    error: 'answered at once',
    what: 'the same for one source; less as less is left, in proportion',
  },
  watchSeconds: {
    default: 900,
    unit: 's',
    error: 'answered at once',
    what: 'that a watch is kept waiting, however long it asks for; a later one of the same set ends it',
  },
  watchSureSeconds: {
    default: 40,
    unit: 's',
    error: 'answered at once',
    what: 'that a watch, or a forward of one, keeps its place: of those that have, the longest gives it to whoever finds all taken',
  },
  logsOfRight: { default: 10_000, unit: 'logs', error: 'quota', what: 'begun with one relay link' },
  logBytes: { default: 2 ** 30, unit: 'B', error: 'quota', what: 'held by one log' },
  lifetimeSeconds: {
    default: 31_622_400,
    unit: 's',
    error: 'quota',
    what: 'that an entry is kept; a policy that asks for more gets this',
  },
  partialChunks: { default: 64, unit: 'chunks', error: 'quota', what: 'of one log on their way at a time' },
  partialSeconds: { default: 86_400, unit: 's', error: 'quota', what: 'that a chunk may take to arrive' },
  diskBytes: { default: 64 * 2 ** 30, unit: 'B', error: 'full', what: 'held by the relay' },
  rememberedBytes: {
    default: 4 * 2 ** 30,
    unit: 'B',
    error: 'busy',
    what: 'of what became of batches, remembered until their not-after, room of the relay too; about 110 B for an append',
  },
  rememberedBytesOfOne: {
    default: 64 * 2 ** 20,
    unit: 'B',
    error: 'busy',
    what: 'of them remembered anew in an hour for one source',
  },
  deferredBytes: {
    default: 3 * 2 ** 20,
    unit: 'B',
    error: 'HTTP 503',
    what: 'of them remembered anew in an hour for batches that other relays had kept, each for days',
  },
  deferredBytesOfOne: {
    default: 300 * 2 ** 10,
    unit: 'B',
    error: 'HTTP 503',
    what: 'the same for one source',
  },
  forwards: {
    default: 1_000,
    unit: 'requests',
    error: 'quota',
    what: 'handed on to other relays at a time',
  },
  forwardsOfOne: {
    default: 64,
    unit: 'requests',
    error: 'quota',
    what: 'handed on at a time for one source',
  },
  forwardRepeats: {
    default: 8,
    unit: 'times',
    error: 'quota',
    what: 'that one batch is handed on, and for one source one request, until an hour is over; a batch may hold one forward',
  },
  forwardSeconds: {
    default: 15,
    unit: 's',
    error: 'unreachable',
    what: 'for a far relay to prove itself and to answer, beside the wait of a watch',
  },
  forwardHeldBytes: {
    default: 128 * 2 ** 20,
    unit: 'B',
    error: 'unreachable',
    what: 'of answers on their way, held at a time',
  },
  forwardHeldBytesOfOne: {
    default: 16 * 2 ** 20,
    unit: 'B',
    error: 'unreachable',
    what: 'the same for one source',
  },
  forwardBytesOfPath: {
    default: 4 * 2 ** 30,
    unit: 'B',
    error: 'quota',
    what: 'handed on in an hour for one path, both ways',
  },
  forwardBytesOfOne: {
    default: 2 ** 28,
    unit: 'B',
    error: 'quota',
    what: 'the same for one source; less as less is left for the path, in proportion',
  },
  farsOfPath: {
    default: 600,
    unit: 'relays',
    error: 'quota',
    what: 'asked in an hour to prove themselves, for one path',
  },
  farsOfOne: {
    default: 60,
    unit: 'relays',
    error: 'quota',
    what: 'the same for one source; less as less is left for the path, in proportion',
  },
  farsRemembered: {
    default: 1_000,
    unit: 'relays',
    error: 'asked to prove itself',
    what: 'known with their proof or failure, the longest unused forgotten first',
  },
  farProofSeconds: {
    default: 3_600,
    unit: 's',
    error: 'asked to prove itself',
    what: 'that a far relay counts as proved',
  },
  farFailureSeconds: {
    default: 60,
    unit: 's',
    error: 'unreachable',
    what: 'that a failure to prove is remembered, twice as long each time up to 16 times',
  },
  resolving: {
    default: 32,
    unit: 'names',
    error: 'unreachable',
    what: 'of far relays resolved at a time, for at most 5 s each',
  },
  resolvingOfOne: { default: 4, unit: 'names', error: 'unreachable', what: 'the same for one source' },
  keptBytesOfPath: {
    default: 10 * 2 ** 20,
    unit: 'B',
    error: 'quota',
    what: 'kept for other relays for one path, their answers included',
  },
  keptBytesOfOne: {
    default: 2 * 2 ** 20,
    unit: 'B',
    error: 'quota',
    what: 'of them kept anew in a day for one source',
  },
  keptBytes: { default: 2 ** 30, unit: 'B', error: 'quota', what: 'kept for everybody' },
  keptSeconds: {
    default: 2_419_200,
    unit: 's',
    error: 'quota',
    what: 'that a request is kept while half of that room is free; half as long with each further tenth taken',
  },
  keptAnswerBytes: {
    default: 8_192,
    unit: 'B',
    error: 'unreachable',
    what: "kept of a far relay's answer; a request is billed as at least so much",
  },
};

/** The limits of one relay. */
export type RelayLimits = Readonly<Record<RelayLimitName, number>>;

/** @param changed what differs from the table's defaults */
export function limitsWith(changed: Partial<RelayLimits> = {}): RelayLimits {
  const defaults = Object.fromEntries(
    Object.entries(relayLimits).map(([name, limit]) => [name, limit.default]),
  ) as Record<RelayLimitName, number>;
  return { ...defaults, ...changed };
}
