/** What a relay tells its operator: numbers and names of events, never content, keys, ids or addresses. */
export type LogEvent =
  | { readonly event: 'opened'; readonly durability: string }
  | { readonly event: 'listening'; readonly tls: boolean }
  | { readonly event: 'swept'; readonly days: number; readonly entries: number; readonly batches: number }
  | { readonly event: 'full' }
  | {
      readonly event: 'failed';
      readonly doing: 'erase' | 'answer' | 'sweep' | 'deliver';
      readonly error: string;
    }
  | { readonly event: 'closed' };

export type LogSink = (event: LogEvent) => void;

/** One line of JSON for each event. @param write takes a whole line */
export function jsonLines(now: () => number, write: (line: string) => void): LogSink {
  return (event) => write(`${JSON.stringify({ at: new Date(now()).toISOString(), ...event })}\n`);
}
