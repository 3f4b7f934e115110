import { safeJson, safeLine, safeLines } from './terminal-text.ts';

/** The slice of a stream that is written to. */
export interface Sink {
  write(text: string | Uint8Array): unknown;
  readonly columns?: number;
  readonly isTTY?: boolean;
}

/** The one way to the terminal. Standard output holds results only, standard error what is said beside them. */
export interface Output {
  readonly json: boolean;
  /** of the terminal on standard output; undefined for files and pipes */
  readonly columns: number | undefined;
  /** One thing that was asked for: an object in a line, or words for people. */
  result(object: Readonly<Record<string, unknown>>, words: string): void;
  /** A file's bytes as they are. @returns when there is room for more */
  bytes(piece: Uint8Array): Promise<void>;
  /** What a person should know beside the result, one line. */
  say(words: string): void;
  /** Why it was not possible, one line. */
  fail(words: string): void;
  /** For whoever keeps a server running: a line of JSON on standard error. */
  log(line: string): void;
}

export interface OutputParts {
  readonly out: Sink & { once(event: 'drain', listener: () => void): unknown };
  readonly errors: Sink;
  readonly json: boolean;
}

export function openOutput({ out, errors, json }: OutputParts): Output {
  const note = (words: string): void => {
    errors.write(`tern: ${safeLine(words)}\n`);
  };
  return {
    json,
    columns: out.isTTY === true ? out.columns : undefined,
    result(object, words) {
      if (json) out.write(`${safeJson(object)}\n`);
      else if (words !== '') out.write(`${safeLines(words)}\n`);
    },
    async bytes(piece) {
      if (out.write(piece) === false) await new Promise<void>((resolve) => out.once('drain', resolve));
    },
    say: note,
    fail: note,
    log: (line) => void errors.write(line),
  };
}
