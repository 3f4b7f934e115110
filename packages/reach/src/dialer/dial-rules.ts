/**
 * What the dialer goes by, in one place, each figure with its reason. Milliseconds, bytes, factors.
 * Where a figure comes from: `docs/decisions/0017-dialer.md`.
 */
export const dialRules = {
  /**
   * New TLS connections to one name: three in a minute are below every known rule that counts them ("more than 3 in 60 s");
   * the window is longer than theirs because our clock and the wire's are not one.
   */
  carefulStarts: 3,
  /** where three were one too many, which one ban has shown: one fewer, for longer than the bans that are known last (ten minutes) */
  counted: { starts: 2, forMs: 3_600_000 },
  startWindowMs: 65_000,
  /** of those three one is left for text */
  startsForText: 1,
  /** Between two of them: rules that look at gaps ban below 400 ms, and on the wire gaps are up to 130 ms shorter than here. */
  gapMs: 600,
  gapJitterMs: 200,
  /** a browser's own second hello comes 250 ms after the first where the line is slow */
  slowGapMs: 1200,
  slowRttMs: 200,
  /** Where no name is said there is nothing to count by name; addresses that are visited too often are noticed as well. */
  addressGapMs: 150,
  addressStarts: 200,
  /** As long as all are answered nobody notices: twice as many each time after so many in a row. */
  answeredToQuicken: 8,
  leastAddressGapMs: 35,
  /** hellos that wait for their answer, of one name, or of one address where no name is said */
  hellosAtOnce: { named: 3, unnamed: 6 },
  /**
   * So many hellos in a row were answered: one more than careful is tried, and shows whether anybody counts. One name tries it for all:
   * what it meets is believed of the whole network, so that calibration costs one ban at most. Text, which somebody waits for, tries it sooner.
   */
  answeredToWiden: { text: 3, bulk: 6 },
  /** where nobody counts: as many as the gaps below leave room for, so that a file is held up by those alone */
  freeStarts: 60,
  /** a network on which a name was banned is not tried again for a day */
  countedNetworkMs: 86_400_000,
  /** nobody tries that for the sake of less than this wait */
  waitToWidenMs: 4000,
  /** A ban lasts 120 s after the last thing that was seen of us: longer silence, nothing sent in it. */
  silenceMs: 130_000,
  /** a name that fell silent where nothing else answered either: it may be the line */
  firstSilenceMs: 5000,
  /**
   * Where a hello was reset the same address and port may be cut for 60 to 180 s, counted anew from whatever is sent there. For as long
   * as a ban lasts such a place is passed by as far as anything else is open, and after a try in vain it is left alone, at last for so long.
   */
  longestResidualMs: 200_000,

  /**
   * In a browser: so much speaks against a name and a port at which a connection failed, and against another name of that relay. Whoever cuts
   * what was reset cuts the port, whoever listens for one name may know all; but less than another relay costs, which would get to carry it.
   */
  shunnedMs: 500,
  waryMs: 300,
  /**
   * There nobody sees either that connections are gone which were believed idle, as after a change of networks, and what is asked on one says
   * its name anew. So where one is silent so much speaks for an address: about what it costs to open a connection beside another idle one.
   */
  addressMs: 1100,
  /**
   * One request says the same name again no sooner, whatever became of its hello before: whoever counts hellos, bans for gaps or cuts for
   * a while what was reset does not care that one had failed, and sees the same. Another name, or none, may follow at once.
   */
  sameNameMs: 1500,
  /** of one request: the last begins some ten seconds after the first, and what nobody answers is asked anew soon, by what was learnt */
  mostAttempts: 7,

  /** Where a stranger answered, with anything at all, that way is not tried beside others for so long: its answer would end theirs. */
  strangerMs: 600_000,

  /** Without a sign for so long, the next way is tried beside. */
  lookupMs: 1500,
  connectMs: 3000,
  helloMs: 3000,
  firstByteMs: 2000,
  firstByteRtts: 6,
  /** sooner nobody can know that an answer will not come, whoever overtook it */
  answerRtts: 2,
  /** of what a request needs to leave, on a line nothing is known of: 100 kbit/s */
  upBytesPerSecond: 12_500,
  progressMs: 1500,
  progressRtts: 8,
  /** A slow line looks like a frozen one: each time waiting longer would have been right, it waits twice as long. */
  mostPatience: 8,
  /** After so long without a sign nobody waits any more, whatever else there is. */
  hardMs: 20_000,
  /** a request that waits for a start looks for another way after so long: longer than the window, so that whoever waits has its turn */
  waitingMs: 75_000,
  /** a way through another relay that was good so long ago is believed to carry what is kept back */
  sureMs: 60_000,

  /** A connection that stopped is believed to have been frozen if something else was answered so soon after. */
  controlMs: 15_000,
  /** Kept connections die unseen when nobody uses them. */
  idleMs: 50_000,
  /** A relay ends a connection on which nothing was asked for 65 s. What a browser had idle for twice as long is gone. */
  goneMs: 130_000,
  staleMs: 20_000,
  /** A connection that carried so much was not frozen: 25 packets, 16 and 64 kB are the known limits. */
  bulkBytes: 80_000,
  /** nor one that carried so many exchanges, each of two packets and more either way */
  bulkExchanges: 16,
  /** of what was believed to carry anything, one stop is not believed */
  secondStopMs: 600_000,
  /** Exchanges a suspect connection carries; a frozen one carries two or three small ones. */
  suspectExchanges: 2,
  /** Where a socket froze none is opened for so long, twice as long each time; one that stood for so long before was good. */
  socketRestMs: 600_000,
  mostSocketRestMs: 86_400_000,
  socketGoodMs: 300_000,
  /** Once so many connections have carried all the exchanges they were held to, twice as many are tried: at most one freeze, of 2 s, for so many. */
  passesToTryMore: 40,

  /**
   * Where connections freeze, a file goes over many at a time, each with what is sure to pass. So many exchanges for each name that nobody
   * counts and each address, most of which wait for their hello; all together as many as were measured to fill a line: 24.
   */
  bulkOfOne: 8,
  bulkAtOnce: 24,
  /** what waits for a start of a way that has to rest after all looks for another one */
  bulkWaitMs: 1500,
  /** more than what once stopped a connection is not tried sooner: it costs the time that silence takes */
  tryAgainMs: 600_000,

  /** The share of requests that look whether a better way works again. */
  exploreShare: 0.03,
  /** and of those for which the best way is slow: another beside it tells a throttled name from a slow line */
  exploreSlowShare: 0.1,
  exploreSlowBulkShare: 0.4,
  exploreAfterMs: 60_000,
  /** held answers nobody reads any more, whose connection is worth keeping */
  drainedAtOnce: 2,
  drainMs: 45_000,
} as const;
