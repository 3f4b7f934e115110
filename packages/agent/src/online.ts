import type { Client, Trouble } from '@tern/core';
import type { Context } from './context.ts';
import { troubleWords } from './trouble-words.ts';

/** Stays online as long as `work` lasts. Whatever the network does meanwhile is said once and tried again. */
export async function whileOnline<T>(
  client: Client,
  context: Context,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const end = new AbortController();
  const signal = AbortSignal.any([context.signal, end.signal]);
  const online = stayOnline(client, context, signal);
  try {
    return await Promise.race([work(signal), online.then(async () => new Promise<never>(() => {}))]);
  } finally {
    end.abort();
    await online.catch(() => {}); // its failure, if any, is what the race has just ended with
  }
}

/** Ends by the signal only, without complaint. */
export async function stayOnline(client: Client, context: Context, signal: AbortSignal): Promise<void> {
  let said = '';
  const onTrouble = (trouble: Trouble): void => {
    const words = troubleWords(trouble);
    if (words === undefined || words === said) return;
    context.output.say(words);
    said = words;
  };
  try {
    await client.run({ signal, onTrouble });
  } catch (cause) {
    if (!signal.aborted) throw cause;
  }
}

/** Once now, and once after anything changed; ends when the signal aborts. */
export async function* nudges(client: Client, signal: AbortSignal): AsyncGenerator<void, void> {
  const changes = client.changes(signal); // counts from here, so nothing falls between
  yield;
  yield* changes;
}
