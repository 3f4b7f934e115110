import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect as connectTls,
  type ConnectionOptions,
  type PeerCertificate,
  type TLSSocket,
} from 'node:tls';
import type { World } from '@tern/protocol';
import { DialError } from '../dialer/carrier.ts';
import type { Ended } from '../dialer/attempt-report.ts';
import { firstToStand } from './address-race.ts';
import { giveUp } from './give-up.ts';
import { nodeWorld } from './node-world.ts';

export interface TcpDialOptions {
  readonly signal: AbortSignal;
  /** the machine's own unless given */
  readonly world?: Pick<World, 'wait'>;
  /** begins to connect; as Node does unless given */
  readonly begin?: (address: string, port: number) => Socket;
}

/** A TCP connection to the first of these addresses that answers; none to another is left. @throws {DialError} @throws the signal's reason */
export async function dialTcp(
  addresses: readonly string[],
  port: number,
  { signal, world = nodeWorld, begin = beginTcp }: TcpDialOptions,
): Promise<Socket> {
  return firstToStand(addresses, {
    world,
    signal,
    async connect(address, options) {
      const socket = begin(address, port);
      await reached(socket, 'connect', { ...options, tcp: socket });
      return socket;
    },
    close: (socket) => giveUp(socket),
  });
}

function beginTcp(host: string, port: number): Socket {
  return connectTcp({ host, port, noDelay: true });
}

export interface TlsDialOptions {
  readonly signal: AbortSignal;
  /** said in clear; nothing is said where it is empty */
  readonly serverName: string;
  /** the certificate has to be for one of them */
  readonly names: readonly string[];
  readonly authorities?: string;
  readonly session?: Buffer;
}

/** A hello that is answered by the right certificate. @throws {DialError} @throws the signal's reason */
export async function dialTls(socket: Socket, options: TlsDialOptions): Promise<TLSSocket> {
  const { names, signal } = options;
  const secure = greet(socket, {
    ...options,
    checkServerIdentity: (_host, certificate) => isForOneOf(names, certificate),
  });
  await reached(secure, 'secureConnect', { signal, tcp: socket });
  return secure;
}

/** Begins TLS as all of this device's hellos do: who looks at their print sees one program. */
export function greet(
  socket: Socket,
  options: Pick<TlsDialOptions, 'serverName' | 'authorities' | 'session'> &
    Pick<ConnectionOptions, 'checkServerIdentity'>,
): TLSSocket {
  const { serverName, authorities, session, checkServerIdentity } = options;
  return connectTls({
    socket,
    servername: serverName,
    ALPNProtocols: ['http/1.1'],
    ...(checkServerIdentity !== undefined && { checkServerIdentity }),
    ...(authorities !== undefined && { ca: authorities }),
    ...(session !== undefined && { session }),
  });
}

function isForOneOf(names: readonly string[], certificate: PeerCertificate): Error | undefined {
  const objections = names.map((name) => checkServerIdentity(name, certificate));
  return objections.includes(undefined) ? undefined : objections[0];
}

async function reached(
  socket: Socket,
  event: string,
  { signal, tcp }: { readonly signal: AbortSignal; readonly tcp: Socket },
): Promise<void> {
  socket.on('error', () => undefined); // whoever uses it later hears its end by `close`
  try {
    await once(socket, event, { signal });
  } catch (cause) {
    giveUp(socket, tcp);
    signal.throwIfAborted();
    throw dialError(cause);
  }
}

const refusals = ['ECONNREFUSED'];
const resets = ['ECONNRESET', 'EPIPE', 'ECONNABORTED'];
const nameless = ['ENOTFOUND', 'EAI_AGAIN', 'ENODATA', 'EAI_NODATA', 'EAI_FAIL'];

/** What Node says, in our words. Addresses stay out of them. */
export function dialError(cause: unknown): DialError {
  const code = codeOf(cause);
  return new DialError(endOf(code), `the connection failed: ${code}`, { cause });
}

function endOf(code: string): Ended {
  if (refusals.includes(code)) return 'refused';
  if (resets.includes(code)) return 'reset';
  if (nameless.includes(code)) return 'name';
  if (code.startsWith('HPE_')) return 'not-a-relay';
  const isTls = /^(?:ERR_TLS|ERR_SSL|CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_|EPROTO)/u;
  return isTls.test(code) ? 'certificate' : 'failed';
}

function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : '';
}
