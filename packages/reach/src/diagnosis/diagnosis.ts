import type { Observation } from './observation.ts';

export type Way = Observation['way'];

/** What hinders a way or a network. Every one of them is what was seen, never who is to blame. */
export type Cause =
  | { readonly kind: 'works' }
  /** the resolver of this network says that the name does not exist */
  | { readonly kind: 'name-removed' }
  /** something else answers in the relay's place, or the name leads elsewhere */
  | { readonly kind: 'wrong-address' }
  /** connections are broken off by a reset */
  | { readonly kind: 'reset' }
  /** TCP stands, the hello of TLS is never answered */
  | { readonly kind: 'silent-after-hello' }
  /** each connection stops after so much; both directions together */
  | { readonly kind: 'frozen'; readonly bytes: number; readonly packetsEstimate: number }
  | { readonly kind: 'throttled'; readonly bitsPerSecond: number }
  /** everything is slow, not this way only */
  | { readonly kind: 'slow-network' }
  /** silent after many connections in a short time; `seconds`: how long nothing should be tried there yet */
  | { readonly kind: 'banned'; readonly seconds: number }
  /** the connection stands, what is spoken on it is not let through */
  | { readonly kind: 'protocol-refused' }
  /** this network answers, nothing beyond it does */
  | { readonly kind: 'border-cut' }
  | { readonly kind: 'no-network' }
  /** nobody answers at the relay's address while others can be reached: it is off, or its address is blocked */
  | { readonly kind: 'relay-down' }
  | { readonly kind: 'unclear' };

export type CauseKind = Cause['kind'];

/** What gets through: everything, small things only, nothing; `unknown` where nothing was tried lately. */
export type Passes = 'bulk' | 'text' | 'nothing' | 'unknown';

/** Another way tried in the same minute, and how it did. */
export interface Control {
  readonly key: string;
  /** what differs from the way that is judged: the relay, only the name, or only how it is reached */
  readonly arm: 'relay' | 'name' | 'way';
  readonly answered: boolean;
  readonly bitsPerSecond?: number;
}

/** What a cause was found by; all of it was measured here. */
export interface Evidence {
  /** of the rule that decided: {@link wayRules}, {@link networkRules} */
  readonly rule: string;
  /** attempts looked at, without those that were given up by ourselves */
  readonly attempts: number;
  readonly answered: number;
  /** attempts that show the cause */
  readonly alike: number;
  /** since the last attempt that was looked at, ms */
  readonly agoMs: number;
  /** when those that show it ended, ms after they began: the median */
  readonly afterMs?: number;
  /** time of a round trip, as the TCP handshake says: the median */
  readonly roundTripMs?: number;
  /** carried by a connection until it ended, both directions: the median of those that show it */
  readonly bytes?: number;
  readonly bitsPerSecond?: number;
  /** where the system's resolver said the name is */
  readonly address?: string;
  readonly control?: Control;
  /** an app saw it a while ago, and attempts of now do not reach as far or could not be made */
  readonly earlier?: true;
}

export interface Diagnosis {
  /** undefined: over all ways */
  readonly way: Way | undefined;
  readonly cause: Cause;
  readonly passes: Passes;
  readonly evidence: Evidence;
}
