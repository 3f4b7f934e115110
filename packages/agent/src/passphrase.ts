import { StringDecoder } from 'node:string_decoder';
import { RefusedError } from '@tern/protocol';

/** To `create`, undefined means a home without a passphrase; to `open`, that there is none to be had. */
export type AskPassphrase = (purpose: 'create' | 'open') => Promise<string | undefined>;

/** The slice of a terminal a hidden question needs; `process.stdin` and `process.stderr` make one. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  readonly output: { write(text: string): unknown };
}

export interface PassphraseSource {
  /** the value of TERN_PASSPHRASE; it wins over the terminal */
  readonly environment: string | undefined;
  /** where somebody can be asked */
  readonly terminal?: Terminal;
  readonly signal: AbortSignal;
}

export function passphraseFrom(source: PassphraseSource): AskPassphrase {
  return async (purpose) => {
    if (source.environment !== undefined) return source.environment;
    const { terminal, signal } = source;
    if (terminal === undefined || terminal.input.isTTY !== true) return undefined;
    if (purpose === 'open') return askHidden(terminal, 'Passphrase: ', { signal });
    const chosen = await askHidden(terminal, 'New passphrase (press Enter alone to go without one): ', {
      signal,
    });
    if (chosen === '') return undefined;
    const again = await askHidden(terminal, 'The same again: ', { signal });
    if (again !== chosen) throw new RefusedError('passphrase-mismatch', 'the two passphrases differ');
    return chosen;
  };
}

const longestPassphrase = 1024;

/**
 * One line from the keyboard that the screen never shows.
 * @throws {RefusedError} `passphrase-cancelled` for Ctrl-C, Ctrl-D or a closed terminal
 */
export async function askHidden(
  terminal: Terminal,
  question: string,
  options: { readonly signal: AbortSignal },
): Promise<string> {
  const { input, output } = terminal;
  const { signal } = options;
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const decoder = new StringDecoder('utf8');
  let line = '';
  const cancel = (): void => reject(new RefusedError('passphrase-cancelled', 'no passphrase was given'));
  const abort = (): void => reject(signal.reason);
  const take = (chunk: Buffer | string): void => {
    const typed = typeof chunk === 'string' ? chunk : decoder.write(chunk);
    if (typed.startsWith('\u001b')) return; // an arrow or function key
    const keys = Array.from(typed);
    for (const [at, key] of keys.entries()) {
      if (key === '\r' || key === '\n') {
        const rest = keys.slice(at + 1).join('');
        input.pause(); // what was pasted after the line answers the next question
        input.off('data', take);
        if (rest !== '') input.unshift(rest);
        return resolve(line);
      }
      if (key === '\u0003' || key === '\u0004') return cancel();
      if (key === '\u007f' || key === '\b') line = Array.from(line).slice(0, -1).join('');
      else if (key === '\u0015') line = '';
      else if (key >= ' ' && line.length < longestPassphrase) line += key;
    }
  };
  output.write(question);
  input.setRawMode?.(true);
  input.on('data', take).once('end', cancel).once('error', reject);
  signal.addEventListener('abort', abort, { once: true });
  input.resume();
  try {
    return await promise;
  } finally {
    input.pause();
    input.off('data', take).off('end', cancel).off('error', reject);
    signal.removeEventListener('abort', abort);
    input.setRawMode?.(false);
    output.write('\n');
  }
}
