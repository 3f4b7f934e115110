/** What people hand each other and what relays say of themselves: cards, links, identities, messages. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  base32,
  base32Bytes,
  base64url,
  base64urlBytes,
  decodeContent,
  decodeFrame,
  deviceIdOf,
  encode,
  encodeAcceptance,
  encodeCard,
  encodeContent,
  encodeDeviceCertificate,
  encodeDeviceList,
  encodeFrame,
  encodeParcel,
  formatInvitationLink,
  formatRelayLink,
  hash,
  hintCodec,
  invitationIdOf,
  invitationLinkCodec,
  limits,
  linkKind,
  logIdCodec,
  MalformedError,
  openAcceptance,
  openCard,
  openDeviceCertificate,
  openDeviceList,
  openParcel,
  parseInvitationLink,
  parseRelayLink,
  personIdOf,
  relayIdOf,
  type Acceptance,
  type Frame,
  type Hint,
  type InvitationLink,
  type LogId,
  type Parcel,
} from '../src/index.ts';
import { byteMutations } from '../src/testing/index.ts';
import {
  bytesOf,
  card,
  certificate,
  deviceList,
  hint,
  idOf,
  keyOf,
  primitives,
  relay,
  signedCapability,
  signedCard,
} from './fixtures.ts';
import { contentOfLaterPart, contentWithLaterPart, frameOfLaterLoad } from './later-versions.ts';
import { contents, frames, samples } from './samples.ts';

function first<T>(values: readonly T[] | undefined): T {
  const [value] = values ?? [];
  if (value === undefined) throw new Error('missing among the samples');
  return value;
}

const invitation = first(samples['invitation-link'] as readonly InvitationLink[]);
const acceptance = first(samples['acceptance'] as readonly Acceptance[]);
const parcel = first(samples['parcel'] as readonly Parcel[]);

/** Opens what is damaged: it is refused, malformed, or says what it said. */
function neverSaysMore(encoded: Uint8Array, open: (bytes: Uint8Array) => unknown): void {
  const said = open(encoded);
  const damages = [...byteMutations(encoded)];
  // a signature costs milliseconds: some hundred places, spread over the whole, are enough
  const step = Math.ceil(damages.length / 300);
  for (const { bytes } of damages.filter((_, at) => at % step === 0)) {
    try {
      expect([undefined, said]).toContainEqual(open(bytes));
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
    }
  }
}

describe('cards', () => {
  test('rule 1: a card opens for the relay whose key signed it', () => {
    expect(openCard(primitives, signedCard)).toEqual({ relay, card });
    expect(relayIdOf(primitives, card.signingKey)).toBe(relay);
  });

  test('rule 1: a card signed by another key is refused, and a damaged one never says anything else', () => {
    expect(openCard(primitives, encodeCard(primitives, card, bytesOf('other relay')))).toBeUndefined();
    neverSaysMore(signedCard, (bytes) => openCard(primitives, bytes));
  });

  test('rule 1: a card of more than 2,048 B, or with a path in it, is refused and never made', () => {
    const long = {
      ...card,
      endpoints: Array.from({ length: 8 }, (_, at) => `https://${'long.'.repeat(38)}${at}`),
    };
    expect(
      encodeCard(primitives, { ...long, endpoints: long.endpoints.slice(0, 7) }, bytesOf('relay')).length,
    ).toBeLessThan(2049);
    expect(() =>
      encodeCard(
        primitives,
        { ...long, keys: Array.from({ length: 8 }, () => first(card.keys)) },
        bytesOf('relay'),
      ),
    ).toThrow(MalformedError);
    expect(() => openCard(primitives, new Uint8Array(2049))).toThrow(MalformedError);
    for (const endpoint of [
      'https://relay.example/secret',
      'https://a:b@relay.example',
      'relay.example',
      'https://x?y',
      '',
    ]) {
      expect(() => encodeCard(primitives, { ...card, endpoints: [endpoint] }, bytesOf('relay'))).toThrow(
        MalformedError,
      );
    }
  });

  test('rule 2: a relay may be host and door at once, and an invitation names both apart', () => {
    const both = { ...card, door: true, public: false };
    expect(openCard(primitives, encodeCard(primitives, both, bytesOf('relay')))?.card).toEqual(both);
    const door = { ...hint, address: 'door.example' };
    const link = formatInvitationLink({ ...invitation, doors: [door] });
    expect(parseInvitationLink(link)).toEqual({ ...invitation, doors: [door] });
  });

  test('rule 32: a card that has expired is still read: its dates are for whoever asks', () => {
    const old = { ...card, notAfter: 1 };
    expect(openCard(primitives, encodeCard(primitives, old, bytesOf('relay')))?.card.notAfter).toBe(1);
  });
});

describe('links', () => {
  test('rule 3: relay links and invitations come back as they were, with or without what surrounds them', () => {
    const right = bytesOf('right', 16);
    const link = formatRelayLink({ hint, right });
    expect(link.startsWith('https://relay.example:443/#r')).toBe(true);
    expect(parseRelayLink(`  ${link}\n`)).toEqual({ hint, right });
    expect(parseRelayLink(link.slice(link.indexOf('#') + 1))).toEqual({ hint, right });
    expect(parseRelayLink(formatRelayLink({ hint: { ...hint, tls: false } }))).toEqual({
      hint: { ...hint, tls: false },
    });
    expect(parseInvitationLink(formatInvitationLink(invitation))).toEqual(invitation);
    expect([
      linkKind(link),
      linkKind(formatInvitationLink(invitation)),
      linkKind('https://x/'),
      linkKind(''),
    ]).toEqual(['relay', 'invitation', undefined, undefined]);
  });

  test('rule 3: the path of an app stands in the URL alone, and goes over from a relay link to an invitation', () => {
    const relayLink = formatRelayLink({ hint, app: 'kBv0rY3qyu4' });
    expect(relayLink.startsWith('https://relay.example:443/kBv0rY3qyu4/#r')).toBe(true);
    expect(relayLink.slice(relayLink.indexOf('#'))).toBe(new URL(formatRelayLink({ hint })).hash);
    const { app } = parseRelayLink(` ${relayLink} `);
    expect(app).toBe('kBv0rY3qyu4');
    const invited = { ...invitation, app: 'kBv0rY3qyu4' };
    expect(parseInvitationLink(formatInvitationLink(invited))).toEqual(invited);
    const fragment = relayLink.slice(relayLink.indexOf('#'));
    for (const before of [
      '',
      'tern:',
      'https://relay.example:443',
      'https://relay.example/a/b/',
      'https://x/a',
    ]) {
      expect(parseRelayLink(`${before}${fragment}`)).toEqual({ hint });
    }
    for (const wrong of ['', 'a/b', '..', 'a'.repeat(33)])
      expect(() => formatRelayLink({ hint, app: wrong })).toThrow(MalformedError);
  });

  test('rule 3: an invitation that has no room for the path of an app does without', () => {
    const longest: Hint = { relay, address: 'a'.repeat(37), port: 65_535, tls: true, path: 'p'.repeat(16) };
    const full = { ...invitation, name: 'x'.repeat(limits.nameBytes), hosts: [longest, longest] };
    expect(formatInvitationLink({ ...full, app: 'a'.repeat(22) })).toBe(formatInvitationLink(full));
  });

  test('rule 3: with the longest name and two of the longest hints an invitation has at most 800 characters', () => {
    const longest: Hint = { relay, address: 'a'.repeat(37), port: 65_535, tls: true, path: 'p'.repeat(16) };
    expect(encode(hintCodec, longest)).toHaveLength(limits.hintBytes);
    const name = 'ü'.repeat(limits.nameBytes / 2);
    const link = formatInvitationLink({ ...invitation, name, hosts: [longest, longest] });
    expect(link.length).toBeLessThanOrEqual(800);
    expect(link.length).toBeGreaterThan(790);
  });

  test('rule 3: a link of more than 800 characters is refused, and never made', () => {
    const hosts = [hint, hint];
    const long = { ...invitation, hosts, doors: hosts, name: 'x'.repeat(80) };
    expect(() => formatInvitationLink(long)).toThrow(MalformedError);
    expect(() => parseInvitationLink(formatInvitationLink(invitation).padEnd(801, 'A'))).toThrow(
      MalformedError,
    );
  });

  test('rule 3: a hint is at most 100 B, and one that is longer or no address is refused wherever it stands', () => {
    const longest: Hint = { relay, address: 'a'.repeat(37), port: 65_535, tls: true, path: 'p'.repeat(16) };
    expect(parseRelayLink(formatRelayLink({ hint: longest })).hint).toEqual(longest);
    const wrong: readonly Hint[] = [
      { ...longest, address: 'a'.repeat(38) },
      { ...hint, address: 'relay.example/path' },
      { ...hint, address: 'user@relay.example' },
      { ...hint, address: 'Relay.example' },
      { ...hint, address: '' },
      { ...hint, path: '' },
      { ...hint, path: 'a/b' },
      { ...hint, path: '..' },
      { ...hint, port: 0 },
    ];
    for (const one of wrong) {
      expect(() => formatRelayLink({ hint: one })).toThrow(MalformedError);
      expect(() => formatInvitationLink({ ...invitation, hosts: [one] })).toThrow(MalformedError);
      expect(() =>
        encodeAcceptance(primitives, { ...acceptance, hosts: [one] }, bytesOf('Ada phone')),
      ).toThrow(MalformedError);
    }
  });

  test('rule 3: an invitation without a host is refused, and never made', () => {
    expect(() => formatInvitationLink({ ...invitation, hosts: [] })).toThrow(MalformedError);
    const link = formatInvitationLink(invitation);
    const without = encode(invitationLinkCodec, { ...invitation, hosts: [] });
    expect(() => parseInvitationLink(`${link.slice(0, link.indexOf('#'))}#i${base64url(without)}`)).toThrow(
      MalformedError,
    );
  });

  test('any text is a link or is malformed', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `#r${text}`),
          fc.uint8Array().map((noise) => `#i${base64url(noise)}`),
        ),
        (text) => {
          for (const parse of [parseRelayLink, parseInvitationLink]) {
            try {
              parse(text);
            } catch (error) {
              expect(error).toBeInstanceOf(MalformedError);
            }
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('identities', () => {
  test('rule 26: a device certificate and a device list open for the person who signed them', () => {
    expect(openDeviceCertificate(primitives, certificate)).toMatchObject({
      rootKey: keyOf('Ada'),
      serial: 1,
    });
    expect(openDeviceList(primitives, deviceList)).toMatchObject({ number: 2 });
  });

  test('rule 26: signed by anybody else they are refused, and damaged they never say anything else', () => {
    const { rootKey, deviceKey } = { rootKey: keyOf('Ada'), deviceKey: keyOf('Eve phone') };
    const forged = encodeDeviceCertificate(
      primitives,
      { rootKey, deviceKey, serial: 2, notAfter: 9, mayAdd: true },
      bytesOf('Eve'),
    );
    expect(openDeviceCertificate(primitives, forged)).toBeUndefined();
    expect(
      openDeviceList(
        primitives,
        encodeDeviceList(primitives, { rootKey, number: 9, deviceKeys: [] }, bytesOf('Eve')),
      ),
    ).toBeUndefined();
    neverSaysMore(certificate, (bytes) => openDeviceCertificate(primitives, bytes));
  });

  test('rule 20: an acceptance opens with the certificate of the device that signed it', () => {
    const encoded = encodeAcceptance(primitives, acceptance, bytesOf('Ada phone'));
    expect(openAcceptance(primitives, encoded)).toMatchObject({
      acceptance,
      sender: { deviceKey: keyOf('Ada phone') },
    });
  });

  test("rule 20: an acceptance signed by another device, or with another person's certificate, is refused", () => {
    expect(
      openAcceptance(primitives, encodeAcceptance(primitives, acceptance, bytesOf('Eve phone'))),
    ).toBeUndefined();
    const stolen = encodeDeviceCertificate(
      primitives,
      { rootKey: keyOf('Ada'), deviceKey: keyOf('Eve phone'), serial: 1, notAfter: 9, mayAdd: false },
      bytesOf('Eve'),
    );
    const encoded = encodeAcceptance(
      primitives,
      { ...acceptance, certificate: stolen },
      bytesOf('Eve phone'),
    );
    expect(openAcceptance(primitives, encoded)).toBeUndefined();
  });

  test("a parcel opens for its sender's certificate only", () => {
    expect(openParcel(primitives, encodeParcel(primitives, parcel, bytesOf('Ada phone')))).toMatchObject({
      parcel,
    });
    expect(openParcel(primitives, encodeParcel(primitives, parcel, bytesOf('Eve phone')))).toBeUndefined();
    expect(() => openParcel(primitives, certificate)).toThrow(MalformedError);
    expect(signedCapability.payload.length).toBeGreaterThan(0);
  });
});

describe('ids', () => {
  test('rule 34: an id is bytes on the wire and lower-case base32 in memory', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const id = base32(bytes) as LogId;
        expect(id).toMatch(/^[a-z2-7]{52}$/);
        expect(encode(logIdCodec, id).slice(2)).toEqual(bytes);
        expect(base32Bytes(id)).toEqual(bytes);
      }),
    );
  });

  test('rule 34: text that base32 would not have written is refused', () => {
    for (const text of ['A', 'a', 'a1', 'ab=', 'mz', '0', 'aa\u{1F426}', 'aaaa aaaa'])
      expect(() => base32Bytes(text)).toThrow(MalformedError);
    for (const text of ['A', 'AA=', 'AB', 'A+', 'AAA/', 'AAB'])
      expect(() => base64urlBytes(text)).toThrow(MalformedError);
    expect(() => encode(logIdCodec, idOf<LogId>('log').toUpperCase() as LogId)).toThrow(MalformedError);
  });

  test('any bytes come back from base64url, and any text is base64url or malformed', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(base64urlBytes(base64url(bytes))).toEqual(bytes);
        expect(base64url(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
        expect(base32Bytes(base32(bytes))).toEqual(bytes);
      }),
    );
  });

  test('no two meanings share a hash', () => {
    const key = bytesOf('key');
    const ids = [relayIdOf, personIdOf, invitationIdOf, deviceIdOf].map((idFor) => idFor(primitives, key));
    expect(new Set(ids).size).toBe(4);
    const [a, b] = [bytesOf('a', 3), bytesOf('b', 3)];
    expect(hash(primitives, 'x', a, b)).not.toEqual(hash(primitives, 'x', new Uint8Array([...a, ...b])));
  });
});

describe('messages', () => {
  const numbered = first(frames);
  const receipt = frames.find((frame) => frame.load.kind === 'receipt');
  if (receipt === undefined) throw new Error('no receipt among the samples');

  test('rule 14: content is numbered from 1, and everything else is not', () => {
    for (const frame of frames) expect(decodeFrame(encodeFrame(frame))).toEqual(frame);
  });

  test('rule 14: content without a number, and a receipt with one, are refused and never made', () => {
    for (const wrong of [
      { ...numbered, number: 0 },
      { ...receipt, number: 7 },
    ])
      expect(() => encodeFrame(wrong)).toThrow(MalformedError);
  });

  test('rule 25: a message carries its number, what its sender had seen, the policy and the authenticator', () => {
    const { number, seen, policy, authenticator } = decodeFrame(encodeFrame(numbered));
    expect({ number, seen, policy, authenticator }).toEqual({
      number: 1,
      seen: [41, bytesOf('seen', 8)],
      policy: 3,
      authenticator: bytesOf('authenticator', 8),
    });
  });

  test('rule 25: a message that lacks one of them is refused', () => {
    for (const name of ['number', 'seen', 'policy', 'authenticator'] as const) {
      const { [name]: _, ...rest } = numbered;
      expect(() => encodeFrame(rest as Frame)).toThrow(MalformedError);
    }
  });

  test('rule 31: a part of a later kind is unknown, alone or beside parts that are shown', () => {
    expect(decodeContent(contentOfLaterPart).part).toEqual({ kind: 'unknown', disposition: 0 });
    const { part } = decodeContent(contentWithLaterPart);
    expect(part.kind === 'multi' && part.parts.map((one) => one.kind)).toEqual(['single', 'unknown']);
    expect(decodeFrame(frameOfLaterLoad).load).toEqual({ kind: 'unknown' });
  });

  test('rule 31: what is unknown is never sent on', () => {
    expect(() => encodeContent(decodeContent(contentOfLaterPart))).toThrow(MalformedError);
    expect(() => encodeContent(decodeContent(contentWithLaterPart))).toThrow(MalformedError);
    expect(() => encodeFrame(decodeFrame(frameOfLaterLoad))).toThrow(MalformedError);
  });

  test('a message that holds everything comes back as it was', () => {
    for (const content of contents) expect(decodeContent(encodeContent(content))).toEqual(content);
  });
});
