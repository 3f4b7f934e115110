/** The published rule of the detector of fully encrypted traffic: five exemptions, and what fits none of them is noise. */
import { looksLikeHttp, looksLikeTls } from './permitted-beginning.ts';

/** Bits set per byte: noise has about four. */
const fewestBits = 3.4;
const mostBits = 4.6;
const printableBeginning = 6;
const mostPrintableShare = 0.5;
const longestPrintableRun = 20;

export function looksLikeNoise(payload: Uint8Array): boolean {
  if (payload.length === 0) return false;
  let bits = 0;
  let printable = 0;
  let run = 0;
  let longest = 0;
  let beginning = 0;
  for (const [place, byte] of payload.entries()) {
    bits += bitsOf(byte);
    const isText = byte >= 0x20 && byte <= 0x7e;
    run = isText ? run + 1 : 0;
    longest = Math.max(longest, run);
    if (isText) printable += 1;
    if (isText && place < printableBeginning) beginning += 1;
  }
  const density = bits / payload.length;
  if (density <= fewestBits || density >= mostBits) return false;
  if (beginning === printableBeginning || longest > longestPrintableRun) return false;
  if (printable / payload.length > mostPrintableShare) return false;
  return !looksLikeTls(payload) && !looksLikeHttp(payload);
}

function bitsOf(byte: number): number {
  let rest = byte;
  let bits = 0;
  while (rest > 0) {
    bits += rest & 1;
    rest >>= 1;
  }
  return bits;
}
