/** Tern as it is: relays by the command `tern relay run`, people by the agent's library. */
import { resolve } from 'node:path';
import { relayHome, relayOne, relayTwo, serverPorts, type ServerHost } from './places.ts';
import { Program } from './program.ts';
import { everybody, startProgram, type Ground, type Subject } from './subject.ts';
import type { News } from '../programs/lines.ts';
import type { Settings } from '../programs/tern-client.ts';
import type { Person } from '../run/workload.ts';

const command = resolve(import.meta.dirname, '../../../agent/src/main.ts');

/** With a relay inside the country, which everybody knows beside those abroad. Conversations are begun before it is known, and so live abroad. */
export const tern: Subject = ternWith('tern', [relayOne, relayTwo, relayHome]);

/** The same people without the relay inside. */
export const ternAbroad: Subject = ternWith('tern-abroad', [relayOne, relayTwo]);

function ternWith(name: string, hosts: readonly ServerHost[]): Subject {
  return {
    name,
    ours: true,
    saysCauses: true,
    missing: () => undefined,
    async open(ground) {
      const links = await Promise.all(hosts.map((host) => startRelay(ground, host)));
      const people = new Map<Person, Program>();
      const start = async (person: Person): Promise<Program> => {
        const program = startPerson(ground, person);
        people.set(person, program);
        return program.ready();
      };
      await Promise.all(everybody.map(start));
      await meet(people, links);
      return { people, start };
    },
  };
}

/** With the home that this person has in this run, a new one the first time. */
export function startPerson(ground: Ground, person: Person): Program {
  const settings: Settings = { name: person, home: ground.folder(`home-${person}`) };
  return startProgram(ground, person, { file: 'tern-client.ts', settings });
}

/** As an operator would: every name and address of the host on both ports, and a certificate for each name; the first one also names the addresses. */
export async function startRelay(
  ground: Ground,
  host: ServerHost,
  options: {
    readonly web?: string;
    /** the names and addresses in its link and its card; all it has unless given */
    readonly called?: readonly string[];
  } = {},
): Promise<string> {
  const certificates = host.names.map((name, at) =>
    ground.certificate(at === 0 ? [name, ...host.addresses] : [name]),
  );
  const child = ground.spawn(
    host.host,
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      command,
      'relay',
      'run',
      '--json',
      ...(options.web === undefined ? [] : ['--web', options.web]),
      '--data',
      ground.folder(`relay-${host.host}`),
      '--listen',
      '0.0.0.0',
      ...serverPorts.flatMap((port) => ['--port', `${port}`]),
      ...(options.called ?? [...host.names, ...host.addresses]).flatMap((name) =>
        serverPorts.flatMap((port) => ['--public-url', `https://${name}:${port}`]),
      ),
      ...certificates.flatMap(({ certificate, key }) => ['--tls-cert', certificate, '--tls-key', key]),
    ],
    { env: { NODE_EXTRA_CA_CERTS: ground.authority } },
  );
  const relay = new Program(`relay in ${host.host}`, child);
  const { relayLink } = await relay.first(isRelayLink, { what: 'relay link' });
  return relayLink;
}

/** `a` invites the others through the relay abroad that everybody has; the other relays are added afterwards. */
async function meet(people: ReadonlyMap<Person, Program>, links: readonly string[]): Promise<void> {
  const [first = '', ...others] = links;
  await everyone(people, (program) => program.carriedOut({ do: 'relay', link: first }));
  const host = people.get('a');
  if (host === undefined) throw new Error('nobody invites');
  const guests = everybody.filter((person) => person !== 'a');
  const invitations = new Set<string>();
  for (const guest of guests) {
    const link = await invite(host, invitations);
    const program = people.get(guest);
    if (program !== undefined) await program.carriedOut({ do: 'accept', link });
  }
  await Promise.all(guests.flatMap((guest) => [met(host, guest), met(people.get(guest) ?? host, 'a')]));
  await everyone(people, async (program) => {
    for (const link of others) await program.carriedOut({ do: 'relay', link });
  });
}

async function everyone(
  people: ReadonlyMap<Person, Program>,
  work: (program: Program) => Promise<void>,
): Promise<void> {
  await Promise.all([...people.values()].map(work));
}

/** @param used the links it gave before; the new one is added @returns a link for one guest */
export async function invite(program: Program, used: Set<string>): Promise<string> {
  program.order({ do: 'invite' });
  const { link } = await program.first(
    (news): news is Extract<News, { is: 'link' }> => news.is === 'link' && !used.has(news.link),
    { what: 'invitation' },
  );
  used.add(link);
  return link;
}

export async function met(program: Program, person: string): Promise<void> {
  await program.first(
    (news): news is Extract<News, { is: 'met' }> => news.is === 'met' && news.person === person,
    { what: `meeting with ${person}` },
  );
}

/** What `tern relay run --json` prints. */
type RelayLine = News & { readonly relayLink: string };

function isRelayLink(news: News): news is RelayLine {
  return 'relayLink' in news;
}
