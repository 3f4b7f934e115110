/**
 * What the messenger of comparison says over its WebSocket: a short head in JSON, and bytes behind it. Everybody is trusted here, so
 * there is neither encryption nor a check of who speaks; both would only add bytes.
 */
export type Head =
  /** who is on this socket; first of all */
  | { readonly kind: 'hello'; readonly name: string }
  /** a text, or a piece of a file: `at` of `size` bytes */
  | {
      readonly kind: 'message';
      readonly id: string;
      readonly from: string;
      readonly to: string;
      readonly file?: { readonly name: string; readonly at: number; readonly size: number };
    }
  /** to the sender: it is stored; from the receiver: it is here */
  | { readonly kind: 'have'; readonly id: string };

export interface Frame {
  readonly head: Head;
  readonly body: Uint8Array;
}

export function encodeFrame({ head, body }: Frame): Uint8Array {
  const words = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(2);
  length.writeUInt16BE(words.length);
  return Buffer.concat([length, words, body]);
}

export function decodeFrame(bytes: Uint8Array): Frame {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = 2 + buffer.readUInt16BE(0);
  return { head: JSON.parse(buffer.toString('utf8', 2, end)) as Head, body: buffer.subarray(end) };
}
