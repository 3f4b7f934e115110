import { MalformedError } from '@tern/protocol';

/** @returns undefined where bytes or values are not what the work takes them for */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof MalformedError) return undefined;
    throw cause;
  }
}
