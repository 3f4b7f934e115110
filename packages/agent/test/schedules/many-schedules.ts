import { prepare, type Prepared } from './prepared.ts';
import { runSchedule, type Outcome } from './run-schedule.ts';
import { drawSchedule, type Scene, type Schedule } from './schedule.ts';
import { shrink } from './shrink.ts';

/** What many schedules came to. */
export interface Summary {
  schedules: number;
  texts: number;
  exchanges: number;
  deaths: number;
  /** schedules in which clients left something at another relay by themselves, which handed it on */
  deferred: number;
  /** connections that were stopped in the middle, and at which bytes of requests and of answers */
  stops: number;
  places: { up: readonly number[]; down: readonly number[] };
  /** how many of them before the first byte of a request or an answer, and before the last */
  edges: { first: number; last: number };
  /** the longest time from the last fault until everybody had everything, ms of simulated time, and whose it was */
  slowest: { seed: number; ms: number };
  failed: { readonly seed: number; readonly faults: readonly string[] }[];
}

/** Runs schedules one after the other over scenes that are prepared once. */
export class ManySchedules {
  readonly #prepared = new Map<Scene, Promise<Prepared>>();
  readonly #places = { up: new Set<number>(), down: new Set<number>() };
  readonly #summary: Summary = {
    schedules: 0,
    texts: 0,
    exchanges: 0,
    deaths: 0,
    deferred: 0,
    stops: 0,
    places: { up: [], down: [] },
    edges: { first: 0, last: 0 },
    slowest: { seed: 0, ms: 0 },
    failed: [],
  };

  get summary(): Summary {
    const { up, down } = this.#places;
    return { ...this.#summary, places: { up: [...up], down: [...down] } };
  }

  async run(schedule: Schedule): Promise<Outcome> {
    const { scene } = schedule;
    const prepared = this.#prepared.get(scene) ?? prepare(scene);
    this.#prepared.set(scene, prepared);
    return runSchedule(schedule, await prepared);
  }

  /** @returns what is left of one that fails */
  shrink(seed: number): Promise<Schedule> {
    return shrink(drawSchedule(seed), async (smaller) => (await this.run(smaller)).faults.length > 0);
  }

  /** Draws one and lets it happen. @returns what did not hold */
  async draw(seed: number): Promise<readonly string[]> {
    const schedule = drawSchedule(seed);
    const outcome = await this.run(schedule);
    this.#count(schedule, outcome);
    if (outcome.faults.length > 0) this.#summary.failed.push({ seed, faults: outcome.faults });
    return outcome.faults;
  }

  #count(
    { seed, steps }: Schedule,
    { texts, exchanges, deaths, handedOn, stopped, settledMs }: Outcome,
  ): void {
    const summary = this.#summary;
    if (handedOn > 0 && steps.every((step) => step.do !== 'defer')) summary.deferred += 1;
    summary.schedules += 1;
    summary.texts += texts;
    summary.exchanges += exchanges;
    summary.deaths += deaths;
    summary.stops += stopped.length;
    for (const { direction, byte, of } of stopped) {
      this.#places[direction].add(byte);
      if (byte === 0) summary.edges.first += 1;
      if (byte === of - 1) summary.edges.last += 1;
    }
    if (settledMs > summary.slowest.ms) summary.slowest = { seed, ms: settledMs };
  }
}
