/** The sums of RFC 1071: 16-bit words, each carry added again. */

/** Adds `length` bytes from `offset` to a sum that is not folded yet. An odd last byte counts as the high half of a word. */
function addWords(view: DataView, offset: number, length: number): number {
  let sum = 0;
  const even = offset + (length & ~1);
  for (let at = offset; at < even; at += 2) sum += view.getUint16(at);
  if (length % 2 === 1) sum += view.getUint8(even) * 256;
  return sum;
}

/** What goes into the packet: the carries folded in, the bits turned over. */
function finish(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
}

/** Of an IPv4 header of `length` bytes; 0 says that the header carries the sum it should. */
export function headerChecksum(view: DataView, length: number): number {
  return finish(addWords(view, 0, length));
}

/** Of a TCP or UDP segment with its pseudo header (RFC 9293 3.1); 0 says that the segment carries the sum it should. */
export function segmentChecksum(packet: DataView, headerLength: number, protocol: number): number {
  const length = packet.byteLength - headerLength;
  return finish(addWords(packet, 12, 8) + protocol + length + addWords(packet, headerLength, length));
}
