import { once } from 'node:events';
import type { Server } from 'node:http';
import { isIPv6, type AddressInfo, type Socket } from 'node:net';
import { UsageError } from '@tern/protocol';

export interface ListenAddress {
  /** a name or an IP address without brackets */
  readonly host: string;
  /** 0 for any free one */
  readonly port: number;
}

export const defaultPort = 7700;
const defaultHost = '127.0.0.1';
const mostPort = 65_535;

/**
 * Where a relay listens: every address that names its port, and every other one on each of the ports.
 * @param asked.listen `ADDRESS` or `ADDRESS:PORT`, an IPv6 address with a port in brackets; 127.0.0.1 where empty
 * @param asked.ports 7700 where empty
 * @throws {UsageError} for an address that is none, one that is asked for twice, and ports that nothing is left for
 */
export function listenAddresses(asked: {
  readonly listen: readonly string[];
  readonly ports: readonly number[];
}): readonly [ListenAddress, ...ListenAddress[]] {
  const ports = asked.ports.length === 0 ? [defaultPort] : asked.ports;
  const parsed = (asked.listen.length === 0 ? [defaultHost] : asked.listen).map(parseAddress);
  if (asked.ports.length > 0 && parsed.every(({ port }) => port !== undefined))
    throw new UsageError('every address to listen on names its port, so there is none for the other ports');
  const all = parsed.flatMap(({ host, port }) =>
    port === undefined ? ports.map((each) => ({ host, port: each })) : [{ host, port }],
  );
  const texts = new Set<string>();
  for (const { host, port } of all) {
    const text = `${host} ${port}`;
    if (port !== 0 && texts.has(text)) throw new UsageError(`${host}, port ${port} is asked for twice`);
    texts.add(text);
  }
  const [first, ...rest] = all;
  if (first === undefined) throw new UsageError('there is no address to listen on');
  return [first, ...rest];
}

function parseAddress(text: string): { readonly host: string; readonly port: number | undefined } {
  if (isIPv6(text)) return { host: text, port: undefined };
  const [, inBrackets, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]\s/]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = plain ?? inBrackets;
  const number = port === undefined ? undefined : Number(port);
  if (
    host === undefined ||
    (inBrackets !== undefined && !isIPv6(inBrackets)) ||
    (number !== undefined && number > mostPort)
  )
    throw new UsageError(
      `"${text}" is no address to listen on: it looks like 0.0.0.0, 0.0.0.0:443 or [::]:443`,
    );
  return { host, port: number };
}

/** Makes one server listen on each address. @throws {UsageError} where one cannot; then none does */
export async function listenEverywhere(
  addresses: readonly ListenAddress[],
  { make, connections }: { readonly make: () => Server; readonly connections: number },
): Promise<readonly Server[]> {
  const servers: Server[] = [];
  let open = 0;
  const count = (socket: Socket): void => {
    open += 1;
    socket.once('close', () => (open -= 1));
    if (open > connections) socket.destroy();
  };
  try {
    for (const address of addresses) {
      const server = make();
      server.maxConnections = connections; // of this one; all of them together are counted
      server.prependListener('connection', count);
      servers.push(server);
      await listen(server, address);
    }
    return servers;
  } catch (cause) {
    for (const server of servers) server.close();
    throw cause;
  }
}

/** @returns the port that was taken */
export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function listen(server: Server, { host, port }: ListenAddress): Promise<void> {
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    throw new UsageError(
      code === 'EADDRINUSE' ? `port ${port} is in use` : `cannot listen on ${host}, port ${port} (${code})`,
      { cause },
    );
  }
}
