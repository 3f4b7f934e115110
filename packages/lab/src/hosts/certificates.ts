import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

import { parseAddress } from '../net/address.ts';
import { bits, integer, object, octets, sequence, set, tagged, text, time, truth, type Der } from './der.ts';

/** Certificates for the lab's servers, made anew for each run: root, intermediate, leaf, all P-256 (RFC 5280). */
export interface Authority {
  /** What clients trust, PEM: give its file as NODE_EXTRA_CA_CERTS. */
  readonly root: string;
  readonly issue: (subject: CertificateSubject) => ServerCertificate;
}

export interface CertificateSubject {
  readonly names?: readonly string[];
  /** IPv4 addresses as text. */
  readonly addresses?: readonly string[];
}

export interface ServerCertificate {
  /** PEM: the leaf, then the intermediate, as a server sends them. */
  readonly chain: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

const dayMs = 86_400_000;
const id = {
  p256Sha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  subjectKey: '2.5.29.14',
  keyUsage: '2.5.29.15',
  alternativeNames: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  policies: '2.5.29.32',
  authorityKey: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuthentication: '1.3.6.1.5.5.7.3.1',
  authorityInformation: '1.3.6.1.5.5.7.1.1',
  issuersCertificate: '1.3.6.1.5.5.7.48.2',
  domainValidated: '2.23.140.1.2.1',
  transparency: '1.3.6.1.4.1.11129.2.4.2',
} as const;

interface Holder {
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** @param at the moment from which they are valid, for 90 days */
export function makeAuthority(at: Date = new Date()): Authority {
  const root = newHolder('Lab Root X1');
  const intermediate = newHolder('Lab E1');
  const rootCertificate = certificate(root, root, { at, extensions: authorityExtensions(root, root) });
  const intermediateCertificate = certificate(intermediate, root, {
    at,
    extensions: authorityExtensions(intermediate, root),
  });
  return {
    root: pem(rootCertificate),
    issue: (subject) => {
      const leaf = newHolder(subject.names?.[0] ?? '');
      const own = certificate(leaf, intermediate, {
        at,
        extensions: leafExtensions(leaf, intermediate, subject),
      });
      return {
        chain: pem(own) + pem(intermediateCertificate),
        key: leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      };
    },
  };
}

function newHolder(name: string): Holder {
  return { name, ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) };
}

function certificate(
  subject: Holder,
  issuer: Holder,
  { at, extensions }: { readonly at: Date; readonly extensions: readonly Der[] },
): Der {
  const algorithm = sequence(object(id.p256Sha256));
  const version3 = tagged(0xa0, integer(Buffer.from([2])));
  const validity = sequence(time(new Date(at.getTime() - dayMs)), time(new Date(at.getTime() + 90 * dayMs)));
  const content = sequence(
    version3,
    integer(Buffer.concat([Buffer.from([1]), randomBytes(17)])),
    algorithm,
    nameOf(issuer),
    validity,
    nameOf(subject),
    subject.publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions)),
  );
  return sequence(content, algorithm, bits(sign('sha256', content, issuer.privateKey)));
}

function nameOf({ name }: Holder): Der {
  return name === '' ? sequence() : sequence(set(sequence(object(id.commonName), text(name))));
}

function extension(name: string, value: Der, critical = false): Der {
  return sequence(object(name), ...(critical ? [truth()] : []), octets(value));
}

function authorityExtensions(subject: Holder, issuer: Holder): readonly Der[] {
  return [
    extension(id.keyUsage, bits(Buffer.from([0x06]), 1), true), // signs certificates and revocation lists
    extension(id.basicConstraints, sequence(truth()), true),
    ...keyIdentifiers(subject, issuer),
  ];
}

/**
 * What a public authority puts into a leaf, the two proofs of transparency too (random bytes of their size): how many packets a handshake takes
 * is what some censors count.
 */
function leafExtensions(
  subject: Holder,
  issuer: Holder,
  { names = [], addresses = [] }: CertificateSubject,
): readonly Der[] {
  const alternatives = [
    ...names.map((name) => tagged(0x82, Buffer.from(name, 'latin1'))),
    ...addresses.map((address) => tagged(0x87, addressBytes(address))),
  ];
  const issuersPlace = tagged(0x86, Buffer.from('http://e1.i.lab-authority.example/', 'latin1'));
  return [
    extension(id.keyUsage, bits(Buffer.from([0x80]), 7), true), // signs handshakes
    extension(id.extendedKeyUsage, sequence(object(id.serverAuthentication))),
    extension(id.basicConstraints, sequence(), true),
    ...keyIdentifiers(subject, issuer),
    extension(id.authorityInformation, sequence(sequence(object(id.issuersCertificate), issuersPlace))),
    // RFC 5280 4.2.1.6: critical where the subject has no name
    extension(id.alternativeNames, sequence(...alternatives), subject.name === ''),
    extension(id.policies, sequence(sequence(object(id.domainValidated)))),
    extension(id.transparency, octets(timestamps(2))),
  ];
}

function keyIdentifiers(subject: Holder, issuer: Holder): readonly Der[] {
  return [
    extension(id.subjectKey, octets(keyId(subject))),
    extension(id.authorityKey, sequence(tagged(0x80, keyId(issuer)))),
  ];
}

function keyId({ publicKey }: Holder): Buffer {
  return createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
}

function addressBytes(address: string): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(parseAddress(address));
  return bytes;
}

/** A SignedCertificateTimestampList (RFC 6962 3.3) of the size that two logs' signatures have. */
function timestamps(count: number): Buffer {
  const list = Buffer.concat(Array.from({ length: count }, timestamp));
  return Buffer.concat([lengthOf(list), list]);
}

function timestamp(): Buffer {
  const signature = Buffer.concat([Buffer.from([4, 3, 0, 71]), randomBytes(71)]);
  const version = Buffer.from([0]);
  const one = Buffer.concat([version, randomBytes(32 + 8), Buffer.from([0, 0]), signature]);
  return Buffer.concat([lengthOf(one), one]);
}

function lengthOf(bytes: Uint8Array): Buffer {
  return Buffer.from([bytes.length >>> 8, bytes.length & 255]);
}

function pem(certificate: Der): string {
  const lines = certificate.toString('base64').match(/.{1,64}/gu) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
