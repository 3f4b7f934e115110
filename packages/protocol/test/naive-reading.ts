/** The second reading of what SPEC.md draws and says in words: frames, entries, chunk trees, links, signed things. */
import { readTree, Wrong } from './naive-cbor.ts';
import { labelled, number, sha256, text, verifies } from './naive-crypto.ts';
import { base32Of, readStructure, section, type Plain, type PlainObject } from './naive-schema.ts';

/** SPEC.md, "Batches": u24 length | value */
export function frames(hex: string): readonly string[] {
  if (hex === '') return [];
  const end = 6 + Number.parseInt(hex.slice(0, 6), 16) * 2;
  if (Number.isNaN(end) || hex.length < end) throw new Wrong('cut frame');
  return [hex.slice(6, end), ...frames(hex.slice(end))];
}

const operationNames: ReadonlyMap<number, string> = new Map(
  section('operations')
    .split('\n')
    .map((line): readonly [number, string] => {
      const [type = '', name = ''] = line.trim().split(/ +/u);
      return [Number(type), name];
    }),
);

/** @returns header and operations; one that is unknown has no body */
export function readBatch(hex: string): {
  readonly header: Plain;
  readonly operations: readonly PlainObject[];
} {
  if (hex.length > 65_536 * 2) throw new Wrong('too large a batch');
  const [header, ...rest] = frames(hex);
  if (header === undefined || rest.length > 256) throw new Wrong('not a batch');
  return { header: readStructure('batch-header', header), operations: rest.map(readOperation) };
}

function readOperation(hex: string): PlainObject {
  const { type, body, proofs } = readStructure('operation', hex) as PlainObject;
  const name = operationNames.get(Number(type));
  if (name === undefined) return { type: type ?? '', kind: 'unknown', proofs: proofs ?? [] };
  return { kind: name, ...readOperationBody(name, shown(body)), proofs: proofs ?? [] };
}

function shown(value: Plain | undefined): string {
  if (typeof value !== 'string') throw new Wrong('not bytes');
  return value;
}

/** With the conditions that the tables do not show. */
export function readOperationBody(name: string, hex: string): PlainObject {
  const value = readStructure(name, hex) as PlainObject;
  if (name === 'put') {
    const length = Number(value['length']);
    if (length < 1 || Number(value['offset']) + shown(value['bytes']).length / 2 > length)
      throw new Wrong('put');
  }
  if (
    name === 'get' &&
    (Number(value['leaves']) < 1 || Number(value['fromLeaf']) + Number(value['leaves']) > 256)
  )
    throw new Wrong('get');
  if ((name === 'forward' || name === 'defer') && !('relay' in (value['to'] as PlainObject)))
    throw new Wrong('a far relay without a name');
  return value;
}

export function readResponse(hex: string): { readonly header: Plain; readonly items: readonly Plain[] } {
  const [header, ...items] = frames(hex);
  if (header === undefined) throw new Wrong('no header');
  return {
    header: readStructure('response-header', header),
    items: items.map((item) => readStructure('response-item', item)),
  };
}

/** SPEC.md, "proof of an operation" */
export function proofMessage(
  place: { readonly relay: string; readonly batch: string },
  type: number,
  body: string,
): string {
  return text('tern/1 proof\0') + place.relay + place.batch + number(type, 2) + labelled('operation', body);
}

/** @throws {Wrong} unless it is signed by that key under that label @returns the payload */
export function readSigned(hex: string, label: string, key: string | ((payload: string) => string)): string {
  const tree = readTree(hex);
  if (tree.t !== 'list' || tree.of.length !== 2) throw new Wrong('not signed');
  const [payload, signature] = tree.of;
  if (payload?.t !== 'bytes' || signature?.t !== 'bytes' || signature.hex.length !== 128)
    throw new Wrong('not signed');
  const signer = typeof key === 'string' ? key : key(payload.hex);
  if (!verifies(signer, text(`tern/1 ${label}\0`) + payload.hex, signature.hex)) throw new Wrong('signature');
  return payload.hex;
}

/** A policy with what SPEC.md says beside its table. */
export function readPolicy(hex: string): PlainObject {
  const policy = readStructure('policy', hex) as PlainObject;
  const has = (...names: readonly string[]): boolean => names.every((name) => name in policy);
  const lacks = (...names: readonly string[]): boolean => names.every((name) => !(name in policy));
  const first = has('nonce', 'relay') && lacks('log', 'previous');
  const later = has('log', 'previous') && lacks('nonce', 'relay');
  if (policy['number'] === 0 ? !first : !later) throw new Wrong('neither a first policy nor a later one');
  return policy;
}

export function readFrame(hex: string): PlainObject {
  const frame = readStructure('frame', hex) as PlainObject;
  const kind = (frame['load'] as PlainObject)['kind'];
  if (kind !== 'unknown' && (kind === 'content') !== Number(frame['number']) > 0) throw new Wrong('number');
  return frame;
}

/** SPEC.md, "Entries" */
export function readEntry(hex: string): PlainObject {
  if (hex.startsWith('00') && (hex.length === 1024 * 2 || hex.length === 3072 * 2))
    return { kind: 'inline', body: hex.slice(2) };
  if (!hex.startsWith('01') || hex.length !== 37 * 2) throw new Wrong('no entry');
  const length = Number.parseInt(hex.slice(66), 16);
  if (length < 1 || length > 262_144) throw new Wrong('length of a chunk');
  return { kind: 'chunk', chunk: base32Of(hex.slice(2, 66)), length };
}

/** SPEC.md, "Chunks": from the leaves up, without ever holding a tree. */
export function chunkId(hex: string): string {
  return idOfRoot(rootOf(leavesOf(hex)), hex.length / 2);
}

function idOfRoot(root: string, length: number): string {
  return base32Of(labelled('chunk', number(length, 4), root));
}

function leavesOf(hex: string): readonly string[] {
  const leaves = hex.match(/.{1,2048}/gsu) ?? [];
  return leaves.map((leaf) => sha256(`00${leaf}`));
}

function rootOf(leaves: readonly string[]): string {
  const [only, second] = leaves;
  if (only !== undefined && second === undefined) return only;
  const split = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return sha256(`01${rootOf(leaves.slice(0, split))}${rootOf(leaves.slice(split))}`);
}

/** @returns whether the bytes are these leaves of that chunk */
export function rangeIsRight(
  chunk: { readonly id: string; readonly length: number },
  range: {
    readonly from: number;
    readonly to: number;
    readonly bytes: string;
    readonly proof: readonly string[];
  },
): boolean {
  const count = Math.ceil(chunk.length / 1024);
  const end = Math.min(range.to * 1024, chunk.length);
  if (range.from >= range.to || range.to > count || range.bytes.length / 2 !== end - range.from * 1024)
    return false;
  const inside = leavesOf(range.bytes);
  const given = [...range.proof];
  const root = (from: number, to: number): string | undefined => {
    if (to <= range.from || from >= range.to) return given.shift();
    if (to - from === 1) return inside[from - range.from];
    const split = from + 2 ** Math.floor(Math.log2(to - from - 1));
    const [left, right] = [root(from, split), root(split, to)];
    return left === undefined || right === undefined ? undefined : sha256(`01${left}${right}`);
  };
  const found = root(0, count);
  return found !== undefined && given.length === 0 && idOfRoot(found, chunk.length) === chunk.id;
}

/** SPEC.md, "Links" */
export function readLink(link: string): PlainObject {
  const found = /^[^#]*#([ri])([A-Za-z0-9_-]+)$/u.exec(link);
  if (found === null || link.length > 800) throw new Wrong('no link');
  const [, letter, digits = ''] = found;
  const bytes = Buffer.from(digits, 'base64url');
  if (bytes.toString('base64url') !== digits) throw new Wrong('not base64url');
  const value = readStructure(
    letter === 'r' ? 'relay-link' : 'invitation-link',
    bytes.toString('hex'),
  ) as PlainObject;
  if (letter === 'i' && (value['hosts'] as readonly Plain[]).length === 0) throw new Wrong('no host');
  return value;
}
