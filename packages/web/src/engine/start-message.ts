import { fieldsOf } from '../bridge/message.ts';

/** The first words between a page and the worker it made: the worker says that it listens, is told as what it runs, and says that it does. */
export const workerReady = 'ready';
export const workerStarted = 'started';

export interface StartMessage {
  readonly kind: 'start';
  /** tells this engine from every other, 16 random bytes as text */
  readonly engine: string;
  /** of the app: a page of another version does not talk to this engine */
  readonly version: string;
}

/** @returns undefined for anything else */
export function decodeStartMessage(message: unknown): StartMessage | undefined {
  const { kind, engine, version } = fieldsOf(message) ?? {};
  if (kind !== 'start' || typeof engine !== 'string' || typeof version !== 'string') return undefined;
  return { kind, engine, version };
}
