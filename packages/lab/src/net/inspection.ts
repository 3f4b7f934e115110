import { type Packet } from './packet.ts';

/** What one ISP sees of one packet. */
export interface Sight {
  readonly packet: Packet;
  /** Milliseconds since the engine began. */
  readonly at: number;
  /** Whether it leaves a host of this ISP; else it is on its way to one. */
  readonly up: boolean;
  /** Whether one of its ends is outside the censored country. */
  readonly border: boolean;
  /** A number from 0 up to 1, from the run's seed. */
  readonly chance: () => number;
}

/**
 * What becomes of it. `rule` is the place in the policy of what bit. Injected packets are delivered to the host that has their target address,
 * over its access link and without another look; what nobody has the address for is lost.
 */
export type Verdict =
  | { readonly kind: 'pass' }
  | { readonly kind: 'drop'; readonly rule: number }
  | {
      readonly kind: 'inject';
      readonly rule: number;
      readonly packets: readonly Packet[];
      readonly drop: boolean;
    };

/** The censor of one ISP, as the engine calls it: once for each packet of its hosts, in the order of their arrival at the router. */
export type Inspect = (sight: Sight) => Verdict;
