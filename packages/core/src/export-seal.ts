import {
  concat,
  equalBytes,
  hash,
  hkdfExpand,
  MalformedError,
  uintBytes,
  utf8,
  type Primitives,
  type World,
} from '@tern/protocol';

/**
 * Argon2id version 0x13 (RFC 9106) with one lane. It comes from outside because a terminal has a fast one in WebAssembly,
 * and a page whose content policy forbids WebAssembly has not; both give the same bytes.
 */
export type Argon2id = (from: Argon2idInput) => Promise<Uint8Array>;

export interface Argon2idInput {
  /** not empty */
  readonly password: Uint8Array;
  readonly salt: Uint8Array;
  readonly memoryKiB: number;
  readonly passes: number;
  /** of the result */
  readonly bytes: number;
}

/** What one guess of the passphrase costs. */
export interface ExportCost {
  readonly memoryKiB: number;
  readonly passes: number;
}

/** A file that leaves the home can be guessed at anywhere and for ever, so a guess costs a second. */
const defaultCost: ExportCost = { memoryKiB: 131_072, passes: 4 };

/** Below the lower one guessing is cheap; above the upper one a hostile file could take the machine's memory or time. */
const costLimits = { memoryKiB: [19_456, 262_144], passes: [2, 8] } as const;

/** Nothing larger is read into memory, nor written. */
export const largestExportBytes: number = 256 * 1024 * 1024;

const magic: Uint8Array = utf8('TERNEXPORT');
const version = 1;
const saltBytes = 16;
const checkBytes = 16;
const sumBytes = 8;
const tagBytes = 16;
const costAt: number = magic.length + 1;
const saltAt: number = costAt + 5;
const checkAt: number = saltAt + saltBytes;
const sumAt: number = checkAt + checkBytes;
const headBytes: number = sumAt + sumBytes;

interface OpenParts {
  readonly primitives: Primitives;
  readonly argon2id: Argon2id;
}

interface SealParts extends OpenParts {
  readonly world: Pick<World, 'randomBytes'>;
}

/**
 * One file under one passphrase: magic, version, cost, salt, a check of the passphrase, a sum of all that; then the content
 * under ChaCha20-Poly1305. The key comes from a salt that is used once, so the nonce can be zero.
 * @throws {MalformedError} for more than an export may hold
 */
export async function sealExport(
  parts: SealParts,
  content: Uint8Array,
  options: { readonly passphrase: string; readonly cost?: ExportCost },
): Promise<Uint8Array> {
  if (content.length > largestExportBytes - headBytes - tagBytes) {
    throw new MalformedError(`an export has at most ${largestExportBytes} bytes`);
  }
  const { primitives, world } = parts;
  const cost = options.cost ?? defaultCost;
  const salt = world.randomBytes(saltBytes);
  const keys = await keysOf(parts, { passphrase: options.passphrase, salt, cost });
  const begin = concat(
    magic,
    uintBytes(version, 1),
    uintBytes(cost.memoryKiB, 4),
    uintBytes(cost.passes, 1),
    salt,
    keys.check,
  );
  const head = concat(begin, sumOf(primitives, begin));
  return concat(head, primitives.seal(keys.seal, zeroNonce, content, head));
}

export type OpenedExport =
  | { readonly kind: 'opened'; readonly content: Uint8Array }
  | { readonly kind: 'wrong-passphrase' }
  /** a version that this one does not know */
  | { readonly kind: 'newer' };

/** @throws {MalformedError} for what is no export, or was damaged */
export async function openExport(
  parts: OpenParts,
  bytes: Uint8Array,
  passphrase: string,
): Promise<OpenedExport> {
  const { primitives } = parts;
  if (bytes.length > largestExportBytes)
    throw new MalformedError('this is too large to be an export of Tern');
  if (bytes.length < costAt || !equalBytes(bytes.subarray(0, magic.length), magic)) {
    throw new MalformedError('this is not an export of Tern');
  }
  if (bytes[magic.length] !== version) return { kind: 'newer' };
  const head = bytes.subarray(0, headBytes);
  if (
    bytes.length < headBytes + tagBytes ||
    !equalBytes(head.subarray(sumAt), sumOf(primitives, head.subarray(0, sumAt)))
  ) {
    throw damaged();
  }
  const numbers = new DataView(bytes.buffer, bytes.byteOffset, headBytes);
  const cost: ExportCost = { memoryKiB: numbers.getUint32(costAt), passes: numbers.getUint8(costAt + 4) };
  for (const name of ['memoryKiB', 'passes'] as const) {
    const [least, most] = costLimits[name];
    if (cost[name] < least || cost[name] > most) throw damaged();
  }
  const keys = await keysOf(parts, { passphrase, salt: head.slice(saltAt, checkAt), cost });
  if (!equalBytes(keys.check, head.subarray(checkAt, sumAt))) return { kind: 'wrong-passphrase' };
  const content = primitives.open(keys.seal, zeroNonce, bytes.subarray(headBytes), head);
  if (content === undefined) throw damaged();
  return { kind: 'opened', content };
}

const zeroNonce: Uint8Array = new Uint8Array(12);

interface ExportKeys {
  readonly seal: Uint8Array;
  /** tells a wrong passphrase from a damaged file; a guesser gains nothing, the tag tells as much */
  readonly check: Uint8Array;
}

async function keysOf(
  { primitives, argon2id }: OpenParts,
  from: { readonly passphrase: string; readonly salt: Uint8Array; readonly cost: ExportCost },
): Promise<ExportKeys> {
  const stretched = await argon2id({
    password: utf8(from.passphrase.normalize('NFC')), // the same passphrase from another keyboard is the same bytes (RFC 8265)
    salt: from.salt,
    memoryKiB: from.cost.memoryKiB,
    passes: from.cost.passes,
    bytes: 32,
  });
  return {
    seal: hkdfExpand(primitives, stretched, utf8('tern/1 export seal'), 32),
    check: hkdfExpand(primitives, stretched, utf8('tern/1 export check'), checkBytes),
  };
}

function sumOf(primitives: Primitives, begin: Uint8Array): Uint8Array {
  return hash(primitives, 'export head', begin).subarray(0, sumBytes);
}

function damaged(): MalformedError {
  return new MalformedError('this export was damaged: part of it is missing or changed');
}
