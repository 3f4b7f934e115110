/** Every network of several scenarios at once: in each an ordinary client that does what the scenario's controls do, all in one internet. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { inspect } from '../../src/censor/inspect.ts';
import { beginBlock, createMemory, firedOf, type Memory } from '../../src/censor/memory.ts';
import { type Policy } from '../../src/censor/policy.ts';
import { openInternet, type Internet } from '../../src/engine/internet.ts';
import { makeAuthority } from '../../src/hosts/certificates.ts';
import type { Settings as ClientSettings } from '../../src/programs/control-client.ts';
import type { Settings as ServerSettings } from '../../src/programs/control-server.ts';
import { jsonLines } from '../../src/programs/lines.ts';
import { addressesOfNames, hostsOfServers } from '../../src/run/world-plan.ts';
import { longestTryMs, type Control } from '../../src/scenario/control.ts';

export type Network = {
  readonly name: string;
  readonly policy: Policy;
  readonly controls: readonly Control[];
};

export type Try = {
  readonly went: string;
  readonly tookMs: number;
  /** As {@link whenOf} says. */
  readonly when: 'before' | 'across' | 'after';
};

export type Watched = {
  /** For each network and each of its controls, how its tries went, in order. */
  readonly tries: ReadonlyMap<string, readonly (readonly Try[])[]>;
  /** For each network, the places of the rules that bit. */
  readonly bitten: ReadonlyMap<string, ReadonlySet<number>>;
};

const firstClient = 100;
const line = { delayMs: 20 };
/** Programs that start all at once would only be late. */
const startEveryMs = 200;
/** A try that may take longer is not waited for before the block. */
const longTryMs = 40_000;
/** From the first try on the open network until the last one under the rules. */
const longestMs = 240_000;
const lookEveryMs = 200;

/** Lets all of them try on the open network first, then under their rules, until each control has been tried. */
export async function watchCountry(networks: readonly Network[]): Promise<Watched> {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'tern-country-'));
  cleanup.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const internet = cleanup.use(await openCountry(networks));
  const authority = makeAuthority();
  const authorityFile = join(folder, 'authority.pem');
  await writeFile(authorityFile, authority.root);
  const start = startIn(internet, authorityFile);
  const doors = doorsOf(networks.flatMap(({ controls }) => controls));
  await Promise.all(
    hostsOfServers.map(async ({ host, names, addresses }) => {
      const { chain, key } = authority.issue({ names, addresses });
      const files = { certificate: join(folder, `${host}.pem`), key: join(folder, `${host}-key.pem`) };
      await Promise.all([writeFile(files.certificate, chain), writeFile(files.key, key)]);
      for await (const told of start(host, 'control-server.ts', { doors, ...files })) {
        if (told['is'] === 'ready') return;
      }
    }),
  );
  const memories = new Map<string, Memory>();
  const tries = new Map<string, Try[][]>(
    networks.map(({ name, controls }) => [name, controls.map(() => [])]),
  );
  let blockedAt = Infinity;
  const take = (network: Network, told: Told): void => {
    const control = Number(told['control']);
    const [began, tookMs] = [Number(told['began']), Number(told['tookMs'])];
    const went = String(told['went']);
    const when = whenOf(network.controls[control] ?? noControl, { began, tookMs, went }, blockedAt);
    tries.get(network.name)?.[control]?.push({ went, tookMs, when });
  };
  for (const network of networks) {
    const { name, policy, controls } = network;
    const memory = createMemory(policy);
    memories.set(name, memory);
    internet.setInspect(name, (sight) => inspect(sight, memory, policy));
    void follow(start(name, 'control-client.ts', { controls, addresses: addressesOfNames }), (told) =>
      take(network, told),
    );
    await wait(startEveryMs);
  }
  const all = (has: (control: Control, of: readonly Try[]) => boolean): boolean =>
    networks.every(({ name, controls }) =>
      controls.every((control, at) => has(control, tries.get(name)?.[at] ?? [])),
    );
  const last = Date.now() + longestMs;
  await until(() => all((control, of) => of.length > 0 || longestTryMs(control) > longTryMs), last);
  blockedAt = Date.now();
  for (const memory of memories.values()) beginBlock(memory, internet.now());
  await until(() => all((_, of) => of.some(({ when }) => when === 'after')), last);
  const bitten = [...memories].map(
    ([name, memory]) => [name, new Set(firedOf(memory).map(({ rule }) => rule))] as const,
  );
  return { tries, bitten: new Map(bitten) };
}

/**
 * Before the rules began to bite, after that, or both. A long try, of which there are few, counts as one after it when it ended so, but not
 * where it ended well: the rules may have begun when all of it that they could bite had passed.
 */
export function whenOf(
  control: Parameters<typeof longestTryMs>[0],
  { began, tookMs, went }: { readonly began: number; readonly tookMs: number; readonly went: string },
  blockedAt: number,
): Try['when'] {
  if (began + tookMs < blockedAt) return 'before';
  const counts = longestTryMs(control) > longTryMs && went !== 'whole';
  return began > blockedAt || counts ? 'after' : 'across';
}

const noControl = { requests: 1, everyMs: 0, connections: 1, gapMs: 0 };

function openCountry(networks: readonly Network[]): Promise<Internet> {
  const homes = networks.map(({ name }, at) => ({
    name,
    addresses: [`192.0.2.${firstClient + at}`],
    isp: name,
    link: { up: line, down: line },
  }));
  const servers = hostsOfServers.map(({ host, addresses }) => ({ name: host, addresses }));
  return openInternet({
    seed: 1,
    inside: ['192.0.2.0/24'],
    names: addressesOfNames,
    hosts: [...servers, ...homes],
  });
}

type Told = Readonly<Record<string, unknown>>;

function startIn(
  internet: Internet,
  authorityFile: string,
): (host: string, file: string, settings: ClientSettings | ServerSettings) => AsyncIterable<Told> {
  return (host, file, settings) => {
    const program = join(import.meta.dirname, '../../src/programs', file);
    const child = internet.spawn(host, [process.execPath, program, JSON.stringify(settings)], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_EXTRA_CA_CERTS: authorityFile },
    });
    if (child.stdout === null) throw new Error(`${file} says nothing`);
    return jsonLines(child.stdout);
  };
}

async function follow(lines: AsyncIterable<Told>, take: (told: Told) => void): Promise<void> {
  for await (const told of lines) if (told['is'] === 'try') take(told);
}

/** Ends when it is so, or after so long that whoever looks at the tries will see what is missing. */
async function until(isSo: () => boolean, last: number): Promise<void> {
  while (!isSo() && Date.now() < last) await wait(lookEveryMs);
}

function doorsOf(controls: readonly Control[]): ServerSettings['doors'] {
  const found = new Map<string, ServerSettings['doors'][number]>();
  for (const { speaks, port } of controls) {
    const kind = speaks === 'https' ? 'https' : speaks === 'noise' ? 'tcp' : 'udp';
    found.set(`${kind} ${port}`, { kind, port });
  }
  return [...found.values()];
}
