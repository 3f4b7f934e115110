/** Where servers are, for everybody the same: names, addresses, ports. The addresses are for documentation (RFC 5737) and exist in the lab only. */
export interface ServerHost {
  readonly host: 'relay-one' | 'relay-two' | 'relay-home';
  readonly addresses: readonly string[];
  readonly names: readonly string[];
}

export const relayOne: ServerHost = {
  host: 'relay-one',
  addresses: ['203.0.113.10', '203.0.113.11'],
  names: ['cloud-notes.example', 'garden-photos.example'],
};

export const relayTwo: ServerHost = {
  host: 'relay-two',
  addresses: ['198.51.100.20', '198.51.100.21'],
  names: ['paper-boats.example', 'river-maps.example'],
};

/** The one inside the country. */
export const relayHome: ServerHost = {
  host: 'relay-home',
  addresses: ['192.0.2.50'],
  names: ['city-library.example'],
};

export const serverHosts: readonly ServerHost[] = [relayOne, relayTwo, relayHome];
export const serverPorts: readonly number[] = [443, 8443];

/** Every way to a server: by name, then by address, on each port; the domestic one last, as somebody would list it who had it in reserve. */
export function everyPlace(): readonly {
  readonly host: string;
  readonly port: number;
  readonly name: string;
}[] {
  const named = serverHosts.flatMap(({ names }) =>
    serverPorts.flatMap((port) => names.map((name) => ({ host: name, port, name }))),
  );
  const numbered = serverHosts.flatMap(({ addresses, names }) =>
    addresses.flatMap((host, at) =>
      serverPorts.map((port) => ({ host, port, name: names[at % names.length] ?? '' })),
    ),
  );
  return [...named, ...numbered];
}
