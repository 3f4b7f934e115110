/**
 * A control: somebody without any tricks who does one thing again and again, and tells how each try went. In a scenario it must fail as the
 * scenario says; where it does not, nothing was proved. Settings: {@link Settings} as one JSON argument.
 */
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { Agent, request } from 'node:https';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { silenceMs, type Control } from '../scenario/control.ts';
import { beginningOf } from './control-bytes.ts';
import { endWithStandardInput, settingsOf, tell } from './lines.ts';

export interface Settings {
  readonly controls: readonly Control[];
  /** what the resolver should say, by name */
  readonly addresses: Readonly<Record<string, readonly string[]>>;
}

/** What stopped a try. */
class Stopped extends Error {}

const pauseMs = 2000;

const settings = settingsOf<Settings>();
endWithStandardInput();
tell({ is: 'ready' });
await Promise.all(settings.controls.map((control, at) => keepTrying(control, at)));

async function keepTrying(control: Control, at: number): Promise<never> {
  for (;;) {
    const began = Date.now();
    const went = await oneTry(control);
    tell({ is: 'try', control: at, went, began, tookMs: Date.now() - began });
    await wait(pauseMs);
  }
}

/** @returns `whole`, or why not */
async function oneTry(control: Control): Promise<string> {
  try {
    const address = await addressOf(control.host);
    const opened: Promise<void>[] = [];
    for (let at = 0; at < control.connections; at += 1) {
      if (at > 0) await wait(control.gapMs);
      const connection = useOne(control, address);
      connection.catch(() => undefined); // told when its turn comes
      opened.push(connection);
    }
    for (const connection of opened) await connection;
    return 'whole';
  } catch (error) {
    return wordFor(error);
  }
}

function wordFor(error: unknown): string {
  if (error instanceof Stopped) return error.message;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'failed';
  if (code === 'ENOTFOUND') return 'no-such-name';
  if (code === 'EAI_AGAIN' || code === 'ETIMEDOUT') return 'silence';
  return ['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes(code) ? 'reset' : code;
}

async function addressOf(host: string): Promise<string> {
  if (/^[\d.]+$/u.test(host)) return host;
  const { address } = await lookup(host, { family: 4 });
  if (settings.addresses[host]?.includes(address) !== true) throw new Stopped('wrong-address');
  return address;
}

async function useOne(control: Control, address: string): Promise<void> {
  if (control.speaks === 'https') await browse(control, address);
  else if (control.speaks === 'noise') await echoTcp(control, address);
  else await echoUdp(control, address);
}

async function browse(control: Control, address: string): Promise<void> {
  const name = control.serverName !== '' ? control.serverName : address === control.host ? '' : control.host;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    for (let at = 0; at < control.requests; at += 1) {
      if (at > 0) await wait(control.everyMs);
      const asked = request({
        host: address,
        port: control.port,
        path: `/${control.answerBytes}`,
        agent,
        ...(name === '' ? {} : { servername: name, headers: { host: name } }),
      });
      asked.on('error', () => undefined); // in the middle of an answer it is told by the answer
      const watch = watchSilence((error) => asked.destroy(error));
      try {
        asked.end();
        const [answer] = (await once(asked, 'response')) as [NodeJS.ReadableStream];
        // an agent goes on with another connection where one was cut between two requests
        if (at > 0 && !asked.reusedSocket) throw new Stopped('reset');
        for await (const _ of answer) watch.heard();
      } catch (error) {
        throw watch.silent ? new Stopped('silence') : error;
      } finally {
        watch.end();
      }
    }
  } finally {
    agent.destroy();
  }
}

async function echoTcp(control: Control, address: string): Promise<void> {
  const socket = connect(control.port, address);
  const broken = new AbortController();
  socket.on('error', (error) => broken.abort(error)); // it may break while nobody waits for it
  socket.on('close', () => broken.abort(new Error('closed')));
  const watch = watchSilence((error) => socket.destroy(error));
  const { signal } = broken;
  try {
    await once(socket, 'connect', { signal });
    for (let at = 0; at < control.requests; at += 1) {
      if (at > 0) await wait(control.everyMs);
      const bytes = beginningOf(control.speaks, control.answerBytes);
      socket.write(bytes);
      for (let came = 0; came < bytes.length;) {
        const [piece] = (await once(socket, 'data', { signal })) as [Buffer];
        came += piece.length;
        watch.heard();
      }
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    watch.end();
    socket.destroy();
  }
}

/** A datagram may be lost: each is sent up to three times. */
async function echoUdp(control: Control, address: string): Promise<void> {
  const socket = createSocket('udp4');
  const watch = watchSilence((error) => socket.emit('error', error));
  try {
    for (let at = 0; at < control.requests; at += 1) {
      if (at > 0) await wait(control.everyMs);
      const bytes = beginningOf(control.speaks, control.answerBytes);
      const send = (): void => socket.send(bytes, control.port, address);
      send();
      const again = setInterval(send, silenceMs / 4);
      try {
        await once(socket, 'message');
      } finally {
        clearInterval(again);
      }
      watch.heard();
    }
  } finally {
    watch.end();
    socket.close();
  }
}

function watchSilence(stop: (error: Error) => void): {
  readonly silent: boolean;
  heard(): void;
  end(): void;
} {
  let silent = false;
  const timer = setTimeout(() => {
    silent = true;
    stop(new Stopped('silence'));
  }, silenceMs);
  return {
    get silent() {
      return silent;
    },
    heard: () => timer.refresh(),
    end: () => clearTimeout(timer),
  };
}
