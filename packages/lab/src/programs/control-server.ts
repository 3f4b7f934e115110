/**
 * What controls talk to: a web server where `/1000` is answered with a thousand bytes, and echoes of whatever comes over TCP or UDP. With a
 * zone the web server is a resolver over HTTPS as well (RFC 8484).
 * Settings: {@link Settings} as one JSON argument; tells `ready` when all of it listens.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import { Names } from '../engine/names.ts';
import { answerDnsOverHttps, isDnsOverHttps } from './dns-over-https.ts';
import { endWithStandardInput, settingsOf, tell } from './lines.ts';

export interface Settings {
  readonly doors: readonly { readonly kind: 'https' | 'tcp' | 'udp'; readonly port: number }[];
  /** files in PEM */
  readonly certificate: string;
  readonly key: string;
  /** addresses by name */
  readonly zone?: Readonly<Record<string, readonly string[]>>;
}

const host = '0.0.0.0';
const settings = settingsOf<Settings>();
const names = settings.zone === undefined ? undefined : new Names(settings.zone);
endWithStandardInput();
for (const { kind, port } of settings.doors) {
  if (kind === 'udp') await echoDatagrams(port);
  else {
    const server = kind === 'https' ? webServer() : echoServer();
    server.listen({ host, port });
    await once(server, 'listening');
  }
}
tell({ is: 'ready' });

function webServer(): ReturnType<typeof createServer> {
  const tls = { cert: readFileSync(settings.certificate), key: readFileSync(settings.key) };
  return createServer(tls, (request, response) => {
    if (names === undefined || !isDnsOverHttps(request))
      response.end(Buffer.alloc(Number(request.url?.slice(1)) || 0, 'a'));
    else void answerDnsOverHttps(names, request, response);
  });
}

function echoServer(): ReturnType<typeof createTcpServer> {
  return createTcpServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
}

async function echoDatagrams(port: number): Promise<void> {
  const socket = createSocket('udp4');
  socket.on('message', (bytes, from) => socket.send(bytes, from.port, from.address));
  socket.bind(port, host);
  await once(socket, 'listening');
}
