/** The second reading of SPEC.md, "Cryptography", "Requests and responses" and "Entries": only Node's own crypto, all bytes as hexadecimal text. */
import {
  createDecipheriv,
  createHash,
  createHmac,
  createPublicKey,
  createPrivateKey,
  diffieHellman,
  verify,
} from 'node:crypto';
import { Wrong } from './naive-cbor.ts';

export function text(value: string): string {
  return Buffer.from(value, 'utf8').toString('hex');
}

export function number(value: number, bytes: number): string {
  return value.toString(16).padStart(bytes * 2, '0');
}

export function sha256(hex: string): string {
  return createHash('sha256').update(hex, 'hex').digest('hex');
}

/** SPEC.md: hash(label, part, ...) */
export function labelled(label: string, ...parts: readonly string[]): string {
  return sha256(text(`tern/1 ${label}\0`) + parts.map((part) => number(part.length / 2, 4) + part).join(''));
}

function hmac(key: string, data: string): string {
  return createHmac('sha256', Buffer.from(key, 'hex')).update(data, 'hex').digest('hex');
}

function extract(salt: string, input: string): string {
  return hmac(salt === '' ? '00'.repeat(32) : salt, input);
}

/** At most 32 bytes, which is all that is ever asked for. */
function expand(key: string, info: string, bytes: number): string {
  return hmac(key, `${info}01`).slice(0, bytes * 2);
}

function aeadOpen(key: string, nonce: string, sealed: string, associated: string): string {
  const open = createDecipheriv('chacha20-poly1305', Buffer.from(key, 'hex'), Buffer.from(nonce, 'hex'), {
    authTagLength: 16,
  });
  if (sealed.length < 32) throw new Wrong('no room for a tag');
  open.setAuthTag(Buffer.from(sealed.slice(-32), 'hex'));
  open.setAAD(Buffer.from(associated, 'hex'), { plaintextLength: sealed.length / 2 - 16 });
  try {
    return open.update(sealed.slice(0, -32), 'hex', 'hex') + open.final('hex');
  } catch {
    throw new Wrong('does not open');
  }
}

function x25519(privateKey: string, publicKey: string): string {
  return diffieHellman({
    privateKey: createPrivateKey({
      key: Buffer.from(`302e020100300506032b656e04220420${privateKey}`, 'hex'),
      format: 'der',
      type: 'pkcs8',
    }),
    publicKey: createPublicKey({
      key: Buffer.from(`302a300506032b656e032100${publicKey}`, 'hex'),
      format: 'der',
      type: 'spki',
    }),
  }).toString('hex');
}

export function verifies(key: string, message: string, signature: string): boolean {
  const publicKey = createPublicKey({
    key: Buffer.from(`302a300506032b6570032100${key}`, 'hex'),
    format: 'der',
    type: 'spki',
  });
  return verify(null, Buffer.from(message, 'hex'), publicKey, Buffer.from(signature, 'hex'));
}

interface Keys {
  readonly key: string;
  readonly nonce: string;
}

function nonceOf(base: string, at: number): string {
  return (BigInt(`0x${base}`) ^ BigInt(at)).toString(16).padStart(24, '0');
}

/** SPEC.md, "record" */
function openRecords(keys: Keys, sealed: string): string {
  let rest = sealed;
  let plain = '';
  for (let at = 0; ; at += 1) {
    const bytes = Number.parseInt(rest.slice(0, 4), 16);
    if (![256, 512, 768, 1024].includes(bytes - 16) || rest.length < 4 + bytes * 2) throw new Wrong('record');
    const record = aeadOpen(keys.key, nonceOf(keys.nonce, at), rest.slice(4, 4 + bytes * 2), '');
    const length = Number.parseInt(record.slice(2, 6), 16);
    if (!/^0[01]/u.test(record) || length * 2 > record.length - 6) throw new Wrong('head of a record');
    if (!/^0*$/u.test(record.slice(6 + length * 2))) throw new Wrong('padding of a record');
    plain += record.slice(6, 6 + length * 2);
    rest = rest.slice(4 + bytes * 2);
    if (record.startsWith('01')) break;
  }
  if (rest !== '') throw new Wrong('after the last record');
  return plain;
}

/** RFC 9180, receiver in base mode. */
function hpke(
  privateKey: string,
  publicKey: string,
  enc: string,
  info: string,
): Keys & { readonly exporter: string } {
  const kem = `${text('KEM')}0020`;
  const suite = `${text('HPKE')}002000010003`;
  const extracted = (id: string, salt: string, label: string, input: string): string =>
    extract(salt, text('HPKE-v1') + id + text(label) + input);
  const expanded = (
    id: string,
    key: string,
    label: string,
    [context, bytes]: readonly [string, number],
  ): string => expand(key, number(bytes, 2) + text('HPKE-v1') + id + text(label) + context, bytes);
  const shared = expanded(kem, extracted(kem, '', 'eae_prk', x25519(privateKey, enc)), 'shared_secret', [
    enc + publicKey,
    32,
  ]);
  const context = `00${extracted(suite, '', 'psk_id_hash', '')}${extracted(suite, '', 'info_hash', info)}`;
  const secret = extracted(suite, shared, 'secret', '');
  const exporterSecret = expanded(suite, secret, 'exp', [context, 32]);
  return {
    key: expanded(suite, secret, 'key', [context, 32]),
    nonce: expanded(suite, secret, 'base_nonce', [context, 12]),
    exporter: expanded(suite, exporterSecret, 'sec', [text('tern/1 response'), 32]),
  };
}

function keysOf(prk: string, label: string): Keys {
  return {
    key: expand(prk, text(`tern/1 ${label} key`), 32),
    nonce: expand(prk, text(`tern/1 ${label} nonce`), 12),
  };
}

export interface Opened {
  readonly plaintext: string;
  readonly secret: string;
  readonly salt: string;
}

/** SPEC.md, "request under a card's key" */
export function openUnderKey(
  request: string,
  relay: string,
  keyPair: { readonly privateKey: string; readonly publicKey: string },
): Opened {
  if (!request.startsWith('0101')) throw new Wrong('another kind of request');
  const [header, enc] = [request.slice(0, 20), request.slice(20, 84)];
  const info = text('tern/1 request\0') + header + relay;
  const context = hpke(keyPair.privateKey, keyPair.publicKey, enc, info);
  return { plaintext: openRecords(context, request.slice(84)), secret: context.exporter, salt: enc };
}

/** SPEC.md, "request under a ticket" */
export function openUnderTicket(
  request: string,
  relay: string,
  ticket: { readonly secret: string; readonly sharePrivateKey: string },
): Opened {
  if (!request.startsWith('0102')) throw new Wrong('another kind of request');
  const header = request.slice(0, 164);
  const info = text('tern/1 request\0') + header + relay;
  const agreed = x25519(ticket.sharePrivateKey, header.slice(-64));
  const prk = extract(ticket.secret, text('tern/1 ticket request\0') + agreed + info);
  return {
    plaintext: openRecords(keysOf(prk, 'request'), request.slice(164)),
    secret: expand(prk, text('tern/1 response'), 32),
    salt: header.slice(36, 100),
  };
}

/** SPEC.md, "sealed response" @returns its plaintext, and the secret of a ticket it brought */
export function openResponse(
  response: string,
  exchange: { readonly secret: string; readonly salt: string },
): { readonly plaintext: string; readonly ticketSecret: (id: string) => string } {
  if (!response.startsWith('0101')) throw new Wrong('another kind of response');
  const prk = extract(exchange.salt + response.slice(4, 68), exchange.secret);
  return {
    plaintext: openRecords(keysOf(prk, 'response'), response.slice(68)),
    ticketSecret: (id) => expand(prk, text('tern/1 ticket\0') + id, 32),
  };
}

/** SPEC.md, "Entries" */
export function openBody(body: string, key: string, context: string): string {
  const own = expand(extract(body.slice(0, 32), key), text('tern/1 body'), 32);
  const padded = aeadOpen(own, '00'.repeat(12), body.slice(32), context);
  const length = Number.parseInt(padded.slice(0, 8), 16);
  if (length * 2 > padded.length - 8) throw new Wrong('length of a body');
  return padded.slice(8, 8 + length * 2);
}
