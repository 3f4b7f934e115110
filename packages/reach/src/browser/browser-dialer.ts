import type { World } from '@tern/protocol';
import type { AskedBefore } from '../dialer/asked-before.ts';
import { openDialer, type Dialer } from '../dialer/dialer.ts';
import { browserWorld } from './browser-world.ts';
import { FetchCarrier } from './fetch-carrier.ts';

export interface BrowserDialerOptions {
  readonly world?: World;
  /** after so long without a sign nobody waits any more; 20 s unless given */
  readonly longestSilenceMs?: number;
  /** where a browser says that it is online again; the global scope unless given */
  readonly events?: object;
  /** what asked relays here before */
  readonly askedBefore?: AskedBefore;
}

/**
 * The dialer of a page or a worker. There must be one for all tabs of an origin: a relay's names are paced by it, and two would
 * together start what neither may.
 */
export function browserDialer(options: BrowserDialerOptions = {}): Dialer {
  const { world = browserWorld, longestSilenceMs, askedBefore } = options;
  return openDialer({
    world,
    https: new FetchCarrier(world),
    choosesAddress: false,
    network: connectionType,
    place: countingReturns(options.events ?? globalThis),
    ...(longestSilenceMs !== undefined && { longestSilenceMs }),
    ...(askedBefore !== undefined && { askedBefore }),
  });
}

/** A browser names no network, but says when it is back in one: that may be another. */
function countingReturns(events: object): () => string {
  let returns = 0;
  if (events instanceof EventTarget) events.addEventListener('online', () => (returns += 1));
  return () => `${connectionType()} ${returns}`;
}

/** As much as a browser says of the network it is in: `wifi`, `cellular`, or nothing. */
function connectionType(): string {
  const connection: unknown = Reflect.get(globalThis.navigator ?? {}, 'connection');
  const type: unknown =
    typeof connection === 'object' && connection !== null ? Reflect.get(connection, 'type') : '';
  return typeof type === 'string' && type !== '' ? type : 'unknown';
}
