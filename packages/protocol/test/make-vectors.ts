/**
 * Makes the vectors of SPEC.md that are ours. `node packages/protocol/test/make-vectors.ts` writes them; vectors.test.ts
 * makes them again and compares, so that a change of the wire is seen before it is sent.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  base32Bytes,
  chunkIdOf,
  concat,
  decode,
  deviceIdOf,
  encode,
  encodeAcceptance,
  encodeBatch,
  encodeEntry,
  encodeOperation,
  encodeParcel,
  encodeResponse,
  entryIdOf,
  formatInvitationLink,
  formatRelayLink,
  invitationIdOf,
  peerPathOf,
  personIdOf,
  policyHash,
  proofMessage,
  rangeProof,
  sealBody,
  signedCodec,
  utf8,
  type Acceptance,
  type InvitationLink,
  type LeafRange,
  type Parcel,
  type RelayLink,
  type WireOperation,
} from '../src/index.ts';
import { byteMutations, fieldMutations, looseEncodings } from '../src/testing/index.ts';
import { hexOf, plain } from './bytes-text.ts';
import {
  bytesOf,
  certificate,
  chunkOf,
  deviceList,
  firstPayload,
  keyOf,
  log,
  nextPayload,
  photo,
  photoId,
  primitives,
  relay,
  signedCapability,
  signedCard,
  signedFirst,
  signedNext,
} from './fixtures.ts';
import { envelopeVectors } from './envelope-vectors.ts';
import { evolutionVectors } from './later-versions.ts';
import { batchHeader, batchId, operations, responseHeaders, results, samples } from './samples.ts';
import { structure, structures } from './structures.ts';

export const vectorsFolder: string = resolve(import.meta.dirname, '../vectors');

export type Vectors = Readonly<Record<string, unknown>>;

export function makeVectors(): ReadonlyMap<string, Vectors> {
  return new Map([
    ['structures.json', { structures: structureVectors() }],
    ['signed.json', { signed: signedVectors() }],
    ['ids.json', { ids: idVectors() }],
    ['entries.json', entryVectors()],
    ['batches.json', batchVectors()],
    ['envelopes.json', envelopeVectors()],
    ['chunks.json', { chunks: chunkVectors() }],
    ['links.json', linkVectors()],
    ['evolution.json', evolutionVectors()],
    ['malformed.json', { malformed: malformedVectors() }],
  ]);
}

function structureVectors(): readonly object[] {
  return [...structures].flatMap(([name, codec]) =>
    (samples[name] ?? []).map((value) => {
      const encoded = encode(codec, value);
      return { structure: name, value: plain(decode(codec, encoded)), encoded: hexOf(encoded) };
    }),
  );
}

function signedVectors(): readonly object[] {
  const line = (
    label: string,
    structure: string,
    [signer, encoded]: readonly [string, Uint8Array],
  ): object => ({
    label,
    structure,
    seed: hexOf(bytesOf(signer)),
    key: hexOf(keyOf(signer)),
    encoded: hexOf(encoded),
  });
  const [acceptance] = samples['acceptance'] as readonly Acceptance[];
  const parcels = samples['parcel'] as readonly Parcel[];
  if (acceptance === undefined) throw new Error('no acceptance among the samples');
  const phone = bytesOf('Ada phone');
  return [
    line('card', 'card', ['relay', signedCard]),
    line('policy', 'policy', ['change 0', encode(signedCodec, signedFirst)]),
    line('policy', 'policy', ['change 0', encode(signedCodec, signedNext)]),
    line('capability', 'capability', ['change 0', encode(signedCodec, signedCapability)]),
    line('device', 'device-certificate', ['Ada', certificate]),
    line('devices', 'device-list', ['Ada', deviceList]),
    line('acceptance', 'acceptance', ['Ada phone', encodeAcceptance(primitives, acceptance, phone)]),
    ...parcels.map((parcel) =>
      line('parcel', 'parcel', ['Ada phone', encodeParcel(primitives, parcel, phone)]),
    ),
  ];
}

function idVectors(): readonly object[] {
  const key = bytesOf('some key');
  const entry = encodeEntry({ kind: 'chunk', chunk: photoId, length: photo.length });
  return [
    { id: 'RelayId', label: 'relay', parts: [hexOf(keyOf('relay'))], value: relay },
    { id: 'LogId', label: 'log', parts: [hexOf(firstPayload)], value: log },
    {
      id: 'EntryId',
      label: 'entry',
      parts: [hexOf(base32Bytes(log)), hexOf(entry)],
      value: entryIdOf(primitives, log, entry),
    },
    { id: 'PersonId', label: 'person', parts: [hexOf(key)], value: personIdOf(primitives, key) },
    { id: 'DeviceId', label: 'device', parts: [hexOf(key)], value: deviceIdOf(primitives, key) },
    { id: 'InvitationId', label: 'invitation', parts: [hexOf(key)], value: invitationIdOf(primitives, key) },
    {
      id: 'previous',
      label: 'policy',
      parts: [hexOf(nextPayload)],
      value: hexOf(policyHash(primitives, nextPayload)),
    },
    {
      id: 'peer path',
      label: 'peer path',
      parts: [hexOf(utf8('kBv0rY3qyu4'))],
      value: peerPathOf(primitives, 'kBv0rY3qyu4'),
    },
  ];
}

function entryVectors(): Vectors {
  const key = bytesOf('wrap');
  const context = concat(utf8('tern/1 entry\0'), base32Bytes(log));
  const bodies = [0, 1, 500, 987].map((length) => {
    const plaintext = chunkOf(length);
    const body = sealBody(primitives, key, { plaintext, salt: bytesOf(`salt ${length}`, 16), context });
    return {
      key: hexOf(key),
      context: hexOf(context),
      plaintext: hexOf(plaintext),
      body: hexOf(body),
      entry: hexOf(encodeEntry({ kind: 'inline', body })),
      id: entryIdOf(primitives, log, encodeEntry({ kind: 'inline', body })),
    };
  });
  const long = sealBody(primitives, key, { plaintext: chunkOf(988), salt: bytesOf('salt', 16), context });
  const chunk = chunkIdOf(primitives, long);
  const entry = encodeEntry({ kind: 'chunk', chunk, length: long.length });
  return {
    inline: bodies,
    chunk: {
      key: hexOf(key),
      context: hexOf(context),
      plaintext: hexOf(chunkOf(988)),
      body: hexOf(long),
      entry: hexOf(entry),
      id: entryIdOf(primitives, log, entry),
    },
  };
}

/** The unknown operation has a number that no version has yet. */
function wireOperations(): readonly WireOperation[] {
  const known = operations.map((operation) => encodeOperation(operation));
  const unknown = { type: 4711, body: utf8('anything') };
  return [...known, unknown].map((operation) => ({
    ...operation,
    proofs: [
      primitives.ed25519Sign(
        bytesOf('prover'),
        proofMessage(primitives, operation, { relay, batch: batchId }),
      ),
    ],
  }));
}

function batchVectors(): Vectors {
  const wire = wireOperations();
  const batch = (some: readonly WireOperation[]): string =>
    hexOf(encodeBatch({ ...batchHeader, operations: some }));
  const [header] = responseHeaders;
  if (header === undefined) throw new Error('no header among the samples');
  return {
    relay,
    prover: hexOf(keyOf('prover')),
    batches: [batch(wire), batch(wire.slice(-1)), batch([])],
    responses: [
      hexOf(
        encodeResponse(
          header,
          results.map((result, operation) => ({ operation, result })),
        ),
      ),
      ...responseHeaders.slice(1).map((problem) => hexOf(encodeResponse(problem, []))),
    ],
  };
}

function chunkVectors(): readonly object[] {
  const ranges: readonly (readonly [length: number, ranges: readonly LeafRange[]])[] = [
    [1, [{ from: 0, to: 1 }]],
    [1024, [{ from: 0, to: 1 }]],
    [1025, [{ from: 1, to: 2 }]],
    [
      5000,
      [
        { from: 2, to: 4 },
        { from: 4, to: 5 },
        { from: 0, to: 5 },
      ],
    ],
    [
      65_537,
      [
        { from: 3, to: 17 },
        { from: 64, to: 65 },
      ],
    ],
    [262_144, [{ from: 100, to: 101 }]],
  ];
  return ranges.map(([length, wanted]) => {
    const chunk = chunkOf(length);
    return {
      made: 'byte i is (31 i + 7 floor(i / 256) + length) mod 256',
      length,
      id: chunkIdOf(primitives, chunk),
      ranges: wanted.map((range) => ({ ...range, proof: rangeProof(primitives, chunk, range).map(hexOf) })),
    };
  });
}

function linkVectors(): Vectors {
  const relayLinks = samples['relay-link'] as readonly RelayLink[];
  const invitations = samples['invitation-link'] as readonly InvitationLink[];
  const [good = ''] = relayLinks.map(formatRelayLink);
  return {
    links: [
      ...relayLinks.map((link) => ({ link: formatRelayLink(link), value: plain(link) })),
      ...invitations.map((link) => ({ link: formatInvitationLink(link), value: plain(link) })),
    ],
    malformed: [
      '',
      'https://relay.example:443/',
      'https://relay.example:443/#',
      'https://relay.example:443/#x',
      `${good}A`,
      `${good}=`,
      good.slice(0, -1),
      good.replace('#r', '#i'),
      `${good.slice(0, -1)}!`,
      good + 'A'.repeat(800),
    ],
  };
}

/** For every structure some bytes that no version may read, spread over the ways in which they can be wrong. */
function malformedVectors(): readonly object[] {
  return [...structures].flatMap(([name]) => {
    const [sample] = (samples[name] ?? [])
      .map((value) => encode(structure(name), value))
      .toSorted((a, b) => a.length - b.length);
    if (sample === undefined) throw new Error(`no sample of ${name}`);
    const mutations = [...looseEncodings(sample), ...fieldMutations(sample), ...byteMutations(sample)];
    const wrong = mutations.filter(({ bytes }) => bytes.length < 400 && isRefused(name, bytes));
    const step = Math.max(1, Math.floor(wrong.length / 12));
    return wrong
      .filter((_, at) => at % step === 0)
      .map(({ name: because, bytes }) => ({ structure: name, because, encoded: hexOf(bytes) }));
  });
}

function isRefused(name: string, bytes: Uint8Array): boolean {
  try {
    decode(structure(name), bytes);
    return false;
  } catch {
    return true;
  }
}

export function vectorText(vectors: Vectors): string {
  return `${JSON.stringify(vectors, undefined, 1)}\n`;
}

if (import.meta.main) {
  mkdirSync(vectorsFolder, { recursive: true });
  for (const [name, vectors] of makeVectors())
    writeFileSync(resolve(vectorsFolder, name), vectorText(vectors));
}
