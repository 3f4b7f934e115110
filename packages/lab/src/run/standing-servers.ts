/** What is there in every internet, whoever plays on it: resolvers over HTTPS, an ordinary web server, and whatever controls talk to. */
import type { Settings } from '../programs/control-server.ts';
import type { Control } from '../scenario/control.ts';
import { startProgram, type Ground } from '../subjects/subject.ts';
import { addressesOfNames, hostOfResolvers, hostsOfServers } from './world-plan.ts';

type Doors = Settings['doors'];

const web: Doors = [{ kind: 'https', port: 443 }];
const standing: Readonly<Record<string, Doors>> = { [hostOfResolvers.host]: web, 'web-site': web };

/** @param controls they find somebody behind every door at which they knock; where subjects play there are none */
export async function startStandingServers(ground: Ground, controls: readonly Control[] = []): Promise<void> {
  await Promise.all(
    hostsOfServers.map(async ({ host, names, addresses }) => {
      const doors = once([...(standing[host] ?? []), ...doorsOf(controls, [...names, ...addresses])]);
      if (doors.length === 0) return;
      const settings: Settings = {
        doors,
        ...ground.certificate([...names, ...addresses]),
        ...(host === hostOfResolvers.host ? { zone: addressesOfNames } : {}),
      };
      await startProgram(ground, host, { file: 'control-server.ts', settings }).ready();
    }),
  );
}

function doorsOf(controls: readonly Control[], called: readonly string[]): Doors {
  const kinds = {
    https: 'https',
    noise: 'tcp',
    quic: 'udp',
    stun: 'udp',
    dtls: 'udp',
    datagrams: 'udp',
  } as const;
  return controls
    .filter(({ host }) => called.includes(host))
    .map(({ speaks, port }) => ({ kind: kinds[speaks], port }));
}

function once(doors: Doors): Doors {
  const seen = new Set<string>();
  return doors.filter(({ kind, port }) => {
    const name = `${kind} ${port}`;
    return !seen.has(name) && seen.add(name);
  });
}
