import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { UsageError } from '@tern/protocol';

/** A chain with the server's own certificate first, and that one's key, both PEM. */
export interface CertificatePair {
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
}

/** Which certificate a TLS server shows to whom. */
export interface Certificates {
  /** of the first pair, for clients that name no server or one that no certificate is for */
  readonly settings: SecureContextOptions;
  readonly SNICallback: (name: string, done: (error: Error | null, context?: SecureContext) => void) => void;
  /** whether a client that asks for this host, a name or an IP address, is shown a certificate for it */
  covers(host: string): boolean;
}

/**
 * A client resumes its session whichever of the relay's ports and names it comes to, and a handshake that resumes brings half of the
 * bytes: so all contexts share their ticket keys.
 * @param shared.ticketKeys 48 random bytes
 * @throws {UsageError} for a certificate that is none, or one that is not that key's
 */
export function certificatesOf(
  pairs: readonly [CertificatePair, ...CertificatePair[]],
  { ticketKeys }: { readonly ticketKeys: Uint8Array },
): Certificates {
  const [first] = pairs;
  const settingsOf = ({ cert, key }: CertificatePair): SecureContextOptions => ({
    cert: Buffer.from(cert),
    key: Buffer.from(key),
    ticketKeys: Buffer.from(ticketKeys),
    sessionIdContext: 'relay',
  });
  const known = pairs.map((pair, index) => {
    try {
      return {
        certificate: new X509Certificate(Buffer.from(pair.cert)),
        context: createSecureContext(settingsOf(pair)),
      };
    } catch (cause) {
      const which = pairs.length === 1 ? '' : ` (pair ${index + 1} of ${pairs.length})`;
      throw new UsageError(`the certificate and its key cannot be used${which}`, { cause });
    }
  });
  const forName = (name: string): (typeof known)[number] | undefined =>
    known.find(({ certificate }) => certificate.checkHost(name) !== undefined);
  return {
    settings: settingsOf(first),
    SNICallback: (name, done) => done(null, forName(name)?.context),
    covers: (host) =>
      isIP(host) === 0 ? forName(host) !== undefined : known[0]?.certificate.checkIP(host) !== undefined,
  };
}
