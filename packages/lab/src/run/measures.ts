import type { Level } from '../scenario/target.ts';
import type { Profile } from './profile.ts';
import type { Person, Step, Words } from './workload.ts';

/** Something that a person can read now, as their program showed it. */
export interface Arrival {
  /** milliseconds since the block began */
  readonly at: number;
  readonly to: Person;
  readonly from: string;
  readonly content:
    | { readonly kind: 'text'; readonly text: string }
    | { readonly kind: 'file'; readonly name: string; readonly size: number };
}

/** How one subject did in one run. Times in seconds; undefined: not in this run. */
export interface Measures {
  /** share of the texts that arrived within 60 s of being written */
  readonly text: number;
  /** share of the texts that arrived within 600 s, or before the end of the run */
  readonly eventual: number;
  /** from the block until both conversations of `a`, within the country and over the border, had brought a text */
  readonly ttr: number | undefined;
  /** until the photo was there */
  readonly media: number | undefined;
  /** until the voice note was there */
  readonly voice: number | undefined;
  /** from the cold start of `d` until its text was there */
  readonly cold: number | undefined;
  /** names and addresses that the censors banned because of this subject */
  readonly quiet: number;
  /** connections that somebody inside opened into a residual after the one that met it */
  readonly retries: number;
  /** texts and files that were shown more than once, or that nobody sent */
  readonly wrong: number;
}

/** Something that came later than a minute after it was sent, or not at all. Seconds since the block. */
export interface Late {
  readonly what: 'text' | 'photo' | 'voice';
  readonly from: Person;
  readonly to: Person;
  readonly sentSeconds: number;
  /** null: not while the run was watched */
  readonly cameSeconds: number | null;
}

/** for whoever looks for a fault; where little passes all are late, and these say as much */
const mostLate = 10;
const soonMs = 60_000;
const eventuallyMs = 600_000;

/** @param arrivals in the order in which they came @param seen what the censors counted */
export function measuresOf(
  steps: readonly Step[],
  arrivals: readonly Arrival[],
  seen: Pick<Measures, 'quiet' | 'retries'>,
): Measures {
  const { firsts, wrong } = firstsOf(steps, arrivals);
  const took = (step: Step | undefined): number | undefined => {
    const at = step && firsts.get(step);
    return step === undefined || at === undefined ? undefined : Math.max(0, at - step.at);
  };
  const texts = steps.filter((step): step is Words => step.kind === 'text' && !step.cold);
  const within = (ms: number): number =>
    texts.filter((step) => (took(step) ?? Number.POSITIVE_INFINITY) <= ms).length / texts.length;
  const file = (name: string): Step | undefined =>
    steps.find((step) => step.kind === 'file' && step.name === name);
  return {
    text: within(soonMs),
    eventual: within(eventuallyMs),
    ttr: seconds(recovery(texts, firsts)),
    media: seconds(took(file('photo'))),
    voice: seconds(took(file('voice'))),
    cold: seconds(took(steps.find((step) => step.kind === 'text' && step.cold))),
    ...seen,
    wrong,
  };
}

/** @returns in the order in which they were sent, {@link mostLate} of them at most */
export function lateOf(steps: readonly Step[], arrivals: readonly Arrival[]): readonly Late[] {
  const { firsts } = firstsOf(steps, arrivals);
  const late = steps.filter((step) => (firsts.get(step) ?? Number.POSITIVE_INFINITY) - step.at > soonMs);
  return late.slice(0, mostLate).map((step) => ({
    what: step.kind === 'text' ? 'text' : step.name,
    from: step.from,
    to: step.to,
    sentSeconds: seconds(step.at) ?? 0,
    cameSeconds: seconds(firsts.get(step)) ?? null,
  }));
}

/** @returns when each came for the first time, and how many arrivals were of nothing that was sent, or not the first */
function firstsOf(
  steps: readonly Step[],
  arrivals: readonly Arrival[],
): { readonly firsts: ReadonlyMap<Step, number>; readonly wrong: number } {
  const firsts = new Map<Step, number>();
  let wrong = 0;
  for (const arrival of arrivals) {
    const step = steps.find((one) => isOf(arrival, one));
    if (step === undefined || firsts.has(step)) wrong += 1;
    else firsts.set(step, arrival.at);
  }
  return { firsts, wrong };
}

/** @returns whether everything is there, so that nothing is left to watch */
export function isComplete({ eventual, media, voice, cold }: Measures): boolean {
  return eventual === 1 && media !== undefined && voice !== undefined && cold !== undefined;
}

function isOf({ to, from, content }: Arrival, step: Step): boolean {
  if (step.to !== to || step.from !== from) return false;
  if (content.kind === 'text') return step.kind === 'text' && step.text === content.text;
  return step.kind === 'file' && step.name === content.name && step.size === content.size;
}

function recovery(texts: readonly Words[], firsts: ReadonlyMap<Step, number>): number | undefined {
  const first = (other: Person): number =>
    Math.min(
      ...texts
        .filter(({ from, to }) => from === other || to === other)
        .map((step) => firsts.get(step) ?? Number.POSITIVE_INFINITY),
    );
  const both = Math.max(first('b'), first('c'));
  return Number.isFinite(both) ? both : undefined;
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms / 100) / 10;
}

const mediaSoonSeconds = 120;
const mediaEventuallySeconds = 600;

/**
 * A: as if nothing were. B: slower. C: texts get through in the end. F: less, or something was shown twice or wrongly.
 * @param profile a quick run sees no more than its watch
 */
export function levelOf(measures: Measures, profile: Profile): Level {
  const texts = textLevelOf(measures);
  const media = mediaLevelOf(measures, profile);
  if (texts === 'A') return media;
  return texts === 'B' && media === 'C' ? 'C' : texts;
}

/** Of the texts alone. */
export function textLevelOf({ text, eventual, ttr = Number.POSITIVE_INFINITY, wrong }: Measures): Level {
  if (wrong > 0) return 'F';
  if (text >= 0.99 && ttr <= 15) return 'A';
  if (text >= 0.95 && ttr <= 60) return 'B';
  return eventual >= 0.95 ? 'C' : 'F';
}

/** Of the photo alone; C asks for none. */
export function mediaLevelOf(
  { media = Number.POSITIVE_INFINITY }: Measures,
  { watchMs }: Profile,
): Exclude<Level, 'F'> {
  const longest = watchMs / 1000;
  if (media <= Math.min(mediaSoonSeconds, longest)) return 'A';
  return media <= Math.min(mediaEventuallySeconds, longest) ? 'B' : 'C';
}
