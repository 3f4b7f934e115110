import { blake2b } from '@noble/hashes/blake2.js';
import type { Argon2id, ExportCost } from '@tern/core';
import { concat } from '@tern/protocol';
import { BlockMixer, blockWords, type Words } from './argon2-block.ts';

/*
 * Argon2id of RFC 9106 with one lane, in JavaScript: the content policy of the app forbids WebAssembly. Noble has it too, but its
 * asynchronous variant gives way to promises only, never to messages, and a worker would be deaf for as long as it derives. Tests
 * compare this one with noble's and with published values.
 */

/** Other work of the worker has its turn every few milliseconds. */
export const browserArgon2id: Argon2id = async ({ password, salt, memoryKiB, passes, bytes }) => {
  const blocks = slices * Math.floor(memoryKiB / slices);
  const first = blake2b(
    concat(
      ...[1, bytes, memoryKiB, passes, version, type, password.length].map(little32),
      password,
      little32(salt.length),
      salt,
      little32(0), // no secret
      little32(0), // no associated data
    ),
    { dkLen: 64 },
  );
  const memory = new Int32Array(blocks * blockWords);
  for (const column of [0, 1])
    memory.set(words(longHash(concat(first, little32(column), little32(0)), 1024)), column * blockWords);
  const mixer = new BlockMixer();
  using turns = yielding();
  for (let pass = 0; pass < passes; pass += 1)
    for (let slice = 0; slice < slices; slice += 1)
      await fillSegment({ memory, blocks, pass, passes, slice, mixer }, turns);
  const last = memory.slice((blocks - 1) * blockWords);
  memory.fill(0);
  mixer.erase();
  return longHash(new Uint8Array(last.buffer), bytes);
};

/** Of exports made here: a quarter of the usual, for which JavaScript would need ten seconds. What it opens says its own cost. */
export const browserExportCost: ExportCost = { memoryKiB: 65_536, passes: 2 };

const slices = 4;
const version = 0x13;
const type = 2;
/** of blocks between two looks at the clock; about a millisecond of work */
const blocksALook = 64;
const longestTurnMs = 12;

interface Segment {
  readonly memory: Words;
  readonly blocks: number;
  readonly pass: number;
  readonly passes: number;
  readonly slice: number;
  readonly mixer: BlockMixer;
}

async function fillSegment(
  { memory, blocks, pass, passes, slice, mixer }: Segment,
  turns: { ended(): Promise<void> | undefined },
): Promise<void> {
  const length = blocks / slices;
  // the first half of the first pass looks at places that do not depend on the passcode
  const addresses =
    pass === 0 && slice < 2 ? addressBlocks([pass, 0, slice, blocks, passes, type], mixer) : undefined;
  const begin = pass === 0 && slice === 0 ? 2 : 0;
  const window = { start: pass === 0 || slice === 3 ? 0 : (slice + 1) * length, blocks };
  for (let index = begin; index < length; index += 1) {
    if (index % blocksALook === 0) await turns.ended();
    const at = slice * length + index;
    const before = at === 0 ? blocks - 1 : at - 1;
    const random = addresses?.(index) ?? memory[before * blockWords] ?? 0;
    const area = (pass === 0 ? slice * length : blocks - length) + index - 1;
    const other = referenceBlock(random, area, window);
    mixer.mixInto(memory, {
      one: before * blockWords,
      other: other * blockWords,
      into: at * blockWords,
      keep: pass > 0,
    });
  }
}

/** RFC 9106 section 3.4.2: nearer blocks are likelier. */
function referenceBlock(
  random: number,
  area: number,
  { start, blocks }: { readonly start: number; readonly blocks: number },
): number {
  const x = highProduct(random, random);
  return (start + area - 1 - highProduct(area, x)) % blocks;
}

/** RFC 9106 section 3.4.1.2. @returns the low word of the address for each block of a segment */
function addressBlocks(input: readonly number[], mixer: BlockMixer): (index: number) => number {
  // three blocks: the addresses, the input with its counter, zeros
  const block = new Int32Array(3 * blockWords);
  for (const [at, value] of input.entries()) block[blockWords + 2 * at] = value;
  const counterAt = blockWords + 2 * input.length;
  let made = 0;
  return (index) => {
    const wanted = Math.floor(index / 128) + 1;
    if (made < wanted) {
      made = wanted;
      block[counterAt] = made;
      mixer.mixInto(block, { one: blockWords, other: 2 * blockWords, into: 0, keep: false });
      mixer.mixInto(block, { one: 0, other: 2 * blockWords, into: 0, keep: false });
    }
    return block[2 * (index % 128)] ?? 0;
  };
}

/** The high 32 bits of a product of two unsigned 32-bit numbers. */
function highProduct(a: number, b: number): number {
  const first = Math.imul(a & 0xffff, b & 0xffff) >>> 16;
  const second = Math.imul(a >>> 16, b & 0xffff);
  const cross = first + (second & 0xffff) + (Math.imul(a & 0xffff, b >>> 16) >>> 0);
  return (Math.imul(a >>> 16, b >>> 16) + (second >>> 16) + (cross >>> 16)) >>> 0;
}

/** H' of RFC 9106 section 3.3. */
function longHash(input: Uint8Array, length: number): Uint8Array {
  if (length <= 64) return blake2b(concat(little32(length), input), { dkLen: length });
  const whole = new Uint8Array(length);
  let hash = blake2b(concat(little32(length), input), { dkLen: 64 });
  let at = 0;
  for (; length - at > 64; at += 32) {
    whole.set(hash.subarray(0, 32), at);
    hash = blake2b(hash, { dkLen: Math.min(64, length - at - 32) });
  }
  whole.set(hash, at);
  return whole;
}

function little32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** Little-endian words, as every platform with a browser has them. */
function words(bytes: Uint8Array): Words {
  return new Int32Array(bytes.slice().buffer);
}

/** Lets other work have its turn; a message goes through the queue of all events, which a promise does not. */
function yielding(): { ended(): Promise<void> | undefined } & Disposable {
  const { port1, port2 } = new MessageChannel();
  let next: (() => void) | undefined;
  port1.addEventListener('message', () => next?.());
  port1.start();
  let since = performance.now();
  return {
    ended() {
      if (performance.now() - since < longestTurnMs) return undefined;
      return new Promise((resolve) => {
        next = () => {
          since = performance.now();
          resolve();
        };
        port2.postMessage(undefined);
      });
    },
    [Symbol.dispose]() {
      port1.close();
    },
  };
}
