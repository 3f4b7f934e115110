import type { Hint } from '@tern/protocol';
import type { ObservedWay } from './attempt-report.ts';
import { dialRules } from './dial-rules.ts';
import { isUncounted, relayOf, wayKey } from './way.ts';

const mostKept = 128;
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
 * next try shares neither the name nor the port, and rather says none, or goes by way of another relay, as long as there is such a way. Whoever
 * sees what becomes of connections has `Residuals` instead. Nothing of it outlives the process.
 */
export class Shunned {
  readonly #failed = new Map<string, Failed>();

  failed(way: RelayWay, { now, place }: Here): void {
    for (const key of [...keysOf(way), ...namesOf(way)]) {
      const ways = new Set(this.#at(key, { now, place })?.ways).add(wayKey(way));
      this.#failed.delete(key);
      this.#failed.set(key, { at: now, place, ways });
    }
    for (const oldest of this.#failed.keys()) {
      if (this.#failed.size <= mostKept) break;
      this.#failed.delete(oldest);
    }
  }

  answered(way: RelayWay, here: Here): void {
    if (this.#failed.size === 0) return;
    for (const key of [...keysOf(way), ...namesOf(way)]) {
      const failed = this.#at(key, here);
      if (failed === undefined || here.now - failed.at < provesAfterMs) continue;
      this.#failed.delete(key);
      if (!failed.ways.has(wayKey(way))) continue;
      // what had failed works: that was the line, and so were the others that failed beside it
      for (const [other, { at }] of this.#failed)
        if (Math.abs(at - failed.at) <= togetherMs) this.#failed.delete(other);
    }
  }

  /** What is sent there now may be swallowed, and prolong that. */
  rests(way: RelayWay, here: Here): boolean {
    return this.#failed.size > 0 && keysOf(way).some((key) => this.#at(key, here) !== undefined);
  }

  /** It says a name, and with another name of its relay a connection failed: whoever listens for one may know them all. */
  isWary(way: RelayWay, here: Here): boolean {
    return this.#failed.size > 0 && namesOf(way).some((key) => this.#at(key, here) !== undefined);
  }

  #at(key: string, { now, place }: Here): Failed | undefined {
    const failed = this.#failed.get(key);
    if (failed === undefined || failed.place !== place) return undefined;
    return now >= failed.at && now - failed.at < dialRules.longestResidualMs ? failed : undefined;
  }
}

/** its port, and its name if it says one */
function keysOf(way: RelayWay): readonly string[] {
  const relay = relayKey(way);
  if (relay === undefined) return [];
  const port = `${relay} ${way.port}`;
  return way.serverName === '' ? [port] : [port, way.serverName];
}

/** of one that says a name: all names of its relay */
function namesOf(way: RelayWay): readonly string[] {
  const relay = relayKey(way);
  return relay === undefined || way.serverName === '' ? [] : [`${relay} names`];
}

function relayKey(way: RelayWay): string | undefined {
  return isUncounted(way) || way.hint === undefined ? undefined : relayOf({ hint: way.hint });
}
