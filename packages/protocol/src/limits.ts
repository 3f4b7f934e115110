/**
 * Every limit of the wire in one place (SPEC.md, section "Limits"). Bytes and seconds as the names say.
 * A relay may set lower ones and says so in its card.
 */
export const limits = {
  /** one sealed request or its plaintext */
  batchBytes: 65_536,
  /** what one response may carry, plaintext */
  responseBytes: 1_048_576,
  operations: 256,
  /** an entry carried inline is padded to one of these, everything included (rule 15) */
  inlineEntryBytes: [1024, 3072],
  chunkBytes: 262_144,
  leafBytes: 1024,
  /** one request for another relay, so that it fits a batch */
  forwardBytes: 65_024,
  /** bytes of the far relay's answer in one result */
  forwardedBytes: 16_384,
  /** how long a request for another relay may be kept */
  deferSeconds: 2_419_200,
  /** one put carries at most this, so that it fits a batch */
  putBytes: 61_440,
  watchedLogs: 1000,
  /** watch entries in one operation */
  watchSlice: 400,
  /** how long an answer may be kept back until something is new */
  watchWaitSeconds: 900,
  policyNumber: 2_147_483_648,
  revokedSerials: 200,
  logRoomBytes: 1_099_511_627_776,
  entryLifetimeSeconds: 31_622_400,
  capabilityEntries: 1_000_000,
  capabilityBytes: 1_099_511_627_776,
  /** the year 6429: a second that cannot overflow anything */
  second: 137_438_953_472,
  millisecond: 140_737_488_355_328,
  /** how far ahead a batch's not-after may lie */
  batchLifetimeSeconds: 3600,
  /** how far a clock may be off where nothing corrects it (rule 32) */
  clockToleranceSeconds: 172_800,
  /** how long an append key of an ended epoch still counts (rule 12) */
  pastAppendSeconds: 604_800,
  /** payload of anything signed */
  signedBytes: 220_000,
  cardBytes: 2048,
  endpoints: 8,
  hintBytes: 100,
  linkCharacters: 800,
  nameBytes: 80,
  /** text of one message */
  messageBytes: 131_072,
} as const;
