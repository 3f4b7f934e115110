import type { Client, Me, SyncReport } from '@tern/core';
import { RefusedError } from '@tern/protocol';
import { WrongUsageError } from './command-line.ts';
import type { Context } from './context.ts';
import { openHome, type Home } from './home.ts';
import { passphraseFrom } from './passphrase.ts';
import { troubleWords } from './trouble-words.ts';

/** A home, open for one command. */
export interface ClientHome extends AsyncDisposable {
  readonly home: Home;
  readonly client: Client;
  /**
   * Reads and sends for what is left of the time a command may take (2 s, or TERN_PATIENCE), and says calmly what did not go. What then
   * waits is left at another relay of this home, where that is reached in so long again.
   * @param options `expecting`: codes of troubles that the command itself has words for
   */
  synchronise(options?: { readonly expecting?: readonly string[] }): Promise<SyncReport>;
}

/** How long a command that does not stay online exchanges with relays, if nobody says otherwise. */
const usualPatienceSeconds = 2;
const mostPatienceSeconds = 3600;

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
  const patienceMs = patienceSeconds(context.environment['TERN_PATIENCE']) * 1000;
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
    return clientHome(context, { home, client, patienceMs });
  } catch (cause) {
    await home[Symbol.asyncDispose]();
    throw cause;
  }
}

function clientHome(
  context: Context,
  opened: { readonly home: Home; readonly client: Client; readonly patienceMs: number },
): ClientHome {
  const { output, signal } = context;
  const { home, client } = opened;
  let deadline: AbortSignal | undefined;
  let told = false;
  return {
    home,
    client,
    async synchronise({ expecting = [] } = {}) {
      deadline ??= AbortSignal.timeout(opened.patienceMs);
      const report = await client.sync({ signal: AbortSignal.any([signal, deadline]) });
      // what did not go may be left at another relay, for which the time above may be over
      const patience = AbortSignal.timeout(opened.patienceMs);
      await client.handOver({ signal: AbortSignal.any([signal, patience]) });
      const words = told ? undefined : wordsOf(report, expecting);
      if (words !== undefined && !signal.aborted) {
        told = true;
        output.say(words);
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

/** @throws {WrongUsageError} for anything but a whole number of seconds, an hour at most */
function patienceSeconds(given: string | undefined): number {
  if (given === undefined) return usualPatienceSeconds;
  const seconds = Number(given);
  if (!/^\d{1,4}$/u.test(given) || seconds < 1 || seconds > mostPatienceSeconds)
    throw new WrongUsageError(
      `TERN_PATIENCE is a whole number of seconds from 1 to ${mostPatienceSeconds} (tern --help)`,
    );
  return seconds;
}

/** The first thing worth knowing of what did not go. */
function wordsOf({ complete, troubles }: SyncReport, expecting: readonly string[]): string | undefined {
  for (const trouble of troubles) {
    const words = expecting.includes(trouble.code) ? undefined : troubleWords(trouble);
    if (words !== undefined) return words;
  }
  return complete || troubles.length > 0 ? undefined : unfinished;
}

const unfinished = 'not everything could be exchanged in this moment; tern run stays online and finishes it';
