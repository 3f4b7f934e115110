import {
  base32Bytes,
  chunkIdOf,
  concat,
  decodeEntry,
  encodeEntry,
  entryIdOf,
  limits,
  openBody,
  sealBody,
  utf8,
  type ChunkId,
  type EntryId,
  type LogId,
  type Primitives,
  type World,
} from '@tern/protocol';

/** An entry with what must lie beside the log where it does not travel inline (rule 15). */
export interface MadeEntry {
  readonly entry: Uint8Array;
  readonly id: EntryId;
  readonly chunk?: Uint8Array;
}

function contextOf(log: LogId): Uint8Array {
  return concat(utf8('tern/1 entry\0'), base32Bytes(log));
}

/** Wraps what is for a log's readers, so that nothing on the relay parses as MLS (rule 19). @throws {MalformedError} when it is too long */
export function makeEntry(
  parts: { readonly primitives: Primitives; readonly world: World },
  log: LogId,
  content: { readonly wrap: Uint8Array; readonly plaintext: Uint8Array },
): MadeEntry {
  const { primitives, world } = parts;
  const body = sealBody(primitives, content.wrap, {
    plaintext: content.plaintext,
    salt: world.randomBytes(16),
    context: contextOf(log),
  });
  return entryOfBody(primitives, log, body);
}

/** @param body of an inline size, or else it becomes a chunk */
function entryOfBody(primitives: Primitives, log: LogId, body: Uint8Array): MadeEntry {
  const inline = limits.inlineEntryBytes.some((size) => size === body.length + 1);
  const entry = encodeEntry(
    inline
      ? { kind: 'inline', body }
      : { kind: 'chunk', chunk: chunkIdOf(primitives, body), length: body.length },
  );
  const made = { entry, id: entryIdOf(primitives, log, entry) };
  return inline ? made : { ...made, chunk: body };
}

/** An entry as a reader got it; `body` is there also when it had to be fetched as a chunk. */
export interface ArrivedEntry {
  readonly seq: number;
  readonly number: number;
  readonly entry: Uint8Array;
  readonly body: Uint8Array;
  /** seconds since 1970 */
  readonly at: number;
  readonly next?: { readonly payload: Uint8Array; readonly signature: Uint8Array };
}

/** The chunk an entry names; undefined for one that carries its body. @throws {MalformedError} */
export function chunkOfEntry(
  entry: Uint8Array,
): { readonly chunk: ChunkId; readonly length: number } | undefined {
  const decoded = decodeEntry(entry);
  return decoded.kind === 'chunk' ? decoded : undefined;
}

/** @returns undefined for what was not wrapped for this log under this key */
export function openArrived(
  primitives: Primitives,
  log: LogId,
  wrapped: { readonly wrap: Uint8Array; readonly body: Uint8Array },
): Uint8Array | undefined {
  return openBody(primitives, wrapped.wrap, { body: wrapped.body, context: contextOf(log) });
}
