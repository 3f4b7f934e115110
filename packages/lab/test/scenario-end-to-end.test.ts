import { beforeAll, describe, expect, test } from 'vitest';

import { catalogueFiles, loadScenario, variantFiles } from '../src/scenario/catalogue.ts';
import { type Control } from '../src/scenario/control.ts';
import { drawPolicies } from '../src/scenario/scenario.ts';
import { watchCountry, type Network, type Try, type Watched } from './support/watched-country.ts';

/**
 * Whether the scenarios bite: in each of their networks an ordinary client does well on the open network and then fails as the scenario
 * says, and every rule bites it. Like the engine's own tests these need a Linux that lets us make namespaces.
 */

const seed = 7;
const longestMs = 400_000;
const slowFactor = 5;
const networksOfClients = ['isp-1', 'isp-2'] as const;

const scenarios = await Promise.all(
  [...(await catalogueFiles()), ...(await variantFiles())].map(loadScenario),
);
const networks: readonly Network[] = scenarios.flatMap((scenario) => {
  const policies = drawPolicies(scenario, { seed });
  return networksOfClients.map((isp) => ({
    name: `${scenario.id}-${isp}`,
    policy: policies[isp],
    controls: scenario.controls,
  }));
});

let watched: Watched;

beforeAll(async () => {
  watched = await watchCountry(networks);
}, longestMs);

/** How the tries under the rules went, those that took five times as long as on the open network as `slow` where that matters. */
function wentUnder({ fails }: Control, tries: readonly Try[]): readonly string[] {
  const slowMatters = fails.includes('slow'); // elsewhere it is chance
  const openMs = Math.min(...tries.filter(({ when }) => when === 'before').map(({ tookMs }) => tookMs));
  return tries
    .filter(({ when }) => when === 'after')
    .map(({ went, tookMs }) =>
      went === 'whole' && slowMatters && tookMs > slowFactor * openMs ? 'slow' : went,
    );
}

function isAsSaid({ fails, mostWhole }: Control, went: readonly string[]): boolean {
  const whole = went.filter((one) => one === 'whole').length;
  const failed = went.filter((one) => one !== 'whole');
  const rightly = failed.every((one) => fails.some((word) => word === one));
  return went.length > 0 && whole <= mostWhole * went.length && rightly;
}

describe.each(networks)('$name', ({ name, policy, controls }) => {
  test.each(controls.map((control, place) => ({ control, place })))(
    'a client of $control.speaks to $control.host:$control.port fails by $control.fails, and only under the rules',
    ({ control, place }) => {
      const tries = watched.tries.get(name)?.[place] ?? [];
      expect(tries.filter(({ when, went }) => when === 'before' && went !== 'whole')).toEqual([]);
      const went = wentUnder(control, tries);
      expect({ went, asSaid: isAsSaid(control, went) }).toEqual({ went, asSaid: true });
    },
  );

  test('every rule has bitten', () => {
    const bitten = watched.bitten.get(name) ?? new Set();
    expect(policy.rules.filter((_, place) => !bitten.has(place))).toEqual([]);
  });
});
