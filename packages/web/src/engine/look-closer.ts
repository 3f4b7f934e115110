/* A load by itself, fetched when somebody wants to know what hinders: it brings the rules of the diagnosis along. */
import type { Client } from '@tern/core';
import type { World } from '@tern/protocol';
import type { Dialer } from '@tern/reach';
import { browserProbes } from '@tern/reach/browser';
import { probe } from '@tern/reach/diagnosis';

/** Makes the attempts that a diagnosis lacks; what they show is among the client's observations. Ends early by the signal. */
export async function lookCloser(
  parts: {
    readonly client: Pick<Client, 'hosts' | 'observations' | 'observed'>;
    readonly world: World;
    readonly dialer?: Dialer;
  },
  signal: AbortSignal,
): Promise<void> {
  const { client, world, dialer } = parts;
  const hosts = await client.hosts();
  const port = browserProbes(
    hosts.flatMap((host) => dialer?.openings(host) ?? []),
    { world },
  );
  const { observations: known } = client.observations();
  for await (const one of probe({ port, world, ways: port.ways, known }, { signal })) client.observed(one);
}
