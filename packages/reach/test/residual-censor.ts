import type { NetworkRules } from '../src/testing/simulated-network.ts';

/** to which every name leads */
export const address = '203.0.113.10';

interface Censor {
  readonly rules: NetworkRules;
  /** when somebody tried to get into a residual */
  readonly tries: number[];
}

/** Hellos with the name `one.example` are reset, and then the address and port are cut, counted anew from whatever is sent there. */
export function censor(
  now: () => number,
  options: { readonly forMs: number; readonly how: 'silence' | 'refuse' },
): Censor {
  const tries: number[] = [];
  const until = new Map<string, number>();
  const addressOf: NonNullable<NetworkRules['addressOf']> = ({ by, host }) =>
    by === 'literal' ? host : address;
  return {
    tries,
    rules: {
      addressOf,
      onConnect(way) {
        const place = `${addressOf(way)} ${way.port}`;
        if ((until.get(place) ?? 0) <= now()) return undefined;
        tries.push(now());
        until.set(place, now() + options.forMs);
        return options.how;
      },
      onHello(way) {
        if (way.serverName !== 'one.example') return undefined;
        until.set(`${addressOf(way)} ${way.port}`, now() + options.forMs);
        return 'reset';
      },
    },
  };
}
