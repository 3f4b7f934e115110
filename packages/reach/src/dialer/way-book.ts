import { equalBytes, type Hint, type RelayId } from '@tern/protocol';
import type { ObservedWay } from './attempt-report.ts';
import { dialRules } from './dial-rules.ts';
import {
  freshPace,
  metBy,
  othersOf,
  ruleAt,
  startsWithin,
  together,
  type Others,
  type Pace,
} from './pace.ts';
import { freshStanding, nextStanding, type Outcome, type Standing } from './standing.ts';
import { Residuals } from './residuals.ts';
import { Shunned } from './shunned.ts';
import { shownBy, withOwnCeilings, type Kin } from './shown-standing.ts';
import { countedBy, hostOfKey, relayOf, wayKey } from './way.ts';
import type { LearnedCard } from '../transport.ts';

/** What is known of one network: of its ways, of the names it may count, of addresses that were good. */
export interface NetworkPage {
  readonly ways: ReadonlyMap<string, Standing>;
  readonly paces: ReadonlyMap<string, Pace>;
  readonly addresses: ReadonlyMap<string, string>;
}

/** What lies in the store: the pages of the networks this device was in last, and what the newest cards said of endpoints. */
export interface WayBookRecord {
  readonly pages: ReadonlyMap<string, NetworkPage>;
  readonly cards: ReadonlyMap<RelayId, LearnedCard>;
  /** under which networks have their names there: without it nobody can try out which network one of them is */
  readonly key?: Uint8Array;
  /** when it was like this, ms since 1970; in the store itself it is not said */
  readonly at?: number;
}

/** A way with the relay it is to lead to and that one's other names and addresses, where they are known. */
type RelayWay = ObservedWay & { readonly hint?: Hint; readonly names?: readonly string[] };

/** Names the network this device is in. @param key undefined for the name that an earlier version gave it, or where names tell nothing */
export type NameNetwork = (key: Uint8Array | undefined) => string;

interface OpenPage extends Kin {
  readonly ways: Map<string, Standing>;
  readonly paces: Map<string, Pace>;
  readonly addresses: Map<string, string>;
  readonly residuals: Residuals;
  readonly shunned: Shunned;
}

/** Remembers how ways stand, a page for each network. Changes of weight are told, so that somebody can save it. */
export class WayBook {
  readonly #network: NameNetwork;
  readonly #place: () => string;
  #key: Uint8Array | undefined;
  readonly #pages = new Map<string, OpenPage>();
  readonly #cards = new Map<RelayId, LearnedCard>();
  /** called when what changed is worth saving */
  changed: () => void = () => undefined;

  /**
   * @param key a fresh one, until one is loaded; undefined where networks have no names worth hiding
   * @param place where this device is, more finely than the network tells; as the network unless given
   */
  constructor(network: NameNetwork, key?: Uint8Array, place?: () => string) {
    this.#network = network;
    this.#key = key;
    this.#place = place ?? (() => this.here);
  }

  /** the network this device is in now */
  get here(): string {
    return this.#network(this.#key);
  }

  /** Who is a stranger to one relay is to another, which may live there, none. */
  standing(way: RelayWay): Standing {
    const standing = this.#standing(way);
    const failure = this.#page().ways.get(strangerKey(way))?.failure;
    if (failure === undefined || failure.at <= (standing.failure?.at ?? 0)) return standing;
    return { ...standing, goodAt: Math.min(standing.goodAt, failure.at - 1), failure };
  }

  /** What freezes connections does so to a relay's whole hoster: what one of its ways showed is believed of those that have not shown better since. */
  #standing(way: RelayWay): Standing {
    const page = this.#page();
    const own = page.ways.get(wayKey(way)) ?? freshStanding;
    if (way.carrier !== 'https' || page.freezing.size === 0) return own;
    const shown = shownBy(page, way.names ?? []);
    if (shown === undefined) return own;
    if (own.grade === 'text') return { ...own, budget: withOwnCeilings(own.budget, shown.budget) };
    const { grade, exchanges, stoppedAt } = shown.last;
    if ((stoppedAt ?? 0) <= own.goodAt) return own;
    return {
      ...own,
      grade,
      budget: shown.budget,
      passes: 0,
      ...(exchanges !== undefined && { exchanges }),
      ...(stoppedAt !== undefined && { stoppedAt }),
    };
  }

  took(way: RelayWay, outcome: Outcome, now: number): void {
    const { ways, freezing, shown } = this.#page();
    const ofStranger = outcome.kind === 'failed' && outcome.how === 'stranger';
    const key = ofStranger ? strangerKey(way) : wayKey(way);
    const before = ofStranger ? (ways.get(key) ?? freshStanding) : this.#standing(way);
    const after = nextStanding(before, outcome, now);
    ways.set(key, after);
    if (outcome.kind === 'answered') this.#refute(way, now);
    shown.clear();
    if (after.grade === 'text') freezing.set(key, { host: way.host, standing: after });
    else freezing.delete(key);
    if (isWeighty(before, after, now)) this.changed();
  }

  /** It is kept that this was refuted: what another process saved before would come back. */
  #refute(way: RelayWay, now: number): void {
    const { ways } = this.#page();
    const key = strangerKey(way);
    if (ways.get(key)?.failure === undefined) return;
    ways.set(key, { ...freshStanding, goodAt: now });
    this.changed();
  }

  pace(way: ObservedWay): Pace {
    return this.#page().paces.get(countedBy(way)) ?? freshPace;
  }

  /** what was met with the other names of this network */
  others(way: ObservedWay, now: number): Others {
    const { paces } = this.#page();
    const name = countedBy(way);
    return othersOf(
      [...paces].flatMap(([other, pace]) => (other === name ? [] : [pace])),
      now,
    );
  }

  /** its name is known not to be counted */
  isFree(way: ObservedWay, now: number): boolean {
    return ruleAt(this.pace(way), this.others(way, now), now) === 'free';
  }

  /** So many were started that a hello without an answer looks like a ban. */
  suspectsBan(way: ObservedWay, now: number): boolean {
    return way.serverName !== '' && startsWithin(this.pace(way).starts, now) > dialRules.carefulStarts;
  }

  paced(way: ObservedWay, pace: Pace): void {
    const before = this.pace(way);
    this.#page().paces.set(countedBy(way), pace);
    // whoever counts a name's hellos takes those of all processes together
    const started = way.serverName !== '' && pace.rule !== 'free' && before.starts !== pace.starts;
    if (started || before.rule !== pace.rule || before.silentUntil !== pace.silentUntil) this.changed();
  }

  /** places of this network where hellos were reset */
  get residuals(): Residuals {
    return this.#page().residuals;
  }

  /** A connection that nobody sees failed there. @param options `port`: not only the name may be to blame; `place`: where this device was */
  shut(
    way: RelayWay,
    options: { readonly now: number; readonly place: string; readonly port: boolean },
  ): void {
    this.#page().shunned.failed(way, options);
  }

  /** Something was answered there. */
  opened(way: RelayWay, now: number): void {
    this.#page().shunned.answered(way, { now, place: this.#place() });
  }

  /** How much of that speaks against this way, ms. */
  shunnedMs(way: RelayWay, now: number): number {
    return this.#page().shunned.costMs(way, { now, place: this.#place() });
  }

  /** It leads to such a place, which may swallow what is sent there. */
  rests(way: ObservedWay, now: number): boolean {
    return this.residuals.rests(way, { now, remembered: this.address(way.host) });
  }

  /** Such a place did swallow something, and is left alone until then, ms since 1970; 0 for what may be tried. */
  restsUntil(way: ObservedWay, now: number): number {
    return this.residuals.restsUntil(way, { now, remembered: this.address(way.host) });
  }

  /** the address under which a name's server was last proved to be it */
  address(host: string): string | undefined {
    return this.#page().addresses.get(host);
  }

  remember(host: string, address: string): void {
    const { addresses } = this.#page();
    if (addresses.get(host) === address) return;
    addresses.set(host, address);
    this.changed();
  }

  forgetAddress(host: string): void {
    if (this.#page().addresses.delete(host)) this.changed();
  }

  endpoints(relay: RelayId): readonly string[] {
    return this.#cards.get(relay)?.endpoints ?? [];
  }

  /** Whoever repeats an old card changes nothing: one that is known, also from an earlier process, is replaced by newer ones only. */
  learnCard(relay: RelayId, { number, endpoints }: LearnedCard): void {
    const known = this.#cards.get(relay);
    if (known !== undefined && known.number >= number) return;
    this.#cards.set(relay, { number, endpoints });
    this.changed();
  }

  record(): WayBookRecord {
    const key = this.#key;
    return { pages: new Map(this.#pages), cards: new Map(this.#cards), ...(key !== undefined && { key }) };
  }

  /**
   * What this process has learnt already counts more than what is loaded; of cards the newer one, and of hellos those of both, as far as
   * they do not lie ahead of now.
   */
  load({ pages, cards, key }: WayBookRecord, now: number): void {
    for (const [network, page] of this.#renamed(pages, key)) {
      const here = this.#pages.get(network);
      const ways = new Map([...page.ways, ...(here?.ways ?? [])]);
      this.#pages.set(network, {
        ways,
        freezing: freezingOf(ways),
        shown: new Map(),
        paces: pacesOf(metUntil(now, page.paces), metUntil(now, here?.paces ?? new Map())),
        addresses: new Map([...page.addresses, ...(here?.addresses ?? [])]),
        residuals: here?.residuals ?? new Residuals(),
        shunned: here?.shunned ?? new Shunned(),
      });
    }
    for (const [relay, card] of cards)
      if (card.number > (this.#cards.get(relay)?.number ?? -1)) this.#cards.set(relay, card);
  }

  /** Pages as they are named under the key that is loaded: it becomes ours. Under another name only the network that we are in is known. */
  #renamed(
    pages: ReadonlyMap<string, NetworkPage>,
    key: Uint8Array | undefined,
  ): ReadonlyMap<string, NetworkPage> {
    if (this.#key === undefined) return pages;
    const named = this.#pages.get(this.here);
    if (key === undefined) {
      const page = pages.get(this.#network(undefined));
      return page === undefined ? new Map() : new Map([[this.here, page]]);
    }
    if (equalBytes(key, this.#key)) return pages;
    this.#key = key;
    this.#pages.clear();
    if (named !== undefined) this.#pages.set(this.here, named);
    return pages;
  }

  #page(): OpenPage {
    const network = this.here;
    const known = this.#pages.get(network);
    if (known !== undefined) return known;
    const fresh: OpenPage = {
      ways: new Map(),
      freezing: new Map(),
      shown: new Map(),
      paces: new Map(),
      addresses: new Map(),
      residuals: new Residuals(),
      shunned: new Shunned(),
    };
    this.#pages.set(network, fresh);
    return fresh;
  }
}

function metUntil(now: number, paces: ReadonlyMap<string, Pace>): ReadonlyMap<string, Pace> {
  return new Map([...paces].map(([name, pace]) => [name, metBy(now, pace)]));
}

function pacesOf(there: ReadonlyMap<string, Pace>, own: ReadonlyMap<string, Pace>): Map<string, Pace> {
  const both = [...own].map(([name, pace]) => [name, together(pace, there.get(name) ?? pace)] as const);
  return new Map([...there, ...both]);
}

function freezingOf(ways: ReadonlyMap<string, Standing>): OpenPage['freezing'] {
  const those = [...ways].filter(([, { grade }]) => grade === 'text');
  return new Map(those.map(([key, standing]) => [key, { host: hostOfKey(key), standing }]));
}

/** under which lies that somebody else answered there than the relay that was looked for */
function strangerKey(way: RelayWay): string {
  return `${way.hint === undefined ? '' : relayOf({ hint: way.hint })}!${wayKey(way)}`;
}

const freshMs = 3_600_000;

/** What tomorrow's start should know. */
function isWeighty(before: Standing, after: Standing, now: number): boolean {
  return (
    before.grade !== after.grade ||
    before.exchanges !== after.exchanges ||
    before.hold?.ms !== after.hold?.ms ||
    before.hold?.lost?.at !== after.hold?.lost?.at ||
    before.failure?.kind !== after.failure?.kind ||
    (after.goodAt > before.goodAt && now - before.goodAt > freshMs)
  );
}
