/**
 * What stands on a server host in front of a server elsewhere: passes TCP on as it is, or ends a TLS and leads what is inside to the
 * server that the hello of the TLS inside names, as proxies for messengers do. Settings: {@link Settings} as one JSON argument.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { longestHelloBytes, readHello } from '../net/client-hello.ts';
import { endWithStandardInput, settingsOf, tell } from './lines.ts';
import { startPluggableServer } from './pluggable.ts';

interface Target {
  readonly host: string;
  readonly port: number;
}

export interface Settings {
  readonly doors: readonly (
    | { readonly kind: 'pass'; readonly listen: readonly Target[]; readonly to: Target }
    | {
        readonly kind: 'proxy';
        readonly listen: readonly Target[];
        readonly certificate: string;
        readonly key: string;
        readonly to: Readonly<Record<string, Target>>;
      }
    | {
        readonly kind: 'pluggable';
        readonly program: string;
        readonly transport: string;
        readonly listen: Target;
        readonly to: Target;
        readonly state: string;
      }
  )[];
}

const settings = settingsOf<Settings>();
endWithStandardInput();
for (const door of settings.doors) {
  if (door.kind === 'pass') {
    for (const at of door.listen)
      await listening(
        createServer({ noDelay: true }, (socket) => join(socket, door.to)),
        at,
      );
  } else if (door.kind === 'proxy') {
    const tls = { cert: readFileSync(door.certificate), key: readFileSync(door.key) };
    for (const at of door.listen)
      await listening(
        createTlsServer(tls, (socket) => lead(socket, door.to)),
        at,
      );
  } else {
    const { secret } = await startPluggableServer(door.program, {
      ...door,
      listen: `${door.listen.host}:${door.listen.port}`,
      to: `${door.to.host}:${door.to.port}`,
    });
    tell({ is: 'link', link: secret });
  }
}
tell({ is: 'ready' });

async function listening(server: Server, at: Target): Promise<void> {
  server.listen(at);
  await once(server, 'listening');
}

function join(socket: Duplex, to: Target): Socket {
  const other = connect({ ...to, noDelay: true });
  for (const [one, two] of [
    [socket, other],
    [other, socket],
  ] as const) {
    one.on('error', () => two.destroy());
    one.on('close', () => two.destroy());
    one.pipe(two);
  }
  return other;
}

/** Whoever does not say a name that is on the list meets a closed connection. */
function lead(socket: Duplex, to: Readonly<Record<string, Target>>): void {
  let begun = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  const look = (piece: Buffer): void => {
    begun = Buffer.concat([begun, piece]);
    const read = readHello(begun);
    if (read.kind === 'part' && begun.length < longestHelloBytes) return;
    socket.off('data', look);
    socket.pause();
    const target = read.kind === 'hello' ? to[read.hello.name] : undefined;
    if (target === undefined) {
      socket.destroy();
      return;
    }
    socket.unshift(begun);
    join(socket, target);
  };
  socket.on('data', look);
}
