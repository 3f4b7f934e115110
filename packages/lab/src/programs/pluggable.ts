/** Pluggable transports in managed mode (pt-spec 1): a program of its own at each end, spoken to over its environment and output. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

export interface Pluggable {
  readonly child: ChildProcess;
  readonly address: string;
  readonly port: number;
  /** what a client has to be given: `cert=...,iat-mode=0` */
  readonly secret: string;
}

/** @param options `to`: where what arrives is handed on in the clear @throws where the program does not do it */
export function startPluggableServer(
  program: string,
  options: {
    readonly transport: string;
    readonly listen: string;
    readonly to: string;
    readonly state: string;
  },
): Promise<Pluggable> {
  const { transport, listen, to, state } = options;
  const environment = {
    TOR_PT_SERVER_TRANSPORTS: transport,
    TOR_PT_SERVER_BINDADDR: `${transport}-${listen}`,
    TOR_PT_ORPORT: to,
  };
  return started(program, { environment, state, said: /^SMETHOD (\S+) (\S+):(\d+)(?: ARGS:(\S+))?/u });
}

export function startPluggableClient(
  program: string,
  options: { readonly transport: string; readonly state: string },
): Promise<Pluggable> {
  const environment = { TOR_PT_CLIENT_TRANSPORTS: options.transport };
  return started(program, {
    environment,
    state: options.state,
    said: /^CMETHOD (\S+) socks5 (\S+):(\d+)/u,
  });
}

async function started(
  program: string,
  options: {
    readonly environment: Readonly<Record<string, string>>;
    readonly state: string;
    readonly said: RegExp;
  },
): Promise<Pluggable> {
  mkdirSync(options.state, { recursive: true });
  const child = spawn(program, [], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      ...process.env,
      TOR_PT_MANAGED_TRANSPORT_VER: '1',
      TOR_PT_EXIT_ON_STDIN_CLOSE: '1',
      TOR_PT_STATE_LOCATION: options.state,
      ...options.environment,
    },
  });
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  return Promise.race([failed, methodOf(child, options.said)]);
}

async function methodOf(child: ChildProcess, said: RegExp): Promise<Pluggable> {
  if (child.stdout === null) throw new Error('the program has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    const [, , address, port, secret = ''] = said.exec(line) ?? [];
    if (address !== undefined) return { child, address, port: Number(port), secret };
    if (/ERROR/u.test(line)) throw new Error(line);
  }
  throw new Error('the program ended before it said where it listens');
}

/** SOCKS5 (RFC 1928) with what the transport has to know as user and password (pt-spec 1, section 3.5). */
export async function dialThrough(to: {
  readonly socksPort: number;
  readonly host: string;
  readonly port: number;
  readonly secret?: string;
  readonly signal: AbortSignal;
}): Promise<Socket> {
  const socket = connect(to.socksPort, '127.0.0.1');
  socket.on('error', () => {}); // told by 'close'
  const stop = (): void => void socket.destroy();
  to.signal.addEventListener('abort', stop, { once: true });
  try {
    const words = Buffer.from((to.secret ?? '').replaceAll(',', ';'));
    const [user, password] = [words.subarray(0, 255), words.subarray(255)];
    socket.write(Uint8Array.of(5, 1, 2));
    await take(socket, 2);
    const rest = password.length === 0 ? Buffer.of(0) : password;
    socket.write(Buffer.concat([Buffer.of(1, user.length), user, Buffer.of(rest.length), rest]));
    if ((await take(socket, 2))[1] !== 0) throw new Error('the transport does not take its secret');
    const port = Buffer.alloc(2);
    port.writeUInt16BE(to.port);
    socket.write(Buffer.concat([Buffer.of(5, 1, 0, 1, ...to.host.split('.').map(Number)), port]));
    const answer = await take(socket, 10);
    if (answer[1] !== 0) throw new Error(`the transport could not connect (${answer[1]})`);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    to.signal.removeEventListener('abort', stop);
  }
}

function take(socket: Socket, bytes: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const look = (): void => {
    const found = socket.read(bytes) as Buffer | null;
    if (found === null) return;
    done();
    resolve(found);
  };
  const gone = (): void => {
    done();
    reject(new Error('closed before it stood'));
  };
  const done = (): void => {
    socket.off('readable', look);
    socket.off('close', gone);
  };
  socket.on('readable', look);
  socket.on('close', gone);
  look();
  return promise;
}
