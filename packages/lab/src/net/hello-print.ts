/**
 * A fingerprint of a ClientHello as censors take them: JA4 (FoxIO, BSD licence), and a coarser reading that only tells browsers from
 * programs. Neither needs anything but the hello.
 */
import { createHash } from 'node:crypto';

import { isGrease, type ClientHello } from './client-hello.ts';

const nameExtension = 0x0000;
const alpnExtension = 0x0010;
const encryptedHelloExtension = 0xfe0d;

/** JA4 for TLS over TCP, like `t13d1516h2_8daaf6152771_02713d6af862`. */
export function ja4Of(hello: ClientHello): string {
  const ciphers = hello.ciphers.filter((cipher) => !isGrease(cipher));
  const extensions = hello.extensions.filter((extension) => !isGrease(extension));
  const head = `t${versionText(hello.version)}${hello.name === '' ? 'i' : 'd'}${count(ciphers)}${count(extensions)}${protocolText(hello)}`;
  const sorted = extensions.filter((one) => one !== nameExtension && one !== alpnExtension);
  const algorithms = hello.signatureAlgorithms.filter((one) => !isGrease(one)).map(hex);
  const second = [
    sorted.map(hex).sort().join(','),
    ...(algorithms.length > 0 ? [algorithms.join(',')] : []),
  ].join('_');
  return `${head}_${shortHash(ciphers.map(hex).sort().join(','))}_${shortHash(second)}`;
}

/** Whether it has the marks of a browser: GREASE (Chromium, Safari) or a real or greased encrypted hello (Firefox). */
export function looksLikeBrowser(hello: ClientHello): boolean {
  return hello.extensions.some((one) => isGrease(one) || one === encryptedHelloExtension);
}

function versionText(version: number): string {
  if (version === 0x0304) return '13';
  if (version === 0x0303) return '12';
  if (version === 0x0302) return '11';
  return version === 0x0301 ? '10' : '00';
}

function protocolText(hello: ClientHello): string {
  const [first = ''] = hello.alpn;
  return first === '' ? '00' : `${first.slice(0, 1)}${first.slice(-1)}`;
}

function count(list: readonly number[]): string {
  return String(Math.min(99, list.length)).padStart(2, '0');
}

function hex(value: number): string {
  return value.toString(16).padStart(4, '0');
}

function shortHash(text: string): string {
  return text === '' ? '000000000000' : createHash('sha256').update(text).digest('hex').slice(0, 12);
}
