import { setTimeout as wait } from 'node:timers/promises';
import type { News } from '../programs/lines.ts';
import type { Change } from '../scenario/scenario.ts';
import type { Program } from '../subjects/program.ts';
import type { Cast, Subject } from '../subjects/subject.ts';
import { isComplete, lateOf, measuresOf, type Arrival, type Late, type Measures } from './measures.ts';
import type { Stage } from './stage.ts';
import type { Throttled } from './throttles.ts';
import { insiders } from './world-plan.ts';
import { greetings, type Person, type Step } from './workload.ts';

const longestGreetingMs = 30_000;
const lookEveryMs = 500;
/** so that what comes a second time is seen, too */
const afterwardsMs = 2000;

/** One subject in one run, step by step, so that several can go through them side by side. Each step throws what makes the cell void. */
export class Trial {
  readonly subject: Subject;
  readonly #stage: Stage;
  readonly #arrivals: Arrival[] = [];
  readonly #note: (words: string) => void;
  /** since the block, by who said of a name with a limit that it is throttled */
  readonly #throttled = new Map<Person, number>();
  #cast: Cast | undefined;
  #blockedOnEngine = 0;
  /** on performance's clock */
  #blockedAt = Number.POSITIVE_INFINITY;

  constructor(subject: Subject, stage: Stage, note: (words: string) => void) {
    this.subject = subject;
    this.#stage = stage;
    this.#note = note;
  }

  /** Servers stand, people have met, and what is said on the open network arrives. */
  async prepare(): Promise<void> {
    const cast = await this.subject.open(this.#stage.ground);
    this.#cast = cast;
    for (const [person, program] of cast.people) this.#watch(person, program);
    await Promise.all(greetings().map((greeting) => this.#greet(greeting)));
    await cast.people.get('d')?.kill();
  }

  /** The block begins now. */
  block(change: Change): void {
    this.#blockedAt = performance.now();
    this.#blockedOnEngine = this.#stage.internet.now();
    this.#stage.block({ change });
  }

  /** Plays the steps and watches until everything is there, time is up, or nobody wants to know more. */
  async play(
    steps: readonly Step[],
    { watchMs, enough }: { readonly watchMs: number; readonly enough: AbortSignal },
  ): Promise<Measures> {
    const playing = Promise.all(steps.map((step) => this.#carryOut(step)));
    const until = this.#blockedAt + watchMs;
    const measures = (): Measures =>
      measuresOf(steps, this.#arrivals, { quiet: this.#stage.burned(), retries: this.#stage.retries() });
    const over = (): boolean => performance.now() >= until || enough.aborted;
    while (!over() && !isComplete(measures())) await wait(lookEveryMs);
    // a program that has not started until now is not waited for
    if (!over()) await Promise.race([playing, wait(Math.max(0, until - performance.now()))]);
    await wait(afterwardsMs);
    return measures();
  }

  /** What of the steps came late, or has not come. */
  late(steps: readonly Step[]): readonly Late[] {
    return lateOf(steps, this.#arrivals);
  }

  /** Everybody who met a limit until now, where their programs say what they find. */
  throttled(): readonly Throttled[] {
    if (this.subject.saysCauses !== true) return [];
    return insiders.flatMap((who) => {
      const metAt = this.#stage.limits(who)?.metAt();
      if (metAt === undefined) return [];
      const said = this.#throttled.get(who);
      const saidSeconds = said === undefined ? null : Math.round(said / 100) / 10;
      return [{ who, metSeconds: Math.round((metAt - this.#blockedOnEngine) / 100) / 10, saidSeconds }];
    });
  }

  async #greet([from, to, text]: readonly [Person, Person, string]): Promise<void> {
    const receiver = this.#program(to);
    this.#program(from).order({ do: 'text', to, text });
    await receiver.first(
      (news): news is Extract<News, { is: 'got' }> => news.is === 'got' && news.text === text,
      { what: `greeting from ${from} to ${to} on the open network`, longestMs: longestGreetingMs },
    );
  }

  async #carryOut(step: Step): Promise<void> {
    await wait(Math.max(0, this.#blockedAt + step.at - performance.now()));
    const { to } = step;
    if (step.kind === 'file') {
      this.#program(step.from).order({ do: 'file', to, name: step.name, size: step.size });
      return;
    }
    if (step.cold && !(await this.#startsAnew(step.from))) return;
    this.#program(step.from).order({ do: 'text', to, text: step.text });
  }

  /** A program that does not start has not said anything either; that is a result. */
  async #startsAnew(person: Person): Promise<boolean> {
    try {
      const program = await this.#cast?.start(person);
      if (program !== undefined) this.#watch(person, program);
      return program !== undefined;
    } catch (error) {
      this.#note(`${this.subject.name} ${person}: ${error instanceof Error ? error.message : ''}`);
      return false;
    }
  }

  #watch(person: Person, program: Program): void {
    program.listen((news) => {
      if (news.is === 'note') this.#note(`${this.subject.name} ${person}: ${news.words}`);
      const at = performance.now() - this.#blockedAt;
      if (at < 0) return;
      if (news.is === 'cause') this.#hear(person, { ...news, at });
      if (news.is === 'got')
        this.#arrivals.push({ at, to: person, from: news.from, content: { kind: 'text', text: news.text } });
      if (news.is === 'file') {
        const { name, size } = news;
        this.#arrivals.push({ at, to: person, from: news.from, content: { kind: 'file', name, size } });
      }
    });
  }

  #hear(person: Person, said: { readonly name: string; readonly cause: string; readonly at: number }): void {
    const { name, cause, at } = said;
    this.#note(`${this.subject.name} ${person}: ${name} ${cause} after ${Math.round(at)} ms`);
    const isSo = cause === 'throttled' && this.#stage.limits(person)?.has(name) === true;
    if (isSo && !this.#throttled.has(person)) this.#throttled.set(person, at);
  }

  #program(person: Person): Program {
    const program = this.#cast?.people.get(person);
    if (program === undefined) throw new Error(`${person} has no program`);
    return program;
  }
}
