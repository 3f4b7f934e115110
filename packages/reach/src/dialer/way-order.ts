import { dialRules } from './dial-rules.ts';
import type { Failure, FailureKind, Standing } from './standing.ts';
import { countedBy, type Way } from './way.ts';

export interface WayView {
  readonly way: Way;
  readonly standing: Standing;
  /** until a request could leave, ms */
  readonly waitMs: number;
  /** a connection is free */
  readonly ready: boolean;
  /** a hello was reset a moment ago where a new connection would go to */
  readonly rests?: boolean;
}

export interface OrderWish {
  readonly now: number;
  readonly bulk: boolean;
}

export interface SizedWish extends OrderWish {
  /** of the request */
  readonly upBytes: number;
  /** also those that cannot be taken now: what they met counts */
  readonly known?: readonly WayView[];
}

/** of bulk, to weigh rates against times */
const bulkBytes = 65_536;
const unknownBytesPerSecond = 100_000;
const unknownLatencyMs = 200;
/** a text that takes longer than so many round trips is looked after on other ways as well */
const slowTextMs = 1000;
const slowTextRtts = 8;
const rememberedMs = 120_000;
const relatedMs = 180_000;
/** so much speaks for going by another relay with each of a relay's hosts that fell silent */
const silentMs = 1500;
/** as much as two silent hosts outweigh: one may be a name that is blocked */
const forwardCost = 2600;
/** and with each over which what was small took long, for whatever is not known to be quicker */
const slowHostMs = 1500;
/** no throttle that was ever measured to make things merely slow is below */
const crawlBytesPerSecond = 10_000;
const mostSilent = 4;
/** of a place that may be cut for longer than anybody waits: taken where nothing else is left, or all of it is worse */
const restCost = dialRules.hardMs;

/**
 * The ways in the order in which one would try them: what worked last on this network first, and of what did not yet, the plainest.
 * Failures count against the ways that share what failed: the name in the hello, the address, the resolver. Pure.
 */
export function orderWays(views: readonly WayView[], wish: SizedWish): readonly Way[] {
  const silent = silences(wish.known ?? views, wish.now);
  const slow = slowHosts(wish.known ?? views, wish.now);
  const straight = views.filter(({ way }) => way.carrier !== 'forward').length;
  const costs = views.map((view, at) => {
    const place = view.way.carrier === 'forward' ? at - straight : at;
    return { way: view.way, cost: costOf(view, place, { views, silent, slow, ...wish }) };
  });
  return costs.toSorted((a, b) => a.cost - b.cost).map(({ way }) => way);
}

/** About how many ms until an answer, as far as one can guess. */
function costOf(
  { way, standing, waitMs, ready, rests = false }: WayView,
  place: number,
  {
    views,
    silent,
    slow,
    now,
    bulk,
    upBytes,
  }: SizedWish & {
    readonly views: readonly WayView[];
    readonly silent: readonly Silence[];
    /** how many hosts were slow */
    readonly slow: number;
  },
): number {
  // how long it took is no better known than what failed: a bad minute may be over
  const lately = now - standing.goodAt <= relatedMs ? standing.setUpMs : undefined;
  const setUp = ready ? 0 : (lately ?? 3 * (standing.rttMs ?? 100));
  const plain = place * 40 + (way.carrier === 'forward' ? forwardCost : way.by === 'doh' ? 300 : 0);
  const tried = standing.goodAt > 0 ? 0 : 600;
  const own = recent(standing);
  const failed = own === undefined ? 0 : weight(own, now) * 4000 * 2 ** Math.min(own.times - 1, 3);
  const related = views.reduce((sum, other) => {
    const failure = other.way === way ? undefined : recent(other.standing);
    if (failure === undefined || now - failure.at > relatedMs) return sum;
    return sum + (concerns(failure.kind, other.way, way) ? 5000 * weight(failure, now) : 0);
  }, 0);
  const rate = standing.bytesPerSecond ?? unknownBytesPerSecond;
  const carried = bulk
    ? (bulkOf(standing) / Math.max(500, rate)) * 1000
    : (standing.latencyMs ?? standing.rttMs ?? unknownLatencyMs);
  // many small connections: where nothing is counted they cost least
  const frozen = bulk && standing.grade === 'text' && way.serverName !== '' ? 2000 : 0;
  const large = standing.grade === 'text' && upBytes > standing.budget.up.bytes ? 4000 : 0;
  const silence = silentCost(way, standing, silent);
  const crawls = way.carrier === 'forward' || isQuick(standing, bulk) ? 0 : slow * slowHostMs;
  // what stands there shows whether it is cut
  const cut = rests && !ready ? restCost : 0;
  const doubtful = Math.min(related, 15_000) + silence + crawls + cut;
  return waitMs + setUp + plain + tried + failed + doubtful + carried + frozen + large;
}

/** Over how many of this relay's hosts, if more than one, small requests take long at present; none where no other relay hands on any quicker. */
function slowHosts(views: readonly WayView[], now: number): number {
  if (!views.some(({ way, standing }) => way.carrier === 'forward' && !isSlow(standing, false))) return 0;
  const slow = views.filter(
    ({ way, standing }) =>
      way.carrier !== 'forward' && now - standing.goodAt <= relatedMs && isSlow(standing, false),
  );
  const hosts = new Set(slow.map(({ way }) => way.host)).size;
  return hosts < 2 ? 0 : Math.min(mostSilent, hosts);
}

function isQuick(standing: Standing, bulk: boolean): boolean {
  if (bulk) return (standing.bytesPerSecond ?? 0) >= crawlBytesPerSecond;
  return standing.latencyMs !== undefined && !isSlow(standing, false);
}

interface Silence {
  readonly at: number;
  /** from 0 to 1: what is long ago says little */
  readonly weight: number;
}

/** Of each host of this relay that was silent, the last time; none where no other relay hands on. */
function silences(views: readonly WayView[], now: number): readonly Silence[] {
  if (!views.some(({ way }) => way.carrier === 'forward')) return [];
  const hosts = new Map<string, Silence>();
  for (const { way, standing } of views) {
    const { kind, at } = recent(standing) ?? {};
    if (way.carrier === 'forward' || at === undefined || now - at > relatedMs) continue;
    if ((kind === 'connect' || kind === 'hello') && at > (hosts.get(way.host)?.at ?? 0))
      hosts.set(way.host, { at, weight: weight({ at }, now) });
  }
  return [...hosts.values()];
}

/** Each of them makes it likelier that no straight way leads there, but those that were good since. */
function silentCost({ carrier }: Way, { goodAt }: Standing, silent: readonly Silence[]): number {
  if (carrier === 'forward') return 0;
  const sum = silent.reduce((all, one) => all + (one.at > goodAt ? one.weight : 0), 0);
  return Math.min(mostSilent, sum) * silentMs;
}

/** as much of a file as one exchange carries, as far as that is little */
function bulkOf({ grade, budget }: Standing): number {
  return grade === 'text' ? Math.min(bulkBytes, budget.down.bytes) : bulkBytes;
}

/** and was not answered since */
export function failedLately(standing: Standing, now: number): boolean {
  const failure = recent(standing);
  return failure !== undefined && now - failure.at <= relatedMs;
}

function recent({ failure, goodAt }: Standing): Failure | undefined {
  return failure !== undefined && failure.at > goodAt ? failure : undefined;
}

function weight({ at }: Pick<Failure, 'at'>, now: number): number {
  return Math.exp(-Math.max(0, now - at) / rememberedMs);
}

/** Whether what failed on one way is likely to fail on the other as well. */
export function concerns(kind: FailureKind, failed: Way, other: Way): boolean {
  // another relay stands in between: nothing else is shared with it
  if (failed.carrier === 'forward' || other.carrier === 'forward')
    return countedBy(failed) === countedBy(other);
  switch (kind) {
    case 'name':
      return failed.host === other.host && failed.by === other.by;
    case 'connect':
      return failed.host === other.host && failed.port === other.port && failed.by === other.by;
    case 'hello':
    case 'answer':
      // a censor that reads no name has the address and the port to go by
      return (
        countedBy(failed) === countedBy(other) && (failed.serverName !== '' || failed.port === other.port)
      );
    case 'stranger':
      return failed.host === other.host && failed.by === other.by;
  }
}

/**
 * A way that would be plainer than the one that works, to look whether it works again; undefined for most requests. For a look nobody
 * elsewhere is asked for the name.
 * @param options `chance` from 0 to 1
 */
export function exploredWay(
  ordered: readonly Way[],
  views: readonly WayView[],
  options: OrderWish & { readonly chance: number },
): Way | undefined {
  const [best] = ordered;
  if (best === undefined) return undefined;
  const place = views.findIndex(({ way }) => way === best);
  const slow = isSlow(views[place]?.standing, options.bulk);
  const share = !slow
    ? dialRules.exploreShare
    : options.bulk
      ? dialRules.exploreSlowBulkShare
      : dialRules.exploreSlowShare;
  if (options.chance >= share) return undefined;
  // where the best way is slow, any may turn out to be faster
  const others = slow ? views : views.slice(0, place);
  const open = others.filter(({ way, standing, waitMs, rests }) => {
    const failure = recent(standing);
    const rested = failure === undefined || options.now - failure.at > dialRules.exploreAfterMs;
    const known = options.bulk ? standing.bytesPerSecond : standing.latencyMs;
    const looks = way !== best && way.by !== 'doh' && waitMs === 0 && rests !== true;
    return looks && rested && (!slow || known === undefined);
  });
  return open[Math.floor((options.chance / share) * open.length)]?.way;
}

function isSlow(standing: Standing | undefined, bulk: boolean): boolean {
  if (bulk) return (standing?.bytesPerSecond ?? unknownBytesPerSecond) < unknownBytesPerSecond;
  return (standing?.latencyMs ?? 0) > Math.max(slowTextMs, slowTextRtts * (standing?.rttMs ?? 0));
}
