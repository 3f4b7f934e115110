import { mkdirSync, writeFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { inspect } from '../censor/inspect.ts';
import {
  beginBlock,
  burnedOf,
  createMemory,
  firedOf,
  retriesOf,
  type Burn,
  type Memory,
} from '../censor/memory.ts';
import type { Policy, Rule } from '../censor/policy.ts';
import { openInternet, type Internet } from '../engine/internet.ts';
import { type LinkProfile } from '../engine/link.ts';
import { parseAddress } from '../net/address.ts';
import { makeAuthority, type Authority } from '../hosts/certificates.ts';
import { ispNames, type Change, type IspName } from '../scenario/scenario.ts';
import type { Control } from '../scenario/control.ts';
import type { Ground } from '../subjects/subject.ts';
import { startStandingServers } from './standing-servers.ts';
import { limitsOf, type Limits } from './throttles.ts';
import type { Person } from './workload.ts';
import { insiders, lineOf, worldPlan } from './world-plan.ts';

export type Policies = Readonly<Record<IspName, Policy>>;

/** One internet with its censors, on which one subject plays. */
export interface Stage extends AsyncDisposable {
  readonly ground: Ground;
  readonly internet: Internet;
  /** The rules begin to bite. Unless `change` is `none` the people inside change their networks: what was connected is cut. */
  block(options?: { readonly change?: Change }): void;
  readonly hasRules: (isp: IspName) => boolean;
  /** on the line of somebody inside */
  limits(person: Person): Limits | undefined;
  /** names and addresses that somebody here lost to a ban, each counted for everybody who lost it */
  burned(): number;
  /** connections that somebody here opened into a residual after the one that met it */
  retries(): number;
  /** what is banned now, for anybody of that ISP, and for how long it has been */
  bans(isp: IspName): readonly { readonly burn: Burn; readonly rule: Rule; readonly sinceMs: number }[];
  /** rules that never bit: `isp-1 rule 0 (name-reset)`. @param watchedMs rules that begin later do not count */
  idle(watchedMs: number): readonly string[];
}

export async function openStage(parts: {
  readonly seed: number;
  readonly policies: Policies;
  /** an empty folder for what is left here */
  readonly folder: string;
  /** of the people; a mobile one unless given */
  readonly line?: LinkProfile;
  /** where they are what is played */
  readonly controls?: readonly Control[];
}): Promise<Stage> {
  const { seed, policies, folder, line, controls } = parts;
  mkdirSync(folder, { recursive: true });
  await using opening = new AsyncDisposableStack();
  const internet = opening.use(await openInternet(worldPlan(seed, line)));
  const memories = new Map<IspName, Memory>();
  for (const isp of ispNames) {
    const policy = policies[isp];
    const memory = createMemory(policy);
    memories.set(isp, memory);
    internet.setInspect(isp, (sight) => inspect(sight, memory, policy));
  }
  const ground = groundOver(internet, makeAuthority(), folder);
  await startStandingServers(ground, controls);
  opening.move();
  return {
    internet,
    hasRules: (isp) => policies[isp].rules.length > 0,
    ground,
    block({ change = 'network' } = {}) {
      for (const memory of memories.values()) beginBlock(memory, internet.now());
      if (change === 'network') for (const person of insiders) internet.cut(person);
    },
    limits(person) {
      const { address, isp } = lineOf(person);
      const memory = isp && memories.get(isp);
      return memory && limitsOf(policies[isp], memory, parseAddress(address));
    },
    burned() {
      const burns = [...memories.values()].flatMap(burnedOf);
      return new Set(burns.map(({ client, what, value }) => `${client} ${what} ${value}`)).size;
    },
    retries: () => [...memories.values()].reduce((sum, memory) => sum + retriesOf(memory), 0),
    bans(isp) {
      const [memory, now] = [memories.get(isp), internet.now()];
      const burns = memory === undefined ? [] : burnedOf(memory);
      return burns.flatMap((burn) => {
        const rule = policies[isp].rules[burn.rule];
        return rule === undefined || burn.until <= now ? [] : [{ burn, rule, sinceMs: now - burn.at }];
      });
    },
    idle: (watchedMs) =>
      [...memories].flatMap(([isp, memory]) => {
        const fired = new Set(firedOf(memory).map(({ rule }) => rule));
        return policies[isp].rules
          .map(({ technique, beginSeconds }, at) => ({ technique, beginSeconds, at }))
          .filter(({ at, beginSeconds }) => !fired.has(at) && beginSeconds * 1000 < watchedMs)
          .map(({ at, technique }) => `${isp} rule ${at} (${technique})`);
      }),
    [Symbol.asyncDispose]: () => internet[Symbol.asyncDispose](),
  };
}

function groundOver(internet: Internet, authority: Authority, folder: string): Ground {
  const authorityFile = join(folder, 'authority.pem');
  writeFileSync(authorityFile, authority.root);
  let issued = 0;
  // where the engine comes before everything else, what plays comes before what else the machine does
  const before = internet.urgency === 'realtime' ? ['nice', '-n', '-10'] : [];
  return {
    spawn: (host, command, args, options = {}) =>
      internet.spawn(host, [...before, command, ...args], {
        stdio: ['pipe', 'pipe', 'pipe'],
        env: { ...plainEnvironment(process.env), ...options.env, HOME: folder },
      }),
    authority: authorityFile,
    certificate(subjects) {
      issued += 1;
      const { chain, key } = authority.issue({
        names: subjects.filter((one) => !isIPv4(one)),
        addresses: subjects.filter((one) => isIPv4(one)),
      });
      const files = { certificate: join(folder, `${issued}.pem`), key: join(folder, `${issued}-key.pem`) };
      writeFileSync(files.certificate, chain);
      writeFileSync(files.key, key);
      return files;
    },
    folder(name) {
      const path = join(folder, name);
      mkdirSync(path, { recursive: true, mode: 0o700 });
      return path;
    },
  };
}

/** What a program may know of whoever started it: npm, for one, would tell it the words of the command line, and so what is played. */
export function plainEnvironment(own: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const plain =
    /^(?:PATH|LANG|LC_\w+|TZ|TMPDIR|LD_LIBRARY_PATH|XDG_\w+|FONTCONFIG_\w+|PLAYWRIGHT_BROWSERS_PATH)$/u;
  return Object.fromEntries(Object.entries(own).filter(([name]) => plain.test(name)));
}
