import type { NamedBytes } from './pieces.ts';
import type { Script } from './scripts.ts';

export interface Grouping {
  /** files that travel together, by the name of their load; each file is in one */
  readonly loads: ReadonlyMap<string, readonly NamedBytes[]>;
  /** loads that the first page knows without asking */
  readonly early: ReadonlySet<string>;
}

/** Scripts that the first page knows: the words of a language, and the app itself, which comes right behind the first screen. */
const earlyOrigins: Readonly<Record<string, string>> = { en: 'en', ru: 'ru', app: 'start' };
/**
 * Screens that come with everything they need, in the order in which they are shown: what somebody without a home here is asked, the
 * list, and a conversation.
 */
const screens: Readonly<Record<string, string>> = {
  new: 'onboarding',
  home: 'home',
  conversation: 'conversation',
};

/**
 * Decides what travels together. A script takes with it what it cannot run without; what several need goes with the first of them,
 * and what is loaded only when a screen is opened is a load by itself.
 */
export function groupLoads(parts: {
  /** the first screen's own script the first */
  readonly page: readonly Script[];
  readonly engine: readonly Script[];
  /** by name; `page` goes with the first screen */
  readonly styles: ReadonlyMap<string, NamedBytes>;
}): Grouping {
  const byName = new Map([...parts.page, ...parts.engine].map((script) => [script.name, script]));
  const taken = new Set<string>();
  const take = (script: Script): readonly Script[] => {
    if (taken.has(script.name)) return [];
    taken.add(script.name);
    const needed = script.imports.map((name) => byName.get(name)).filter((one) => one !== undefined);
    return [script, ...needed.flatMap(take)];
  };
  const [first, ...others] = parts.page;
  if (first === undefined) throw new Error('the page made no script');
  const loads = new Map<string, readonly NamedBytes[]>();
  const style = parts.styles.get('page');
  // the script last: it runs when everything before it is there
  loads.set('page', [...(style === undefined ? [] : [style]), ...take(first).toReversed()]);
  const takeAll = (origins: Readonly<Record<string, string>>): void => {
    for (const [name, origin] of Object.entries(origins)) {
      const script = others.find((one) => one.origin === origin);
      if (script !== undefined) loads.set(name, take(script));
    }
  };
  takeAll(earlyOrigins);
  const early = new Set(loads.keys());
  takeAll(screens);
  const [engine, ...ofEngine] = parts.engine;
  if (engine === undefined) throw new Error('the engine made no script');
  loads.set('engine', take(engine));
  const all = [...parts.page, ...parts.engine];
  const isShared = (script: Script): boolean => all.some((one) => one.imports.includes(script.name));
  for (const script of [...others, ...ofEngine].toSorted(
    (a, b) => Number(isShared(b)) - Number(isShared(a)),
  )) {
    if (taken.has(script.name)) continue;
    taken.add(script.name);
    loads.set(loads.has(script.origin) ? script.name : script.origin, [script]);
  }
  for (const [name, file] of parts.styles) if (name !== 'page') loads.set(name, [file]);
  return { loads, early };
}
