import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wholeNumber, wrong, type Call } from '../command-line.ts';
import type { Command, Context } from '../context.ts';

/** Where `npm start` leaves what it built. */
const builtWeb = fileURLToPath(new URL('../../../../build/web', import.meta.url));

export const relayRunCommand: Command = {
  words: ['relay', 'run'],
  operands: [],
  about: 'be a relay, until Ctrl-C; prints the link that lets others use it',
  options: {
    data: { value: 'DIR', about: 'everything the relay is and keeps (default ~/.tern-relay)' },
    port: { value: 'N', repeated: true, about: 'default 7700; 0 takes a free one' },
    listen: {
      value: 'ADDRESS[:PORT]',
      repeated: true,
      about:
        'default 127.0.0.1, this machine only; 0.0.0.0 is every network; without a port it is on every --port',
    },
    'public-url': {
      value: 'URL',
      repeated: true,
      about:
        'how others reach it, https://NAME:PORT; the first is in the link, clients learn the others from the relay',
    },
    web: { value: 'DIR', about: 'the built app for browsers (default build/web, if npm start made it)' },
    'tls-cert': {
      value: 'FILE',
      repeated: true,
      about:
        'certificate, PEM; one for each name, the first also for who names none; as many --tls-key in the same order',
    },
    'tls-key': { value: 'FILE', repeated: true, about: 'key of that certificate, PEM' },
    'no-forward': { about: 'hand nothing on to other relays for your users, and take nothing from them' },
    'forward-to-private': {
      about:
        'hand on to private and loopback addresses too: only where everything in your network may be asked by your users',
    },
  },
  notes: [
    'The same data folder is the same relay, with the same link. Whoever has the link may store at the relay.',
    'The home given by --home is not used. What an operator may need to know goes to standard error, a line of JSON each.',
  ],
  async run(call, context) {
    const ports = call.values('port');
    const web = call.value('web');
    const certificates = certificatePairs(call, context);
    const { jsonLines, runRelay } = await import('@tern/relay'); // loaded only here: a client needs none of it
    await runRelay({
      data: fromWhereCalled(context, call.value('data') ?? join(homedir(), '.tern-relay')),
      ports: ports.map((text) => wholeNumber(relayRunCommand, 'port', { text, from: 0, to: 65_535 })),
      listen: call.values('listen'),
      publicUrls: call.values('public-url'),
      certificates,
      forward: !call.flag('no-forward'),
      forwardToPrivate: call.flag('forward-to-private'),
      ...(web === undefined
        ? existsSync(builtWeb) && { web: builtWeb }
        : { web: fromWhereCalled(context, web) }),
      signal: context.signal,
      world: context.world,
      primitives: context.primitives,
      print: (words) => context.output.result(lineObject(words), words),
      log: jsonLines(
        () => context.world.now(),
        (line) => context.output.log(line),
      ),
    });
  },
};

function certificatePairs(
  call: Call,
  context: Context,
): readonly { readonly cert: string; readonly key: string }[] {
  const certs = call.values('tls-cert');
  const keys = call.values('tls-key');
  if (certs.length !== keys.length)
    throw wrong(
      relayRunCommand,
      `each --tls-cert needs its --tls-key: there are ${certs.length} and ${keys.length} of them`,
    );
  return certs.map((cert, at) => ({
    cert: fromWhereCalled(context, cert),
    key: fromWhereCalled(context, keys[at] ?? ''),
  }));
}

/** `npm start` changes into the project's folder and says where it was called. */
function fromWhereCalled({ environment }: Context, path: string): string {
  const byNpm = environment['npm_lifecycle_event'] === 'start' ? environment['INIT_CWD'] : undefined;
  return resolve(byNpm ?? process.cwd(), path);
}

/** `relay link: http://...` is `{ "relayLink": "http://..." }`. */
function lineObject(words: string): Readonly<Record<string, unknown>> {
  const end = words.indexOf(': ');
  if (end < 0) return { message: words };
  const name = words.slice(0, end).replaceAll(/ (\w)/gu, (_, letter: string) => letter.toUpperCase());
  return { [name]: words.slice(end + 2) };
}
