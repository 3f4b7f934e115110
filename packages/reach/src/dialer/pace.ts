import { dialRules } from './dial-rules.ts';

/**
 * How new connections to one name, or to one address where no name is said, are paced.
 * `careful`: few, because nobody knows whether they are counted; `free`: they are not; `counted`: they are, a ban showed it.
 */
export interface Pace {
  readonly rule: 'careful' | 'free' | 'counted';
  /** of the last minute, ms since 1970, oldest first */
  readonly starts: readonly number[];
  /** no other before */
  readonly notBefore: number;
  /** hellos answered in a row */
  readonly answered: number;
  /** nothing is sent until then */
  readonly silentUntil: number;
  /** hellos unanswered in a row */
  readonly unanswered: number;
  readonly bannedAt?: number;
}

export const freshPace: Pace = {
  rule: 'careful',
  starts: [],
  notBefore: 0,
  answered: 0,
  silentUntil: 0,
  unanswered: 0,
};

export interface StartWish {
  readonly bulk: boolean;
  /** a name is said in the hello */
  readonly named: boolean;
  /** what is known of the other names on this network */
  readonly others: Others;
}

/** What one name met is believed of all: `counted` somebody counts, `free` nobody does, `trying` one is finding out. */
export type Others = 'unknown' | 'trying' | 'free' | 'counted';

/** @param paces of every name on one network */
export function othersOf(paces: Iterable<Pace>, now: number): Others {
  const all = [...paces];
  if (all.some((pace) => wasBanned(pace, now))) return 'counted';
  if (all.some(({ rule }) => rule === 'free')) return 'free';
  const trying = all.some(({ starts }) => startsWithin(starts, now) > dialRules.carefulStarts);
  return trying ? 'trying' : 'unknown';
}

/** How many of the last so many milliseconds. What lies ahead of now was met before the clock was set back, and counts no more. */
export function startsWithin(
  starts: readonly number[],
  now: number,
  ms: number = dialRules.startWindowMs,
): number {
  return starts.filter((at) => at <= now && at > now - ms).length;
}

/** Without the starts and the ban that lie ahead of now: what is met from now on would seem older than they are. */
export function metBy(now: number, pace: Pace): Pace {
  const { bannedAt, ...rest } = pace;
  const starts = pace.starts.filter((at) => at <= now);
  if (bannedAt === undefined || bannedAt <= now) return { ...pace, starts };
  return { ...rest, starts, rule: pace.rule === 'counted' ? 'careful' : pace.rule };
}

/** The earliest time at which one more connection may be started. */
export function mayStartAt(pace: Pace, wish: StartWish, now: number): number {
  // what lies further ahead than any rule puts it was written before the clock was set back
  const notBefore = soon(pace.notBefore, now + dialRules.slowGapMs + dialRules.gapJitterMs);
  const at = Math.max(now, notBefore, silentUntil(pace, now));
  const starts = pace.starts.filter((start) => start <= now);
  const most = mostStarts(pace, wish, now);
  const roomAt = roomIn(starts, most);
  if (roomAt <= at) return at;
  const { text, bulk } = dialRules.answeredToWiden;
  const widens =
    wish.named &&
    ruleAt(pace, wish.others, now) === 'careful' &&
    wish.others === 'unknown' &&
    !wasBanned(pace, now) &&
    pace.answered >= (wish.bulk ? bulk : text) &&
    roomAt - at >= dialRules.waitToWidenMs;
  return widens ? Math.max(at, roomIn(starts, most + dialRules.startsForText + 1)) : roomAt;
}

function silentUntil(pace: Pace, now: number): number {
  return soon(pace.silentUntil, now + dialRules.silenceMs);
}

/** Until when nothing may leave for a name because it met a ban itself, ms since 1970; 0 for what may only be blocked. */
export function bannedUntil(pace: Pace, now: number): number {
  return ruleAt(pace, 'unknown', now) === 'counted' ? silentUntil(pace, now) : 0;
}

function soon(at: number, latest: number): number {
  return at > latest ? 0 : at;
}

/** When the window holds fewer than so many. */
function roomIn(starts: readonly number[], most: number): number {
  const tooMany = starts[starts.length - most];
  return tooMany === undefined ? 0 : tooMany + dialRules.startWindowMs;
}

function mostStarts(pace: Pace, { bulk, named, others }: StartWish, now: number): number {
  if (!named) return dialRules.addressStarts;
  const rule = ruleAt(pace, others, now);
  if (rule === 'free') return dialRules.freeStarts;
  const most = rule === 'counted' ? dialRules.counted.starts : dialRules.carefulStarts;
  return bulk ? most - dialRules.startsForText : most;
}

/** The rule that holds for this name now: one that was banned long ago is careful again, one that knows nothing goes by what others met. */
export function ruleAt(pace: Pace, others: Others, now: number): Pace['rule'] {
  const { bannedAt = now } = pace;
  const over = bannedAt > now || now - bannedAt > dialRules.counted.forMs;
  if (pace.rule === 'counted') return over ? 'careful' : 'counted';
  return pace.rule === 'careful' && others === 'free' && !wasBanned(pace, now) ? 'free' : pace.rule;
}

function wasBanned({ bannedAt }: Pace, now: number): boolean {
  return bannedAt !== undefined && bannedAt <= now && now - bannedAt < dialRules.countedNetworkMs;
}

/** @param options `chance` from 0 to 1 */
export function started(
  pace: Pace,
  options: { readonly now: number; readonly named: boolean; readonly rttMs: number; readonly chance: number },
): Pace {
  const { now, named, rttMs, chance } = options;
  const gap = named ? nameGapMs(rttMs, chance) : addressGapMs(pace);
  const starts = [...pace.starts.filter((at) => at <= now && at > now - dialRules.startWindowMs), now];
  // where gaps are not looked at, one start that was a little late makes none of those after it later
  const lateMs = named ? 0 : now - pace.notBefore;
  return { ...pace, starts, notBefore: now + gap - (lateMs > 0 && lateMs < gap ? lateMs : 0) };
}

/** The address is found, and only now anything leaves: what counts hellos sees that moment, and not the one at which they were begun. */
export function dialled(pace: Pace, options: Parameters<typeof started>[1]): Pace {
  const { notBefore } = started(pace, options);
  return { ...pace, notBefore: Math.max(pace.notBefore, notBefore) };
}

/** From one start to the next, ms. @param chance from 0 to 1 */
function nameGapMs(rttMs: number, chance: number): number {
  const slow = rttMs >= dialRules.slowRttMs;
  return (slow ? dialRules.slowGapMs : dialRules.gapMs) + chance * dialRules.gapJitterMs;
}

/** The same where no name is said: half as long each time that so many more hellos in a row were answered. */
export function addressGapMs({ answered }: Pick<Pace, 'answered'>): number {
  const halvings = Math.floor(answered / dialRules.answeredToQuicken);
  return Math.max(dialRules.leastAddressGapMs, dialRules.addressGapMs / 2 ** halvings);
}

/** A hello was answered. One more than careful within the window, and still answered, shows that nobody counts. */
export function greeted(pace: Pace, now: number): Pace {
  const window = startsWithin(pace.starts, now);
  const free = pace.rule === 'careful' && window > dialRules.carefulStarts && !wasBanned(pace, now);
  return {
    ...pace,
    answered: Math.min(pace.answered + 1, 1000),
    unanswered: 0,
    silentUntil: 0,
    ...(free && { rule: 'free' }),
  };
}

/** As two processes know one name, each of which counts what the other sent. A ban that only the other met is believed; else the own word counts. */
export function together(own: Pace, other: Pace): Pace {
  const newer = (other.bannedAt ?? 0) > (own.bannedAt ?? 0) ? other : own;
  return { ...newer, starts: [...new Set([...own.starts, ...other.starts])].toSorted((a, b) => a - b) };
}

/**
 * A connection stood and its hello was not answered. Where many had been answered just before it is a ban, and so it is where others
 * are answered meanwhile: nothing is sent for longer than one lasts. Otherwise it may be the line. Whoever counts hellos lets them go
 * unanswered; one that was ended says that its name is blocked, or that the line was cut, and rests without anybody being taken to count.
 * @param options `alone` nothing else is answered either; `cut` somebody ended the connection
 */
export function unanswered(
  pace: Pace,
  options: { readonly now: number; readonly alone: boolean; readonly cut?: boolean },
): Pace {
  const { now, alone, cut = false } = options;
  const window = startsWithin(pace.starts, now, dialRules.startWindowMs + dialRules.hardMs);
  const banned = !cut && pace.answered > 0 && window > dialRules.counted.starts;
  const times = pace.unanswered + 1;
  const silence =
    banned || !alone
      ? dialRules.silenceMs
      : Math.min(dialRules.silenceMs, dialRules.firstSilenceMs * 2 ** Math.min(times, 10));
  return {
    ...pace,
    answered: 0,
    unanswered: Math.min(times, 20),
    silentUntil: Math.max(silentUntil(pace, now), now + silence),
    ...(banned && { rule: 'counted', bannedAt: now }),
  };
}

/** How many hellos of one name, or of one address where none is said, may wait for their answer. */
export function hellosAtOnce({ serverName }: { readonly serverName: string }): number {
  return serverName === '' ? dialRules.hellosAtOnce.unnamed : dialRules.hellosAtOnce.named;
}
