/** The messenger of comparison: an ordinary one with one server, by itself and inside what others put around theirs. */
import { spawnSync } from 'node:child_process';
import { everyPlace, relayHome, relayOne, relayTwo, serverHosts, serverPorts } from './places.ts';
import { everybody, startProgram, type Cast, type Ground, type Subject } from './subject.ts';
import type { Program } from './program.ts';
import type { Person } from '../run/workload.ts';
import type { Settings as ClientSettings } from '../programs/messenger-client.ts';
import type { Settings as GateSettings } from '../programs/gate.ts';
import type { Settings as ServerSettings } from '../programs/messenger-server.ts';
import type { News } from '../programs/lines.ts';

/** the name of the server behind proxies; nobody looks it up */
const hiddenName = 'messenger.example';
/** where the server is reached by its own fronts */
const backPort = 7443;
const backend = { host: relayOne.addresses[0] ?? '', port: backPort };

/** One WebSocket to one server; the other hosts are fronts that pass TCP on to it. */
export const websocket: Subject = {
  name: 'websocket',
  missing: () => undefined,
  async open(ground) {
    await startServer(ground, [...serverPorts, backPort]);
    const doors = [
      {
        kind: 'pass',
        listen: serverPorts.map((port) => ({ host: '0.0.0.0', port })),
        to: backend,
      },
    ] as const;
    await Promise.all([relayTwo, relayHome].map(({ host }) => startGate(ground, host, { doors }).ready()));
    return startPeople(ground, { places: everyPlace(), way: { kind: 'straight' } });
  },
};

/** TLS to a proxy on every host, and inside it TLS to the messenger's server, found by the name that the inner one asks for. */
export const tlsProxy: Subject = {
  name: 'tls-proxy',
  missing: () => undefined,
  async open(ground) {
    await startServer(ground, [backPort]);
    await Promise.all(
      serverHosts.map(({ host, names, addresses }) => {
        const door = {
          kind: 'proxy',
          listen: serverPorts.map((port) => ({ host: '0.0.0.0', port })),
          ...ground.certificate([...names, ...addresses]),
          to: { [hiddenName]: backend },
        } as const;
        return startGate(ground, host, { doors: [door] }).ready();
      }),
    );
    return startPeople(ground, { places: everyPlace(), way: { kind: 'proxy', server: hiddenName } });
  },
};

const obfs4Program = 'obfs4proxy';
const obfs4Transport = 'obfs4';

/** The pluggable transport obfs4 at both ends, one for each host, and TLS to the messenger's server inside. */
export const obfs4: Subject = {
  name: 'obfs4',
  missing: () =>
    spawnSync(obfs4Program, ['-version']).error === undefined
      ? undefined
      : `${obfs4Program} is not installed`,
  async open(ground) {
    await startServer(ground, [backPort]);
    const places = await Promise.all(
      serverHosts.map(async ({ host, addresses, names }) => {
        const [port = 443, ...otherPorts] = serverPorts;
        const gate = startGate(ground, host, {
          doors: [
            {
              kind: 'pluggable',
              program: obfs4Program,
              transport: obfs4Transport,
              listen: { host: '0.0.0.0', port },
              to: backend,
              state: ground.folder(`obfs4-${host}`),
            },
            {
              kind: 'pass',
              listen: otherPorts.map((other) => ({ host: '0.0.0.0', port: other })),
              to: { host: '127.0.0.1', port },
            },
          ],
        });
        const { link: secret } = await gate.first(isLink, { what: 'secret' });
        await gate.ready();
        return addresses.flatMap((address) =>
          serverPorts.map((each) => ({ host: address, port: each, name: names[0] ?? '', secret })),
        );
      }),
    );
    return startPeople(ground, {
      places: places.flat(),
      way: (person) => ({
        kind: 'pluggable',
        program: obfs4Program,
        transport: obfs4Transport,
        state: ground.folder(`obfs4-${person}`),
        server: hiddenName,
      }),
    });
  },
};

async function startServer(ground: Ground, ports: readonly number[]): Promise<void> {
  const names = serverHosts.flatMap((one) => [...one.names, ...one.addresses]);
  const settings: ServerSettings = {
    host: '0.0.0.0',
    ports,
    ...ground.certificate([...names, hiddenName]),
  };
  await startProgram(ground, 'relay-one', { file: 'messenger-server.ts', settings }).ready();
}

function startGate(ground: Ground, host: Parameters<Ground['spawn']>[0], settings: GateSettings): Program {
  return startProgram(ground, host, { file: 'gate.ts', settings });
}

async function startPeople(
  ground: Ground,
  how: {
    readonly places: ClientSettings['places'];
    readonly way: ClientSettings['way'] | ((person: Person) => ClientSettings['way']);
  },
): Promise<Cast> {
  const people = new Map<Person, Program>();
  const { places, way } = how;
  const start = async (person: Person): Promise<Program> => {
    const settings: ClientSettings = {
      name: person,
      places,
      way: typeof way === 'function' ? way(person) : way,
    };
    const program = startProgram(ground, person, { file: 'messenger-client.ts', settings });
    people.set(person, program);
    return program.ready();
  };
  await Promise.all(everybody.map(start));
  return { people, start };
}

function isLink(news: News): news is Extract<News, { is: 'link' }> {
  return news.is === 'link';
}
