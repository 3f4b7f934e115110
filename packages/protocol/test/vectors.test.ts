import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  base32Bytes,
  chunkIdOf,
  concat,
  decode,
  decodeBatch,
  decodeEntry,
  decodeOperation,
  encode,
  encodeBatch,
  encodeEntry,
  encodeOperation,
  encodeResponse,
  entryIdOf,
  hash,
  MalformedError,
  openBody,
  openRequest,
  parseInvitationLink,
  parseRelayLink,
  proofMessage,
  ResponseDecoder,
  ResponseReader,
  sealBody,
  sealRequest,
  sealRequestWithTicket,
  signedCodec,
  verifyRange,
  verifySigned,
  type ChunkId,
  type RelayId,
} from '../src/index.ts';
import { hexOf, ofHex, plain } from './bytes-text.ts';
import { chunkOf, log, primitives, relay } from './fixtures.ts';
import { makeVectors, vectorsFolder, vectorText } from './make-vectors.ts';
import {
  chunkId,
  frames,
  proofMessage as naiveProof,
  rangeIsRight,
  readBatch,
  readEntry,
  readFrame,
  readLink,
  readPolicy,
  readResponse,
  readSigned,
} from './naive-reading.ts';
import { Wrong } from './naive-cbor.ts';
import {
  labelled,
  openBody as naiveBody,
  openResponse,
  openUnderKey,
  openUnderTicket,
  verifies,
} from './naive-crypto.ts';
import { base32Of, readStructure } from './naive-schema.ts';
import { structure, structures } from './structures.ts';
import type {
  BatchFile,
  ChunkFile,
  EntryFile,
  EnvelopeFile,
  EvolutionFile,
  IdFile,
  LinkFile,
  MalformedFile,
  SignedFile,
  StructureFile,
} from './vector-files.ts';

function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(resolve(vectorsFolder, name), 'utf8')) as T;
}

const made = makeVectors();
const fromRfcs = ['hpke-rfc9180.json', 'primitives-rfc.json'];

test.each([...made])('%s is what the wire of this version makes', (name, content) => {
  expect(readFileSync(resolve(vectorsFolder, name), 'utf8')).toBe(vectorText(content));
});

test('no vector is left over', () => {
  expect(readdirSync(vectorsFolder).toSorted()).toEqual([...made.keys(), ...fromRfcs].toSorted());
});

describe('structures', () => {
  const { structures: lines } = vectors<StructureFile>('structures.json');

  test('there is one of each', () => {
    expect(new Set(lines.map((line) => line.structure))).toEqual(new Set(structures.keys()));
  });
  test.each(lines)('$structure is read alike by both decoders, and written as it stood', (line) => {
    const codec = structure(line.structure);
    const value = decode(codec, ofHex(line.encoded));
    expect(plain(value)).toEqual(line.value);
    expect(hexOf(encode(codec, value))).toBe(line.encoded);
    expect(readStructure(line.structure, line.encoded)).toEqual(line.value);
  });
});

describe('signed structures', () => {
  const { signed } = vectors<SignedFile>('signed.json');
  test.each(signed)('a $label is verified alike by both, and not under another label', (line) => {
    const parts = decode(signedCodec, ofHex(line.encoded));
    expect(verifySigned(primitives, ofHex(line.key), parts, line.label)).toBe(true);
    expect(verifySigned(primitives, ofHex(line.key), parts, 'other')).toBe(false);
    expect(hexOf(primitives.ed25519PublicKey(ofHex(line.seed)))).toBe(line.key);
    const payload = readSigned(line.encoded, line.label, line.key);
    expect(payload).toBe(hexOf(parts.payload));
    const value = line.structure === 'policy' ? readPolicy(payload) : readStructure(line.structure, payload);
    expect(plain(decode(structure(line.structure), parts.payload))).toEqual(value);
    expect(() => readSigned(line.encoded, 'other', line.key)).toThrow(Wrong);
  });
});

test.each(vectors<IdFile>('ids.json').ids)('$id is the same hash for both', ({ id, label, parts, value }) => {
  const ours = hash(primitives, label, ...parts.map(ofHex));
  expect(labelled(label, ...parts)).toBe(hexOf(ours));
  const shown = id === 'DeviceId' || id === 'peer path' ? hexOf(ours).slice(0, 32) : hexOf(ours);
  if (id === 'peer path') expect(Buffer.from(shown, 'hex').toString('base64url')).toBe(value);
  else expect(id === 'previous' ? shown : base32Of(shown)).toBe(value);
});

describe('entries', () => {
  const { inline, chunk } = vectors<EntryFile>('entries.json');
  test.each([...inline, chunk])('a body is opened alike by both', (line) => {
    const content = { body: ofHex(line.body), context: ofHex(line.context) };
    expect(hexOf(openBody(primitives, ofHex(line.key), content) ?? new Uint8Array())).toBe(line.plaintext);
    expect(naiveBody(line.body, line.key, line.context)).toBe(line.plaintext);
    const salt = ofHex(line.body.slice(0, 32));
    const again = { plaintext: ofHex(line.plaintext), salt, context: content.context };
    expect(hexOf(sealBody(primitives, ofHex(line.key), again))).toBe(line.body);
    const entry = decodeEntry(ofHex(line.entry));
    expect(plain(entry)).toEqual(readEntry(line.entry));
    expect(hexOf(encodeEntry(entry))).toBe(line.entry);
    expect(entryIdOf(primitives, log, ofHex(line.entry))).toBe(line.id);
  });
  test('an entry in a chunk names the chunk that its body is', () => {
    expect(decodeEntry(ofHex(chunk.entry))).toEqual({
      kind: 'chunk',
      chunk: chunkIdOf(primitives, ofHex(chunk.body)),
      length: chunk.body.length / 2,
    });
    expect(chunkId(chunk.body)).toBe(chunkIdOf(primitives, ofHex(chunk.body)));
  });
});

describe('batches and responses', () => {
  const { batches, responses, prover, relay: relayText } = vectors<BatchFile>('batches.json');
  const relayId = relayText as RelayId;

  test.each(batches)(
    'rule 31: a batch with an unknown operation is read alike by both, and the rest of it is whole',
    (hex) => {
      const batch = decodeBatch(ofHex(hex));
      expect(hexOf(encodeBatch(batch))).toBe(hex);
      const { id, notAfter, room, operations } = batch;
      const read = operations.map(({ type, body, proofs }) => {
        const operation = decodeOperation({ type, body });
        if (operation !== undefined) expect(encodeOperation(operation)).toEqual({ type, body });
        return plain(operation === undefined ? { type, kind: 'unknown', proofs } : { ...operation, proofs });
      });
      expect(readBatch(hex)).toEqual({ header: { id, notAfter, room }, operations: read });
    },
  );

  test('rule 9: every proof verifies for both, and for nothing else', () => {
    const [hex = ''] = batches;
    const batch = decodeBatch(ofHex(hex));
    const place = { relay: relayId, batch: batch.id };
    for (const operation of batch.operations) {
      const message = proofMessage(primitives, operation, place);
      const [proof = new Uint8Array()] = operation.proofs;
      const naive = naiveProof(
        { relay: hexOf(base32Bytes(relayId)), batch: hexOf(base32Bytes(batch.id)) },
        operation.type,
        hexOf(operation.body),
      );
      expect(naive).toBe(hexOf(message));
      expect(verifies(prover, naive, hexOf(proof))).toBe(true);
      expect(primitives.ed25519Verify(ofHex(prover), message, proof)).toBe(true);
    }
  });

  test.each(responses)('a response is read alike by both', (hex) => {
    const decoder = new ResponseDecoder();
    const items = decoder.push(ofHex(hex));
    expect(decoder.whole).toBe(true);
    const { header } = decoder;
    if (header === undefined) throw new Error('no header');
    expect(hexOf(encodeResponse(header, items))).toBe(hex);
    expect(readResponse(hex)).toEqual({ header: plain(header), items: plain(items) });
  });
});

describe('envelopes', () => {
  const file = vectors<EnvelopeFile>('envelopes.json');
  const keyPair = { privateKey: ofHex(file.key.privateKey), publicKey: ofHex(file.key.publicKey) };
  const keys = {
    sealingKey: (id: Uint8Array) => (hexOf(id) === file.key.id ? keyPair : undefined),
    takeTicket: (id: Uint8Array) =>
      hexOf(id) === file.ticket.id
        ? { secret: ofHex(file.ticket.secret), sharePrivateKey: ofHex(file.ticket.sharePrivateKey) }
        : undefined,
  };

  test('a request under a key is sealed as it stands, and opened alike by both', () => {
    const { seed, plaintext, request } = file.underKey;
    const sealed = sealRequest(primitives, ofHex(plaintext), {
      relay,
      key: { id: ofHex(file.key.id), publicKey: keyPair.publicKey },
      seed: ofHex(seed),
    });
    expect(hexOf(sealed.bytes)).toBe(request);
    const opened = openRequest(primitives, ofHex(request), { relay, keys });
    expect(plain(opened)).toEqual({
      kind: 'opened',
      plaintext,
      exchange: { secret: hexOf(sealed.exchange.secret), salt: hexOf(sealed.exchange.salt) },
    });
    const naive = openUnderKey(request, file.relay, file.key);
    expect(naive).toEqual({ plaintext, ...(plain(sealed.exchange) as object) });
  });

  test('a request under a ticket is sealed as it stands, and opened alike by both', () => {
    const { random, plaintext, request } = file.underTicket;
    const ticket = {
      id: ofHex(file.ticket.id),
      secret: ofHex(file.ticket.secret),
      share: ofHex(file.ticket.share),
    };
    const sealed = sealRequestWithTicket(primitives, ofHex(plaintext), {
      relay,
      ticket,
      random: ofHex(random),
    });
    expect(hexOf(sealed.bytes)).toBe(request);
    const opened = openRequest(primitives, ofHex(request), { relay, keys });
    expect(plain(opened)).toMatchObject({ kind: 'opened', plaintext, ticketId: file.ticket.id });
    expect(openUnderTicket(request, file.relay, file.ticket)).toEqual({
      plaintext,
      ...(plain(sealed.exchange) as object),
    });
  });

  test('responses are opened alike by both, and bring the same tickets', () => {
    const under = [
      [file.underKey, openUnderKey(file.underKey.request, file.relay, file.key)],
      [file.underTicket, openUnderTicket(file.underTicket.request, file.relay, file.ticket)],
    ] as const;
    for (const [{ response, answer }, exchange] of under) {
      const naive = openResponse(response, exchange);
      expect(naive.plaintext).toBe(answer);
      const reader = new ResponseReader(primitives, {
        secret: ofHex(exchange.secret),
        salt: ofHex(exchange.salt),
      });
      expect(hexOf(reader.push(ofHex(response)))).toBe(answer);
      expect(reader.complete).toBe(true);
      const { head } = reader;
      const id = ofHex(file.ticket.id);
      expect(head?.kind === 'sealed' && hexOf(head.keys.ticketSecret(id))).toBe(
        naive.ticketSecret(file.ticket.id),
      );
    }
    expect(openResponse(file.underKey.response, under[0][1]).ticketSecret(file.ticket.id)).toBe(
      file.ticket.secret,
    );
  });

  test('answers in clear are what they are', () => {
    const reader = new ResponseReader(primitives, undefined);
    expect(reader.push(ofHex(file.card))).toEqual(new Uint8Array());
    expect(plain(reader.head)).toEqual({ kind: 'card', card: file.card.slice(4) });
    const lost = new ResponseReader(primitives, undefined);
    lost.push(ofHex(file.unknownTicket));
    expect(lost.head).toEqual({ kind: 'unknown-ticket' });
  });
});

describe('chunks', () => {
  test.each(vectors<ChunkFile>('chunks.json').chunks)(
    'a chunk of $length B has the same id and ranges for both',
    (line) => {
      const chunk = chunkOf(line.length);
      expect(chunkIdOf(primitives, chunk)).toBe(line.id);
      expect(chunkId(hexOf(chunk))).toBe(line.id);
      for (const { from, to, proof } of line.ranges) {
        const bytes = chunk.subarray(from * 1024, to * 1024);
        const named = { id: line.id as ChunkId, length: line.length };
        expect(verifyRange(primitives, named, { range: { from, to }, bytes, proof: proof.map(ofHex) })).toBe(
          true,
        );
        expect(rangeIsRight(named, { from, to, bytes: hexOf(bytes), proof })).toBe(true);
        const other = concat(bytes.subarray(0, -1), new Uint8Array([(bytes.at(-1) ?? 0) ^ 1]));
        expect(
          verifyRange(primitives, named, { range: { from, to }, bytes: other, proof: proof.map(ofHex) }),
        ).toBe(false);
        expect(rangeIsRight(named, { from, to, bytes: hexOf(other), proof })).toBe(false);
      }
    },
  );
});

describe('links', () => {
  const { links, malformed } = vectors<LinkFile>('links.json');
  const ours = (link: string): unknown =>
    link.includes('#i') ? parseInvitationLink(link) : parseRelayLink(link);
  test.each(links)('$link is read alike by both', ({ link, value }) => {
    expect(plain(ours(link))).toEqual(value);
    expect(readLink(link)).toEqual(value);
  });
  test.each(malformed)('%j is refused by both', (link) => {
    expect(() => ours(link)).toThrow(MalformedError);
    expect(() => readLink(link)).toThrow(Wrong);
  });
});

describe('what a later version sends', () => {
  const { signedWithLaterFields, later } = vectors<EvolutionFile>('evolution.json');
  test.each(signedWithLaterFields)(
    'rule 31: unknown optional fields of a $structure are signed over and passed over by both',
    (line) => {
      const parts = decode(signedCodec, ofHex(line.encoded));
      expect(verifySigned(primitives, ofHex(line.key), parts, line.label)).toBe(true);
      expect(plain(decode(structure(line.structure), parts.payload))).toEqual(line.value);
      const payload = readSigned(line.encoded, line.label, line.key);
      expect(readStructure(line.structure, payload)).toEqual(line.value);
      const known = encode(structure(line.structure), decode(structure(line.structure), parts.payload));
      expect(verifySigned(primitives, ofHex(line.key), { ...parts, payload: known }, line.label)).toBe(false);
    },
  );
  test.each(later)('rule 31: a $structure with an unknown part or load is read alike by both', (line) => {
    expect(plain(decode(structure(line.structure), ofHex(line.encoded)))).toEqual(line.value);
    const naive =
      line.structure === 'frame' ? readFrame(line.encoded) : readStructure(line.structure, line.encoded);
    expect(naive).toEqual(line.value);
  });
});

test.each(vectors<MalformedFile>('malformed.json').malformed)(
  'rule 31: a $structure is refused by both when $because',
  ({ structure: name, encoded }) => {
    expect(() => decode(structure(name), ofHex(encoded))).toThrow(MalformedError);
    expect(() => readStructure(name, encoded)).toThrow(Wrong);
  },
);

test('both cut frames alike', () => {
  expect(frames('000001aa000000')).toEqual(['aa', '']);
  expect(() => frames('000002aa')).toThrow(Wrong);
});
