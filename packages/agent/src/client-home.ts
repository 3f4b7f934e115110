import type { Client, Me, SyncReport, Trouble } from '@tern/core';
import { RefusedError } from '@tern/protocol';
import type { Context } from './context.ts';
import { openHome, type Home } from './home.ts';
import { passphraseFrom } from './passphrase.ts';

/** A home, open for one command. */
export interface ClientHome extends AsyncDisposable {
  readonly home: Home;
  readonly client: Client;
  /**
   * Reads and sends for what is left of the 2 s a command may take, and says calmly what did not go.
   * @param options `expecting`: codes of troubles that the command itself has words for
   */
  synchronise(options?: { readonly expecting?: readonly string[] }): Promise<SyncReport>;
}

/** How long a command that does not stay online exchanges with relays. */
const longestSyncMs = 2000;

/** @throws {RefusedError} as {@link openHome} does, and `no-identity` */
export async function openClientHome(context: Context): Promise<ClientHome & { readonly me: Me }> {
  const opened = await openAnyHome(context, { create: false });
  const me = await opened.client.me();
  if (me !== undefined) return { ...opened, me };
  await opened[Symbol.asyncDispose]();
  throw new RefusedError(
    'no-identity',
    'nobody lives in this home yet: tern init --name NAME makes an identity',
  );
}

/** A home that may be new, or without an identity. */
export async function openAnyHome(
  context: Context,
  options: { readonly create: boolean },
): Promise<ClientHome> {
  const home = await openHome({
    dir: context.dir,
    world: context.world,
    create: options.create,
    passphrase: passphraseFrom({
      environment: context.environment['TERN_PASSPHRASE'],
      terminal: context.terminal,
      signal: context.signal,
    }),
  });
  try {
    for (const path of home.tightened)
      context.output.say(`others on this machine could read ${path} until now`);
    const client = await context.openClient(home.store);
    return clientHome(context, home, client);
  } catch (cause) {
    await home[Symbol.asyncDispose]();
    throw cause;
  }
}

function clientHome(context: Context, home: Home, client: Client): ClientHome {
  const { output, signal } = context;
  let deadline: AbortSignal | undefined;
  let told = false;
  return {
    home,
    client,
    async synchronise({ expecting = [] } = {}) {
      deadline ??= AbortSignal.timeout(longestSyncMs);
      const report = await client.sync({ signal: AbortSignal.any([signal, deadline]) });
      const trouble = report.troubles.find((one) => !expecting.includes(one.code));
      if (trouble !== undefined && !told) {
        told = true;
        output.say(troubleWords(trouble));
      }
      return report;
    },
    async [Symbol.asyncDispose]() {
      try {
        await client[Symbol.asyncDispose]();
      } finally {
        await home[Symbol.asyncDispose]();
      }
    },
  };
}

const wordsOfTrouble: ReadonlyMap<string, string> = new Map([
  ['full', 'has no room left just now'],
  ['quota', 'has kept as much for you as it may'],
  ['refused', 'does not let this home in'],
  ['unknown-right', 'does not let this home in'],
  ['wrong-relay', 'is another one than the link promised, so nothing was sent there'],
  ['clock', 'and this machine disagree about the time: look at the clock'],
  ['busy', 'is busy just now'],
]);

/** One calm line: what is the matter, and that nothing is lost. */
export function troubleWords(trouble: Trouble): string {
  const what = wordsOfTrouble.get(trouble.code) ?? 'cannot be reached just now';
  return `the relay ${trouble.origin} ${what}; what waits here stays here and goes later`;
}
