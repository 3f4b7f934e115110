import type { NamedBytes } from './pieces.ts';
import type { Script } from './scripts.ts';

export interface Grouping {
  /** files that travel together, by the name of their load; each file is in one */
  readonly loads: ReadonlyMap<string, readonly NamedBytes[]>;
  /** loads that the first page knows without asking */
  readonly early: ReadonlySet<string>;
}

/** Scripts that are needed at once by some: words of a language, and what a person without a home here sees first. */
const earlyOrigins: Readonly<Record<string, string>> = { en: 'en', ru: 'ru', new: 'onboarding' };

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
  const byName = new Map(parts.page.map((script) => [script.name, script]));
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
  for (const [name, origin] of Object.entries(earlyOrigins)) {
    const script = others.find((one) => one.origin === origin);
    if (script !== undefined) loads.set(name, take(script));
  }
  const early = new Set(loads.keys());
  const isShared = (script: Script): boolean => parts.page.some((one) => one.imports.includes(script.name));
  for (const script of [...others].toSorted((a, b) => Number(isShared(b)) - Number(isShared(a)))) {
    if (taken.has(script.name)) continue;
    taken.add(script.name);
    loads.set(loads.has(script.origin) ? script.name : script.origin, [script]);
  }
  loads.set('engine', parts.engine);
  for (const [name, file] of parts.styles) if (name !== 'page') loads.set(name, [file]);
  return { loads, early };
}
