import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wholeNumber, type Call } from '../command-line.ts';
import type { Command, Context } from '../context.ts';

/** Where `npm start` leaves what it built. */
const builtWeb = fileURLToPath(new URL('../../../../build/web', import.meta.url));

export const relayRunCommand: Command = {
  words: ['relay', 'run'],
  operands: [],
  about: 'be a relay, until Ctrl-C; prints the link that lets others use it',
  options: {
    data: { value: 'DIR', about: 'everything the relay is and keeps (default ~/.tern-relay)' },
    port: { value: 'N', about: 'default 7700; 0 takes a free one' },
    listen: { value: 'ADDRESS', about: 'default 127.0.0.1, this machine only; 0.0.0.0 is every network' },
    'public-url': { value: 'URL', about: 'how others reach it, where that is not the address it listens on' },
    web: { value: 'DIR', about: 'the built app for browsers (default build/web, if npm start made it)' },
    'tls-cert': { value: 'FILE', about: 'certificate, PEM; --tls-key goes with it' },
    'tls-key': { value: 'FILE', about: 'key of the certificate, PEM' },
  },
  notes: [
    'The same data folder is the same relay, with the same link. Whoever has the link may store at the relay.',
    'The home given by --home is not used. What an operator may need to know goes to standard error, a line of JSON each.',
  ],
  async run(call, context) {
    const port = call.value('port');
    const { jsonLines, runRelay } = await import('@tern/relay'); // loaded only here: a client needs none of it
    await runRelay({
      data: fromWhereCalled(context, call.value('data') ?? join(homedir(), '.tern-relay')),
      ...(port !== undefined && {
        port: wholeNumber(relayRunCommand, 'port', { text: port, from: 0, to: 65_535 }),
      }),
      ...(existsSync(builtWeb) && { web: builtWeb }),
      ...file(call, context, { option: 'web', as: 'web' }),
      ...given(call, 'listen', 'listen'),
      ...given(call, 'public-url', 'publicUrl'),
      ...file(call, context, { option: 'tls-cert', as: 'tlsCert' }),
      ...file(call, context, { option: 'tls-key', as: 'tlsKey' }),
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

function given<Name extends string>(
  call: Call,
  option: string,
  as: Name,
): { readonly [name in Name]?: string } {
  const value = call.value(option);
  return value === undefined ? {} : ({ [as]: value } as { readonly [name in Name]: string });
}

function file<Name extends string>(
  call: Call,
  context: Context,
  { option, as }: { readonly option: string; readonly as: Name },
): { readonly [name in Name]?: string } {
  const value = call.value(option);
  return value === undefined
    ? {}
    : ({ [as]: fromWhereCalled(context, value) } as { readonly [name in Name]: string });
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
