import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { hostOfResolvers, hostsOfLab } from '../src/run/world-plan.ts';

const root = resolve(import.meta.dirname, '../../..');
const product = ['protocol', 'reach', 'core', 'relay', 'agent', 'web'];

/** Everything by which a program could tell that it is in the lab. */
const traces: readonly RegExp[] = [
  /\b(?:@tern\/)?lab\b/iu,
  /\bLAB_|TERN_LAB/u,
  /\bnsenter\b|\/dev\/net\/tun|\bisp-[12]\b/u,
  ...hostsOfLab.flatMap(({ names, addresses }) =>
    [...names, ...addresses].map((name) => new RegExp(name.replaceAll('.', '\\.'), 'u')),
  ),
];

test('the product knows nothing of the lab: no word, no variable, no name or address of it', () => {
  const paths = globSync(
    product.map((name) => `packages/${name}/{src,bundle}/**/*.{ts,tsx,mjs,css,html,json}`),
    { cwd: root },
  );
  expect(paths.length).toBeGreaterThan(200);
  const found = paths.flatMap((path) => {
    const text = readFileSync(resolve(root, path), 'utf8');
    return traces.filter((trace) => trace.test(text)).map((trace) => `${path}: ${trace}`);
  });
  expect(found).toEqual([]);
});

test('whoever is compared gets nothing from the lab but the authority that everybody trusts', () => {
  const subject = readFileSync(resolve(import.meta.dirname, '../src/subjects/subject.ts'), 'utf8');
  const tern = readFileSync(resolve(import.meta.dirname, '../src/subjects/tern.ts'), 'utf8');
  const variables = [...`${subject}${tern}`.matchAll(/env: \{([^}]*)\}/gu)].map(([, inside]) =>
    inside?.trim(),
  );
  expect(new Set(variables)).toEqual(new Set(['NODE_EXTRA_CA_CERTS: ground.authority']));
});

test('every resolver that the product asks over HTTPS is there under the address at which it asks', () => {
  const source = readFileSync(resolve(root, 'packages/reach/src/node/resolver.ts'), 'utf8');
  const [list = ''] = /const publicDohServers[^;]*;/u.exec(source) ?? [];
  const asked = [...list.matchAll(/\d+\.\d+\.\d+\.\d+/gu)].map(([address]) => address);
  expect(asked.length).toBeGreaterThan(1);
  expect(hostOfResolvers.addresses).toEqual(expect.arrayContaining(asked));
});
