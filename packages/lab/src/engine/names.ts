import { MalformedError } from '@tern/protocol';

import { parseAddress } from '../net/address.ts';
import { decodeQuery, dnsPort, encodeAnswer } from '../net/dns.ts';
import { makeUdp, protocolUdp, type Packet } from '../net/packet.ts';

const secondsToLive = 60;

/** The world's DNS: whatever resolver is asked, the answer is the same. */
export class Names {
  readonly #addresses = new Map<string, readonly number[]>();

  /** @param table addresses as text by name; @throws {MalformedError} for what is no address */
  constructor(table: Readonly<Record<string, readonly string[]>>) {
    for (const [name, addresses] of Object.entries(table)) this.set(name, addresses);
  }

  set(name: string, addresses: readonly string[]): void {
    this.#addresses.set(name.toLowerCase(), addresses.map(parseAddress));
  }

  delete(name: string): void {
    this.#addresses.delete(name.toLowerCase());
  }

  /** The answer to a message of the DNS, as a resolver gives it; undefined for what is no query. Also for DNS over TCP and over HTTPS. */
  answer(message: Uint8Array): Uint8Array | undefined {
    try {
      const query = decodeQuery(message);
      const addresses = this.#addresses.get(query.name);
      return encodeAnswer(query, {
        code: addresses === undefined ? 'no-such-name' : 'ok',
        addresses: addresses ?? [],
        ttl: secondsToLive,
      });
    } catch (error) {
      if (error instanceof MalformedError) return undefined;
      throw error;
    }
  }
}

export function isDnsQuery(packet: Packet): boolean {
  return packet.protocol === protocolUdp && packet.targetPort === dnsPort;
}

/** The packet that takes the answer back to who asked; undefined where none is due. */
export function answerTo(packet: Packet, names: Names): Packet | undefined {
  const answer = names.answer(packet.payload);
  if (answer === undefined) return undefined;
  const { source, target, sourcePort, targetPort } = packet;
  return makeUdp({ source: target, target: source, sourcePort: targetPort, targetPort: sourcePort }, answer);
}
