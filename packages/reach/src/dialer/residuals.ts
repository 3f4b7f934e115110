import type { ObservedWay } from './attempt-report.ts';
import { dialRules } from './dial-rules.ts';
import { isUncounted } from './way.ts';

const mostKept = 64;
/** An answer that came sooner may have been on its way before. */
const provesAfterMs = 1000;

/** What was met on a way. */
export interface Met {
  readonly now: number;
  /** the one that was dialled, where it is known */
  readonly address: string | undefined;
}

interface Reset {
  /** or when something was last sent there in vain, ms since 1970 */
  readonly at: number;
  /** tries in vain since, in a row */
  readonly times: number;
  /** nothing is sent there until then */
  readonly until: number;
}

/**
 * The places of one network, each an address and a port, where a hello was reset a moment ago. Some censors cut such a place for a while,
 * whatever is said there, and begin that time anew with each packet sent into it; others do not, and then another hello there passes at once.
 * Which it is here is learnt from what is answered and what is not. Nothing of it outlives the process: it would be over by then.
 */
export class Residuals {
  readonly #resets = new Map<string, Reset>();
  /** to which address a name led, by the name alone and with whose word that was */
  readonly #addresses = new Map<string, string>();
  /** A place answered where it would have been cut. */
  #none = false;

  wasReset(way: ObservedWay, { now, address }: Met): void {
    const place = this.#led(way, address);
    if (place !== undefined) keep(this.#resets, place, { at: now, times: 0, until: 0 });
  }

  /**
   * A connection did not stand there, or its hello was not answered.
   * @param met `alone` nothing else was answered since @returns whether a residual may have swallowed it
   */
  wasSilent(way: ObservedWay, { now, address, alone }: Met & { readonly alone: boolean }): boolean {
    const place = this.#led(way, address);
    const before = this.#freshAt(place, now);
    if (place === undefined || before === undefined) return false;
    this.#none = false;
    const times = before.times + 1;
    const restMs = alone ? dialRules.firstSilenceMs * 2 ** times : dialRules.silenceMs;
    keep(this.#resets, place, { at: now, times, until: now + Math.min(dialRules.longestResidualMs, restMs) });
    return true;
  }

  answered(way: ObservedWay, { now, address }: Met): void {
    const place = this.#led(way, address);
    const before = this.#freshAt(place, now);
    if (place === undefined || before === undefined || now - before.at < provesAfterMs) return;
    this.#none = true;
    this.#resets.delete(place);
  }

  /** What is sent there now may be swallowed, and prolong that. @param options `remembered`: where that name was good before */
  rests(
    way: ObservedWay,
    options: { readonly now: number; readonly remembered: string | undefined },
  ): boolean {
    return this.#resting(way, options) !== undefined;
  }

  /** Something was, and nothing is to be sent there until then, ms since 1970; 0 for at any time. */
  restsUntil(
    way: ObservedWay,
    options: { readonly now: number; readonly remembered: string | undefined },
  ): number {
    return this.#resting(way, options)?.until ?? 0;
  }

  #resting(
    way: ObservedWay,
    { now, remembered }: { readonly now: number; readonly remembered: string | undefined },
  ): Reset | undefined {
    if (this.#none || this.#resets.size === 0) return undefined;
    return this.#freshAt(this.#placeOf(way, way.by === 'remembered' ? remembered : undefined), now);
  }

  #freshAt(place: string | undefined, now: number): Reset | undefined {
    const reset = place === undefined ? undefined : this.#resets.get(place);
    if (reset === undefined) return undefined;
    const { at, until } = reset;
    return now >= at && now < Math.max(at, until) + dialRules.silenceMs ? reset : undefined;
  }

  #led(way: ObservedWay, address: string | undefined): string | undefined {
    if (address !== undefined && way.by !== 'literal')
      for (const key of [way.host, leadKey(way)]) keep(this.#addresses, key, address);
    return this.#placeOf(way, address);
  }

  /** Where it leads, as far as one can tell before: a name is supposed to have one address, whoever is asked. */
  #placeOf(way: ObservedWay, known: string | undefined): string | undefined {
    if (isUncounted(way)) return undefined;
    const told = known ?? this.#addresses.get(leadKey(way)) ?? this.#addresses.get(way.host);
    const address = way.by === 'literal' ? way.host : told;
    return address === undefined ? undefined : `${address} ${way.port}`;
  }
}

function leadKey({ by, host }: ObservedWay): string {
  return `${by} ${host}`;
}

/** the newest last */
function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > mostKept && oldest !== undefined) map.delete(oldest);
}
