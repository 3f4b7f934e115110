/**
 * Too many TLS connections to one name too fast, and the pair of client and name is silent for 120 seconds: TCP still opens, the hello's
 * first segment passes, the rest does not. Another fingerprint under the ban makes it 600 (Russia, June 2026; XTLS/Xray-core 6547,
 * net4people/bbs 546; catalogue T14). Reports differ in what is counted, so here are three readings; a hello without a name is never counted.
 */
import { looksLikeBrowser, ja4Of } from '../../net/hello-print.ts';
import { ban as banSeconds, flag, number, oneOf, type Fields } from '../../scenario/field.ts';
import {
  ban,
  bannedUntil,
  dropped,
  isExcepted,
  isNamed,
  lostAddress,
  lostWith,
  markOf,
  trailOf,
  type Bite,
  type Look,
} from '../look.ts';
import { type Which, whichFields } from '../which.ts';

export type Siberian = Which & {
  readonly technique: 'siberian';
  /** `run`: more than `hellos` in a row, each sooner than `gapMs` after the last; `mixed`: so many in the window and any two of them so close; `count`: so many in the window. */
  readonly reading: 'run' | 'mixed' | 'count';
  /** What is counted together, and banned: a client's connections to one name, or to one address. */
  readonly key: 'name' | 'address';
  /** So many are still fine. */
  readonly hellos: number;
  readonly windowSeconds: number;
  readonly gapMs: number;
  readonly banSeconds: number;
  /** When a hello with another fingerprint comes while the ban lasts. */
  readonly longBanSeconds: number;
  /** Whose hellos count. */
  readonly prints: 'any' | 'browser' | 'program';
  /** Whether connections that were there before go silent too. */
  readonly established: 'cut' | 'spare';
  /** Whether a hello of the same client with another name between them ends the row. */
  readonly otherNameResets: boolean;
  /** Whether a hello during the ban starts it anew. */
  readonly restarts: boolean;
};

export const siberianFields: Fields<Siberian> = {
  ...whichFields,
  reading: oneOf(['run', 'mixed', 'count']),
  key: oneOf(['name', 'address'], 'name'),
  hellos: number({ least: 1, most: 1000, whole: true }, 3),
  windowSeconds: number({ least: 1, most: 3600 }, 60),
  gapMs: number({ least: 1, most: 60_000 }, 400),
  banSeconds: banSeconds({ least: 1, most: 86_400 }, 120),
  longBanSeconds: banSeconds({ least: 1, most: 86_400 }, 600),
  prints: oneOf(['any', 'browser', 'program'], 'any'),
  established: oneOf(['cut', 'spare'], 'cut'),
  otherNameResets: flag(false),
  restarts: flag(false),
};

export function siberian(rule: Siberian, look: Look): Bite {
  const { hello } = look.flow;
  if (hello === undefined || isExcepted(look) || !isNamed(look, 'reassembling', rule)) return undefined;
  if (rule.key === 'name' && hello.name === '') return undefined;
  const key = keyOf(rule, look, hello.name);
  const mark = markOf(look, () => ({ under: false }));
  if (look.news.hello && hello.name !== '' && isCounted(rule, look)) count(rule, look, key);
  if (bannedUntil(look, key) === 0) return undefined;
  mark.under ||= look.news.hello;
  return mark.under || rule.established === 'cut' ? dropped : undefined;
}

function count(rule: Siberian, look: Look, key: string): void {
  const trail = trailOf(look, key);
  const print = look.flow.hello === undefined ? '' : ja4Of(look.flow.hello);
  const until = bannedUntil(look, key);
  const lost = rule.key === 'name' ? lostWith(look) : lostAddress(look);
  if (until > 0) {
    const changed = print !== trail.print;
    if (changed) ban(look, key, { seconds: rule.longBanSeconds, lost });
    else if (rule.restarts)
      ban(look, key, { seconds: Math.max(rule.banSeconds, (until - look.at) / 1000), lost });
    return;
  }
  if (rule.otherNameResets && wasOtherName(look)) trail.times = [];
  trail.print = print;
  trail.times = [...trail.times.filter((time) => time > look.at - rule.windowSeconds * 1000), look.at];
  if (!isTooMany(rule, trail.times)) return;
  trail.times = [];
  ban(look, key, { seconds: rule.banSeconds, lost });
}

function isTooMany({ reading, hellos, gapMs }: Siberian, times: readonly number[]): boolean {
  if (times.length <= hellos) return false;
  if (reading === 'count') return true;
  const gaps = times.slice(1).map((time, place) => time - (times[place] ?? time));
  return reading === 'mixed'
    ? gaps.some((gap) => gap < gapMs)
    : gaps.slice(-hellos).every((gap) => gap < gapMs);
}

/** Whether this client's last counted hello named another host. */
function wasOtherName(look: Look): boolean {
  const name = look.flow.hello?.name ?? '';
  const last = trailOf(look, `last ${look.flow.opener}`);
  const other = last.print !== '' && last.print !== name;
  last.print = name;
  return other;
}

function isCounted({ prints }: Siberian, { flow: { hello } }: Look): boolean {
  return prints === 'any' || (hello !== undefined && looksLikeBrowser(hello) === (prints === 'browser'));
}

function keyOf({ key }: Siberian, { flow }: Look, name: string): string {
  return `${flow.opener} ${key === 'name' ? name : flow.server}`;
}

export function wordsOfSiberian(rule: Siberian): string {
  const close = `${Math.round(rule.gapMs)} ms`;
  const when = {
    run: `more than ${rule.hellos} ClientHellos in a row, each less than ${close} after the last`,
    mixed: `more than ${rule.hellos} ClientHellos within ${Math.round(rule.windowSeconds)} s, any two of them less than ${close} apart`,
    count: `more than ${rule.hellos} ClientHellos within ${Math.round(rule.windowSeconds)} s`,
  }[rule.reading];
  const whose = {
    any: '',
    browser: ' that look like a browser’s',
    program: ' that do not look like a browser’s',
  }[rule.prints];
  const what = rule.key === 'name' ? 'name' : 'address';
  const changed = `${Math.round(rule.longBanSeconds)} s from a hello with another fingerprint under the ban`;
  return `${when}${whose}, to one ${what}: silence between that client and ${what} for ${Math.round(rule.banSeconds)} s (${changed})`;
}
