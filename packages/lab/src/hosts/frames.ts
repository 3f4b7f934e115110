import { MalformedError } from '@tern/protocol';

/** How packets travel between the engine and open-hosts.pl: number of the host, length (16 bits each), bytes. */
export interface Frame {
  readonly host: number;
  readonly bytes: Uint8Array;
}

/** What is sent to this host comes back as it is. */
export const echoHost = 0xffff;

const headerLength = 4;
const longestLength = 0xffff;

/** Puts frames together from a stream cut anywhere. What it gives are views into the pieces. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  *read(piece: Buffer): Generator<Frame> {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    let at = 0;
    while (bytes.length - at >= headerLength) {
      const end = at + headerLength + bytes.readUInt16BE(at + 2);
      if (end > bytes.length) break;
      yield { host: bytes.readUInt16BE(at), bytes: bytes.subarray(at + headerLength, end) };
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }
}

export function frameHeader({ host, bytes }: Frame): Buffer {
  if (bytes.length > longestLength) throw new MalformedError('a frame is longer than its length can say');
  const header = Buffer.allocUnsafe(headerLength);
  header.writeUInt16BE(host, 0);
  header.writeUInt16BE(bytes.length, 2);
  return header;
}
