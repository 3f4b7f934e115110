import { longestTryMs, type Control } from '../scenario/control.ts';
import type { News } from '../programs/lines.ts';
import type { Settings as ClientSettings } from '../programs/control-client.ts';
import { startProgram } from '../subjects/subject.ts';
import type { Stage } from './stage.ts';
import { addressesOfNames } from './world-plan.ts';

type Try = Extract<News, { is: 'try' }>;

/** so much longer than on the open network is `slow` */
const slowFactor = 5;
const longestStartMs = 30_000;

/** The controls of a scenario in both networks of the country: each must succeed before the block and fail after it. */
export interface Controls {
  /** @returns why the open network is none, if so */
  open(): Promise<string | undefined>;
  /** every control has been tried after the block */
  readonly done: boolean;
  /** @param blockedAt milliseconds since 1970 @returns why the run proves nothing, if so */
  verdict(): string | undefined;
  /** from now on tries count */
  block(): void;
}

/** who stands where servers do, and is asked where their provider has rules */
const atHosting = 'home-site';

/** @param stage one that was opened for these controls */
export async function startControls(stage: Stage, controls: readonly Control[]): Promise<Controls> {
  const { ground } = stage;
  const watchers: readonly string[] = ['a', 'b', ...(stage.hasRules('hosting') ? [atHosting] : [])];
  const tries = new Map<string, Try[]>(watchers.map((name) => [name, []]));
  let blockedAt = Number.POSITIVE_INFINITY;
  const firsts = await Promise.all(
    watchers.map(async (name) => {
      const settings: ClientSettings = { controls, addresses: addressesOfNames };
      const program = startProgram(ground, name, { file: 'control-client.ts', settings });
      program.listen((news) => {
        if (news.is === 'try') tries.get(name)?.push(news);
      });
      await program.ready();
      return program;
    }),
  );
  const each = <Found>(
    look: (control: Control, of: readonly Try[], who: string) => Found,
  ): readonly Found[] =>
    controls.flatMap((control, at) =>
      watchers.map((name) =>
        look(
          control,
          (tries.get(name) ?? []).filter((one) => one.control === at),
          name,
        ),
      ),
    );
  const after = (of: readonly Try[]): readonly Try[] => of.filter(({ began }) => began >= blockedAt);
  return {
    async open() {
      for (const program of firsts)
        for (const [at, control] of controls.entries())
          await program.first((news): news is Try => news.is === 'try' && news.control === at, {
            what: 'first try of a control',
            longestMs: longestStartMs + longestTryMs(control),
          });
      return each((control, of, who) => {
        const [first] = of;
        return first?.went === 'whole' ? undefined : `${wordsOf(control, who)} went ${first?.went}`;
      }).find((words) => words !== undefined);
    },
    block() {
      blockedAt = Date.now();
    },
    get done() {
      return each((_, of) => after(of).length > 0).every((tried) => tried);
    },
    verdict: () =>
      firsts.find(({ over }) => over)?.complaints ??
      each((control, of, who) => {
        const openMs = Math.min(...of.filter(({ began }) => began < blockedAt).map(({ tookMs }) => tookMs));
        const slowMatters = control.fails.includes('slow'); // elsewhere it is chance
        const went = after(of).map((one) =>
          one.went === 'whole' && slowMatters && one.tookMs > slowFactor * openMs ? 'slow' : one.went,
        );
        return verdictOn(control, went, wordsOf(control, who));
      }).find((words) => words !== undefined),
  };
}

/** @param went of each try after the block @returns why it proves nothing, if so */
export function verdictOn(control: Control, went: readonly string[], who: string): string | undefined {
  if (went.length === 0) return `${who} was not tried after the block`;
  const whole = went.filter((one) => one === 'whole').length / went.length;
  if (whole > control.mostWhole) return `${who} should fail and went ${tally(went)}`;
  const asSaid = control.fails.some((word) => went.includes(word)) || whole === 1;
  return asSaid ? undefined : `${who} should fail by ${control.fails.join(' or ')} and went ${tally(went)}`;
}

/** `reset, 3 x whole` */
function tally(went: readonly string[]): string {
  const counts = [...Map.groupBy(went, (word) => word)].map(([word, { length }]) => ({ word, length }));
  return counts.map(({ word, length }) => (length === 1 ? word : `${length} x ${word}`)).join(', ');
}

function wordsOf({ speaks, host, port }: Control, who: string): string {
  return `the control ${speaks} to ${host}:${port} of ${who}`;
}
