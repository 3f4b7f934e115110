import { UnreachableError } from '@tern/protocol';
import type { Ended } from './attempt-report.ts';
import type { Way } from './way.ts';

export interface OpenOptions {
  readonly signal: AbortSignal;
  /** pieces small enough that a cut costs little; false where a way is known to carry anything */
  readonly small: boolean;
  /** connections are known to freeze here: what is saved of a handshake carries more of the rest */
  readonly freezes?: boolean;
  /** told by whoever can see it, with the address where it is the one that was dialled, or the one that was not because nobody should */
  readonly reached: (stage: 'started' | 'resolved' | 'connected', address?: string) => void;
  /** Resolves when its hello may leave; awaited by whoever can wait between connecting and greeting. @throws the signal's reason */
  readonly mayGreet?: (options: { readonly signal: AbortSignal }) => Promise<void>;
}

/** Opens connections of one kind. It decides nothing: which way, when and how long is the dialer's business. */
export interface Carrier {
  /** for people: `https`, `forward` */
  readonly name: string;
  /** nothing of a connection can be seen: its hello leaves with its first request, and has been answered when that is */
  readonly blind?: boolean;
  /** Resolves when requests may be sent, over TLS with a right certificate. @throws {DialError} @throws the signal's reason */
  open(way: Way, options: OpenOptions): Promise<Connection>;
}

/** Carries exchanges one after the other, or many at once where it is `shared`. */
export interface Connection {
  readonly shared: boolean;
  /** false once anybody has closed it */
  readonly usable: boolean;
  /**
   * @param options `heldMs`, `bulk` as whoever asks said; `last`: nothing more will be asked on it; `steady`: connections here are known to
   * carry anything, so that a long wait may be probed now and then
   * @throws {UnreachableError} a {@link DialError} where the platform says how it ended @throws the signal's reason
   */
  exchange(
    request: Uint8Array,
    options: {
      readonly signal: AbortSignal;
      readonly heldMs: number;
      readonly bulk: boolean;
      readonly last: boolean;
      readonly steady?: boolean;
    },
  ): AsyncIterable<Uint8Array>;
  /** One on which an answer is owed is given up, where the platform lets us: nothing more leaves it. */
  close(options?: CloseOptions): void;
}

export interface CloseOptions {
  /** what lies beside it died without a word, and so may it have: it is given up as well */
  readonly doubted?: boolean;
}

const codes: Readonly<Partial<Record<Ended, string>>> = {
  silent: 'silent',
  closed: 'cut',
  'not-a-relay': 'not-a-relay',
};

/** How one attempt ended. Its code is one that callers know; `ended` says it more finely. */
export class DialError extends UnreachableError {
  readonly ended: Ended;

  constructor(ended: Ended, message: string, options: ErrorOptions = {}) {
    super(message, { ...options, code: codes[ended] ?? 'unreachable' });
    this.ended = ended;
  }
}

/** How an error reads where nobody said more. */
export function endedBy(error: unknown): Ended {
  if (error instanceof DialError) return error.ended;
  if (!(error instanceof UnreachableError)) return 'left';
  if (error.code === 'silent') return 'silent';
  if (error.code === 'cut') return 'closed';
  return error.code === 'not-a-relay' ? 'not-a-relay' : 'failed';
}

/** What was to be kept back did not come, or would not: whoever asked asks anew, and for less. */
export function unheld(): UnreachableError {
  return new UnreachableError('what was kept back did not come', { code: 'unheld' });
}
