/**
 * Two ways in which boxes read a ClientHello. The *naive* one looks at single packets and never sees a name that lies in the second one;
 * the *reassembling* one puts the opener's first bytes together, in whatever order and however often they come.
 */
import { longestHelloBytes, readHello, type HelloReading } from '../net/client-hello.ts';

export type Reading = 'naive' | 'reassembling';

/** As many segments of a hello we keep; an honest one has three at most. */
const mostPieces = 64;
const handshakeRecord = 22;
const halfOfAllSequences = 2 ** 31;

/** The name in a packet that begins with a ClientHello, cut or not; undefined: none to be seen. Empty: a whole hello without one. */
export function glimpseName(payload: Uint8Array): string | undefined {
  if (payload[0] !== handshakeRecord) return undefined;
  const reading = readHello(payload);
  if (reading.kind === 'none') return undefined;
  return reading.kind === 'part' ? reading.name : reading.hello.name;
}

type Piece = { readonly offset: number; readonly bytes: Uint8Array };

/** Puts together what one side of a TCP connection says first. It keeps at most {@link longestHelloBytes} and {@link mostPieces}. */
export class HelloAssembly {
  #begin: number | undefined;
  readonly #pieces: Piece[] = [];
  #kept = 0;

  /**
   * @param sequence of the first payload byte
   * @param begin the sequence number of the connection's first byte, where it is known; else the first segment has it
   * @returns `none` when these bytes cannot become a hello any more
   */
  add(payload: Uint8Array, sequence: number, begin: number | undefined): HelloReading {
    this.#begin ??= begin ?? sequence;
    const offset = (sequence - this.#begin) >>> 0;
    // a keep-alive lies before the beginning, and says nothing
    if (offset >= halfOfAllSequences) return { kind: 'part', name: undefined };
    if (offset > longestHelloBytes) return { kind: 'none' };
    if (this.#pieces.length >= mostPieces || this.#kept + payload.length > 2 * longestHelloBytes)
      return { kind: 'none' };
    // a copy: the engine may reuse the packet's memory
    this.#pieces.push({ offset, bytes: payload.slice() });
    this.#kept += payload.length;
    const bytes = this.#fromTheBeginning();
    return bytes.length === 0 ? { kind: 'part', name: undefined } : readHello(bytes);
  }

  #fromTheBeginning(): Uint8Array {
    const inOrder = this.#pieces.toSorted((one, other) => one.offset - other.offset);
    const joined = new Uint8Array(Math.max(...inOrder.map(({ offset, bytes }) => offset + bytes.length)));
    let there = 0;
    for (const { offset, bytes } of inOrder) {
      if (offset > there) break;
      joined.set(bytes, offset);
      there = Math.max(there, offset + bytes.length);
    }
    return joined.subarray(0, there);
  }
}
