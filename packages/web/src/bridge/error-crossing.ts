import { StorageError } from '@tern/core';
import { MalformedError, RefusedError, TernError, UnreachableError, UsageError } from '@tern/protocol';
import { fieldsOf } from './message.ts';

/** What of an exception crosses a line: whose fault it was, what to branch on, and words for a developer. */
export interface CrossingError {
  readonly class: 'malformed' | 'unreachable' | 'refused' | 'usage' | 'storage' | 'other';
  readonly code: string;
  readonly message: string;
}

/** The code of what was no {@link TernError} at all: a bug at the other end. */
export const brokenCode = 'broken';

export function crossingError(error: unknown): CrossingError {
  if (!(error instanceof TernError)) {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { class: 'other', code: brokenCode, message };
  }
  return { class: classOf(error), code: error.code, message: error.message };
}

function classOf(error: TernError): CrossingError['class'] {
  if (error instanceof MalformedError) return 'malformed';
  if (error instanceof UnreachableError) return 'unreachable';
  if (error instanceof RefusedError) return 'refused';
  if (error instanceof UsageError) return 'usage';
  return error instanceof StorageError ? 'storage' : 'other';
}

/** The exception again, of the class and with the code that it had. */
export function arrivedError(crossed: unknown): TernError {
  const { class: kind, code: said, message: words } = fieldsOf(crossed) ?? {};
  const code = typeof said === 'string' ? said : brokenCode;
  const message = typeof words === 'string' ? words : 'the other side failed without a word';
  switch (kind) {
    case 'malformed':
      return new MalformedError(message);
    case 'unreachable':
      return new UnreachableError(message, { code });
    case 'refused':
      return new RefusedError(code, message);
    case 'usage':
      return new UsageError(message);
    case 'storage':
      return new StorageError(storageCode(code), message);
    default:
      return new TernError(code, message);
  }
}

type StorageCode = ConstructorParameters<typeof StorageError>[0];

const storageCodes: readonly StorageCode[] = [
  'storage-full',
  'storage-busy',
  'storage-damaged',
  'storage-failed',
];

function storageCode(code: string): StorageCode {
  return storageCodes.find((known) => known === code) ?? 'storage-failed';
}
