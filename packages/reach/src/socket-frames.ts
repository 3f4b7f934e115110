import { limits, MalformedError } from '@tern/protocol';

/**
 * One WebSocket carries many requests at once. Each message on it is one frame: a byte that says what it is, the request's
 * number (4 B, chosen by the one who asks, never twice on one socket), and bytes that are opaque here.
 *
 *     asks      1 request | 2 cancel | 3 ping (the byte alone)
 *     answers  17 piece | 18 last piece | 19 cut | 20 pong (the byte alone)
 */
export type AskFrame =
  | { readonly kind: 'request'; readonly number: number; readonly bytes: Uint8Array }
  /** nobody waits for this answer any more */
  | { readonly kind: 'cancel'; readonly number: number }
  /** asks for a pong; browsers offer no pings of the protocol's own */
  | { readonly kind: 'ping' };

export type AnswerFrame =
  /** `last`: the answer is whole with it */
  | { readonly kind: 'piece'; readonly number: number; readonly bytes: Uint8Array; readonly last: boolean }
  /** there is no more of this answer, and it is not whole */
  | { readonly kind: 'cut'; readonly number: number }
  | { readonly kind: 'pong' };

/** A piece is small, so that answers on one socket take turns. */
export const socketPieceBytes: number = 16_384;
/** of a frame before its bytes */
export const socketHeadBytes: number = 5;

const codes = { request: 1, cancel: 2, ping: 3, piece: 17, lastPiece: 18, cut: 19, pong: 20 } as const;

export function encodeAsk(frame: AskFrame): Uint8Array<ArrayBuffer> {
  switch (frame.kind) {
    case 'request':
      return encoded(codes.request, frame.number, frame.bytes);
    case 'cancel':
      return encoded(codes.cancel, frame.number);
    case 'ping':
      return Uint8Array.of(codes.ping);
  }
}

export function encodeAnswer(frame: AnswerFrame): Uint8Array<ArrayBuffer> {
  switch (frame.kind) {
    case 'piece':
      return encoded(frame.last ? codes.lastPiece : codes.piece, frame.number, frame.bytes);
    case 'cut':
      return encoded(codes.cut, frame.number);
    case 'pong':
      return Uint8Array.of(codes.pong);
  }
}

/**
 * @param mostBytes that a request may have; a batch with its sealing unless given
 * @throws {MalformedError} for anything but one whole frame of those that are asked with
 */
export function decodeAsk(
  frame: Uint8Array,
  mostBytes: number = limits.batchBytes + sealingRoomBytes,
): AskFrame {
  switch (frame[0]) {
    case codes.request:
      return { kind: 'request', ...numbered(frame, mostBytes) };
    case codes.cancel:
      return { kind: 'cancel', number: numbered(frame, 0).number };
    case codes.ping:
      return alone(frame, { kind: 'ping' });
    case undefined:
    default:
      throw new MalformedError('not a frame that asks');
  }
}

/** @throws {MalformedError} for anything but one whole frame of those that are answered with */
export function decodeAnswer(frame: Uint8Array): AnswerFrame {
  switch (frame[0]) {
    case codes.piece: {
      const piece = numbered(frame, socketPieceBytes);
      if (piece.bytes.length === 0) throw new MalformedError('a piece without bytes');
      return { kind: 'piece', ...piece, last: false };
    }
    case codes.lastPiece:
      return { kind: 'piece', ...numbered(frame, socketPieceBytes), last: true };
    case codes.cut:
      return { kind: 'cut', number: numbered(frame, 0).number };
    case codes.pong:
      return alone(frame, { kind: 'pong' });
    case undefined:
    default:
      throw new MalformedError('not a frame that answers');
  }
}

/** What sealing adds to a batch is less. */
const sealingRoomBytes = 8192;

function encoded(
  code: number,
  number: number,
  bytes: Uint8Array = new Uint8Array(),
): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(socketHeadBytes + bytes.length);
  frame[0] = code;
  new DataView(frame.buffer).setUint32(1, number);
  frame.set(bytes, socketHeadBytes);
  return frame;
}

function numbered(
  frame: Uint8Array,
  mostBytes: number,
): { readonly number: number; readonly bytes: Uint8Array } {
  if (frame.length < socketHeadBytes) throw new MalformedError('a frame is cut');
  if (frame.length > socketHeadBytes + mostBytes) throw new MalformedError('a frame is too long');
  const number = new DataView(frame.buffer, frame.byteOffset).getUint32(1);
  return { number, bytes: frame.subarray(socketHeadBytes) };
}

function alone<T>(frame: Uint8Array, as: T): T {
  if (frame.length !== 1) throw new MalformedError('a frame is too long');
  return as;
}
