import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** What the lab asks of a client program: one object a line on its standard input. */
export type Order =
  | { readonly do: 'text'; readonly to: string; readonly text: string }
  /** a file whose bytes {@link fileBytes} makes of its name and size, so that nobody has to hand them over */
  | { readonly do: 'file'; readonly to: string; readonly name: string; readonly size: number }
  | { readonly do: 'invite' }
  | { readonly do: 'accept'; readonly link: string }
  /** say yes to somebody who used an invitation, where that is asked */
  | { readonly do: 'welcome'; readonly person: string }
  /** the same where nobody asks what that person says from then on */
  | { readonly do: 'admit'; readonly person: string }
  | { readonly do: 'relay'; readonly link: string }
  /** as a person ends it: what it knows is saved first */
  | { readonly do: 'leave' };

/** Orders are counted, so that each can be answered. */
export type Numbered = Order & { readonly number: number };

/** What a client program tells the lab: one object a line on its standard output. */
export type News =
  /** it stands, and takes orders */
  | { readonly is: 'ready' }
  /** the words of a message as a person would read them now */
  | { readonly is: 'got'; readonly from: string; readonly text: string }
  /** every byte of a file is here, and each is the one that was sent; `tookMs`: since this program began to fetch it, where it tells */
  | {
      readonly is: 'file';
      readonly from: string;
      readonly name: string;
      readonly size: number;
      readonly tookMs?: number;
    }
  | { readonly is: 'link'; readonly link: string }
  /** the order of this number was carried out, as far as this device can by itself */
  | { readonly is: 'done'; readonly number: number }
  /** can write to this person */
  | { readonly is: 'met'; readonly person: string }
  /** what the program now says hinders ways that say this name, by its own attempts alone; told once for each name and cause */
  | { readonly is: 'cause'; readonly name: string; readonly cause: string }
  /** how one try of a control went: `whole`, or what stopped it; `began` in milliseconds since 1970 */
  | {
      readonly is: 'try';
      readonly control: number;
      readonly went: string;
      readonly began: number;
      readonly tookMs: number;
    }
  /** for whoever looks for a fault, at no other use */
  | { readonly is: 'note'; readonly words: string };

export function tell(news: News): void {
  process.stdout.write(`${JSON.stringify(news)}\n`);
}

/** Lines of JSON; what is none is passed over, because a runtime may warn on the same stream. */
export async function* jsonLines(from: Readable): AsyncGenerator<Readonly<Record<string, unknown>>, void> {
  for await (const line of createInterface({ input: from })) {
    const value = parsed(line);
    if (typeof value === 'object' && value !== null) yield value as Readonly<Record<string, unknown>>;
  }
}

/** Orders until standard input closes, which is how the lab ends a program. */
export async function* orders(): AsyncGenerator<Numbered, void> {
  for await (const line of jsonLines(process.stdin)) yield line as unknown as Numbered;
}

/** What the program was started with: one JSON argument. */
export function settingsOf<Settings>(): Settings {
  return JSON.parse(process.argv[2] ?? '{}') as Settings;
}

/** A program ends with whoever started it, whatever it is doing. */
export function endWithStandardInput(): void {
  process.stdin.resume();
  process.stdin.once('close', () => process.exit(0));
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
