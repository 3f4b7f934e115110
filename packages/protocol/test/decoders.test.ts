/** Every function that reads what came from outside: it returns, or throws MalformedError, and nothing else. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  base32Bytes,
  base64urlBytes,
  decodeBatch,
  decodeContent,
  decodeEntry,
  decodeFrame,
  decodeOperation,
  decodePolicy,
  encode,
  encodeAcceptance,
  encodeBatch,
  encodeContent,
  encodeFrame,
  encodeOperation,
  encodeParcel,
  encodeResponse,
  formatInvitationLink,
  formatRelayLink,
  MalformedError,
  openAcceptance,
  openCapability,
  openCard,
  openDeviceCertificate,
  openDeviceList,
  openFirstPolicy,
  openNextPolicy,
  openParcel,
  openRecords,
  parseInvitationLink,
  parseRelayLink,
  readItem,
  ResponseDecoder,
  sealRecords,
  signedCodec,
  splitFrames,
  utf8,
  utf8Text,
  type Acceptance,
  type InvitationLink,
  type Parcel,
} from '../src/index.ts';
import { byteMutations, greedyBytes, looseEncodings } from '../src/testing/index.ts';
import {
  bytesOf,
  certificate,
  deviceList,
  firstPayload,
  firstPolicy,
  hint,
  log,
  primitives,
  relay,
  signedCapability,
  signedCard,
  signedFirst,
  signedNext,
} from './fixtures.ts';
import {
  batchHeader,
  chunkEntry,
  contents,
  frames,
  operations,
  responseHeaders,
  results,
  samples,
} from './samples.ts';

interface Decoder {
  readonly name: string;
  readonly valid: Uint8Array;
  readonly read: (bytes: Uint8Array) => unknown;
}

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('missing among the samples');
  return value;
}

const [acceptance, parcel, invitation] = [
  must((samples['acceptance'] as readonly Acceptance[])[0]),
  must((samples['parcel'] as readonly Parcel[])[0]),
  must((samples['invitation-link'] as readonly InvitationLink[])[0]),
];
const wire = operations
  .slice(0, 3)
  .map((operation) => ({ ...encodeOperation(operation), proofs: [bytesOf('p', 64)] }));
const recordKeys = { key: bytesOf('key'), baseNonce: bytesOf('nonce', 12) };
const phone = bytesOf('Ada phone');

/** What is signed, read as it comes over the wire. */
function signedReader(read: (signed: ReturnType<typeof ofWire>) => unknown): (bytes: Uint8Array) => unknown {
  return (bytes) => read(ofWire(bytes));
}
function ofWire(bytes: Uint8Array): typeof signedFirst {
  return signedCodec.fromItem(readItem(bytes));
}

const decoders: readonly Decoder[] = [
  { name: 'decodeEntry', valid: chunkEntry, read: decodeEntry },
  { name: 'decodePolicy', valid: firstPayload, read: decodePolicy },
  { name: 'decodeContent', valid: encodeContent(must(contents[0])), read: decodeContent },
  { name: 'decodeFrame', valid: encodeFrame(must(frames[0])), read: decodeFrame },
  {
    name: 'decodeBatch',
    valid: encodeBatch({ ...batchHeader, operations: wire.slice(0, 1) }),
    read: decodeBatch,
  },
  ...operations.slice(0, 3).map((operation) => {
    const { type, body } = encodeOperation(operation);
    return {
      name: `decodeOperation of ${operation.kind}`,
      valid: body.slice(0, 300),
      read: (bytes: Uint8Array) => decodeOperation({ type, body: bytes }),
    };
  }),
  {
    name: 'ResponseDecoder',
    valid: encodeResponse(must(responseHeaders[0]), [{ operation: 0, result: must(results[15]) }]),
    read: (bytes) => new ResponseDecoder().push(bytes),
  },
  { name: 'splitFrames', valid: new Uint8Array([0, 0, 1, 7, 0, 0, 0]), read: splitFrames },
  {
    name: 'openRecords',
    valid: sealRecords(primitives, recordKeys, bytesOf('x')),
    read: (bytes) => openRecords(primitives, recordKeys, bytes),
  },
  { name: 'openCard', valid: signedCard, read: (bytes) => openCard(primitives, bytes) },
  {
    name: 'openFirstPolicy',
    valid: encode(signedCodec, signedFirst),
    read: signedReader((signed) => openFirstPolicy(primitives, signed, relay)),
  },
  {
    name: 'openNextPolicy',
    valid: encode(signedCodec, signedNext),
    read: signedReader((signed) =>
      openNextPolicy(primitives, signed, { log, policy: firstPolicy, payload: firstPayload }),
    ),
  },
  {
    name: 'openCapability',
    valid: encode(signedCodec, signedCapability),
    read: signedReader((signed) => openCapability(primitives, signed, firstPolicy.changeKey)),
  },
  {
    name: 'openDeviceCertificate',
    valid: certificate,
    read: (bytes) => openDeviceCertificate(primitives, bytes),
  },
  { name: 'openDeviceList', valid: deviceList, read: (bytes) => openDeviceList(primitives, bytes) },
  {
    name: 'openAcceptance',
    valid: encodeAcceptance(primitives, acceptance, phone),
    read: (bytes) => openAcceptance(primitives, bytes),
  },
  {
    name: 'openParcel',
    valid: encodeParcel(primitives, parcel, phone),
    read: (bytes) => openParcel(primitives, bytes),
  },
  { name: 'utf8Text', valid: utf8('Küste \u{1F30A}'), read: utf8Text },
  // these take text; bytes that are none are shown to them as Latin-1
  {
    name: 'parseRelayLink',
    valid: utf8(formatRelayLink({ hint })),
    read: (bytes) => parseRelayLink(latin1(bytes)),
  },
  {
    name: 'parseInvitationLink',
    valid: utf8(formatInvitationLink(invitation)),
    read: (bytes) => parseInvitationLink(latin1(bytes)),
  },
  { name: 'base32Bytes', valid: utf8('mzxw6ytb'), read: (bytes) => base32Bytes(latin1(bytes)) },
  { name: 'base64urlBytes', valid: utf8('Zm9vYmFy'), read: (bytes) => base64urlBytes(latin1(bytes)) },
];

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function returnsOrIsMalformed({ read }: Decoder, bytes: Uint8Array): void {
  try {
    read(bytes);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
  }
}

describe.each(decoders)('$name', (decoder) => {
  test('takes what is valid, and nothing else makes it fail in another way than malformed', () => {
    returnsOrIsMalformed(decoder, decoder.valid);
    const damages = [...byteMutations(decoder.valid)];
    // a signature costs milliseconds: some hundred places, spread over the whole, are enough
    const step = Math.ceil(damages.length / 200);
    const damaged = damages.filter((_, at) => at % step === 0);
    for (const { bytes } of damaged) returnsOrIsMalformed(decoder, bytes);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => returnsOrIsMalformed(decoder, noise)),
      { numRuns: 300 },
    );
    for (const { bytes } of greedyBytes) returnsOrIsMalformed(decoder, bytes);
  });
});

const ofSignatures = decoders.filter(({ name }) => name.startsWith('open') && name !== 'openRecords');

test.each(ofSignatures)('rule 31: $name never takes another encoding of what is signed', (decoder) => {
  expect(decoder.read(decoder.valid)).toBeDefined();
  for (const { name, bytes } of looseEncodings(decoder.valid))
    expect(() => decoder.read(bytes), name).toThrow(MalformedError);
});
