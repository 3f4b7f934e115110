import type { Hint } from '@tern/protocol';
import type { ObservedWay } from './attempt-report.ts';
import { dialRules } from './dial-rules.ts';
import { isUncounted, relayOf, wayKey } from './way.ts';

const mostKept = 128;
/** as long as such a place may be cut */
const restMs = dialRules.longestResidualMs;
/** An answer that came sooner may have been on its way before. */
const provesAfterMs = 1000;
/** What ended within so long of each other may have ended of one thing. */
const togetherMs = 3000;

type RelayWay = ObservedWay & { readonly hint?: Hint };

interface Here {
  readonly now: number;
  /** where this device is, as finely as it can be told */
  readonly place: string;
}

interface Failed {
  /** when something was last sent there in vain, ms since 1970 */
  readonly at: number;
  readonly place: string;
  /** those that were tried, by their keys */
  readonly ways: ReadonlySet<string>;
}

/**
 * What a browser goes round since its new connections failed there a moment ago: names, and ports of relays. A page learns neither to which
 * address a name led nor that a hello was reset, and for each try of ours a browser says several. Names of one relay often share their addresses,
 * and some censors cut an address and port for a while after a hello that was reset, and begin that time anew with each packet sent there. So the
 * next try shares neither the name nor the port, and rather says none. It is a preference among the straight ways to one relay, and sends nobody
 * to another one. Whoever sees what becomes of connections has `Residuals` instead. Nothing of it outlives the process.
 */
export class Shunned {
  readonly #failed = new Map<string, Failed>();

  /** @param options `port`: not only the name may be to blame */
  failed(way: RelayWay, { now, place, port }: Here & { readonly port: boolean }): void {
    const keys = keysOf(way);
    for (const key of [port ? keys.port : undefined, keys.name, keys.names]) {
      if (key === undefined) continue;
      const known = this.#failed.get(key);
      const before = known?.place === place && Math.abs(now - known.at) < restMs ? known : undefined;
      this.#failed.delete(key);
      this.#failed.set(key, {
        at: Math.max(now, before?.at ?? 0),
        place,
        ways: new Set(before?.ways).add(wayKey(way)),
      });
    }
    for (const oldest of this.#failed.keys()) {
      if (this.#failed.size <= mostKept) break;
      this.#failed.delete(oldest);
    }
  }

  answered(way: RelayWay, here: Here): void {
    if (this.#failed.size === 0) return;
    for (const key of Object.values(keysOf(way))) {
      const failed = this.#at(key, here);
      if (failed === undefined || here.now - failed.at < provesAfterMs) continue;
      this.#failed.delete(key);
      if (!failed.ways.has(wayKey(way))) continue;
      // what had failed works: that was the line, and so were the others that failed beside it
      for (const [other, { at }] of this.#failed)
        if (Math.abs(at - failed.at) <= togetherMs) this.#failed.delete(other);
    }
  }

  /** How much speaks for another way, ms; 0 for nothing. */
  costMs(way: RelayWay, here: Here): number {
    if (this.#failed.size === 0) return 0;
    const { port, name, names } = keysOf(way);
    const isMarked = (key: string | undefined): boolean =>
      key !== undefined && this.#at(key, here) !== undefined;
    if (isMarked(port) || isMarked(name)) return dialRules.shunnedMs;
    return isMarked(names) ? dialRules.waryMs : 0;
  }

  #at(key: string, { now, place }: Here): Failed | undefined {
    const failed = this.#failed.get(key);
    if (failed === undefined || failed.place !== place) return undefined;
    return now >= failed.at && now - failed.at < restMs ? failed : undefined;
  }
}

/** its port; of one that says a name: that, and the names of its relay together */
function keysOf(way: RelayWay): {
  readonly port?: string;
  readonly name?: string;
  readonly names?: string;
} {
  if (isUncounted(way) || way.hint === undefined) return {};
  const relay = relayOf({ hint: way.hint });
  const port = `${relay} ${way.port}`;
  return way.serverName === '' ? { port } : { port, name: way.serverName, names: `${relay} names` };
}
