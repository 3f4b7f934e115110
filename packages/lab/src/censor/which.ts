/** The fields that every rule has: which connections it looks at, and when. */
import { addresses, flag, names, number, oneOf, ports, type Fields } from '../scenario/field.ts';

export type Which = {
  /** `border`: only what has one end outside the country; `all`: domestic connections too. */
  readonly scope: 'border' | 'all';
  /** Only what was opened by a client of this ISP; else also what comes to it. */
  readonly openedInside: boolean;
  /** Patterns for the name in the ClientHello (or DNS question). Empty: any flow, also one without a name. */
  readonly names: readonly string[];
  readonly exceptNames: readonly string[];
  /** The server's. Empty: any. */
  readonly addresses: readonly string[];
  readonly exceptAddresses: readonly string[];
  /** The server's. Empty: any. */
  readonly ports: readonly number[];
  readonly exceptPorts: readonly number[];
  /** The rule bites from so many seconds after the block began ... */
  readonly beginSeconds: number;
  /** ... and no longer from here on. 0: it never ends. */
  readonly endSeconds: number;
};

const longestRunSeconds = 86_400;

export const whichFields: Fields<Which> = {
  scope: oneOf(['border', 'all'], 'border'),
  openedInside: flag(true),
  names: names([]),
  exceptNames: names([]),
  addresses: addresses([]),
  exceptAddresses: addresses([]),
  ports: ports([]),
  exceptPorts: ports([]),
  beginSeconds: number({ least: 0, most: longestRunSeconds }, 0),
  endSeconds: number({ least: 0, most: longestRunSeconds }, 0),
};
