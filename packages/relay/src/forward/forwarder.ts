import type { ForwardTrouble, Hint, Primitives, RelayId, World } from '@tern/protocol';
import type { RelayLimits } from '../limits-table.ts';

/** What came of a request that was handed on: the far relay's answer as far as it came, and why no more of it did. */
export interface Forwarded {
  readonly bytes: Uint8Array;
  /** undefined where the answer is whole */
  readonly trouble?: ForwardTrouble;
}

/** The same, and whether the far relay had proved itself and there was a connection: what went wrong after that may be the request's doing. */
export interface Delivered extends Forwarded {
  readonly stood: boolean;
}

export interface ForwardAsk {
  readonly to: Hint;
  readonly request: Uint8Array;
  /** how long the far relay may keep its answer back */
  readonly waitSeconds: number;
  /** the longest answer that is of use */
  readonly roomBytes: number;
  readonly signal: AbortSignal;
}

/** For whom something is handed on: who pays. */
export interface Payer {
  /** names the client's path */
  readonly path: string;
  readonly source?: string;
}

/** Hands sealed requests on to other relays (rule 29). What it knows of them is in memory only. */
export interface Forwarder extends AsyncDisposable {
  /**
   * @returns `quota` where the payer, or everybody together, has used up what there is
   * @throws the signal's reason
   */
  forward(ask: ForwardAsk, payer: Payer): Promise<Forwarded | 'quota'>;
  /** The same for a request that was kept, and was billed when it was. */
  deliver(ask: ForwardAsk): Promise<Delivered>;
  /** Bills a request that is to be kept. @returns false where the payer has used up what there is */
  mayKeep(ask: Pick<ForwardAsk, 'to' | 'request'>, payer: Payer): boolean;
  /** false for what can be seen to be no address of another relay without asking anybody */
  mayReach(to: Hint): boolean;
  /** Ends what is under way: everybody is answered now. */
  hurry(): void;
}

/** What a relay gives to its forwarder. */
export interface ForwarderParts {
  /** the relay itself, to which nothing is handed on */
  readonly relay: RelayId;
  readonly limits: RelayLimits;
  readonly world: World;
  readonly primitives: Primitives;
}
