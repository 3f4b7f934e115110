import type { SearchHit } from '@tern/core';
import { base32, UnreachableError, type MessageId, type World } from '@tern/protocol';
import { fieldsOf } from '../bridge/message.ts';
import { isStream, type MethodKind } from '../bridge/shape.ts';
import type { AppApi } from './app-api.ts';
import { appMethods, restartedCode } from './app-methods.ts';
import type { Latest } from './latest.ts';

/** A way to an engine, until it closes. */
export interface Line {
  readonly api: AppApi;
  readonly closed: AbortSignal;
}

/** What a tab has: a line, none for now, or none ever again and why. */
export type LineState =
  | { readonly kind: 'line'; readonly line: Line }
  | { readonly kind: 'none' }
  | { readonly kind: 'never'; readonly because: Error };

type Method = (...args: readonly unknown[]) => unknown;

/**
 * The engine as a page sees it: one object that outlives every engine. What is asked while there is none waits. When one dies, what
 * may be repeated is asked of the next, what may not fails with {@link restartedCode}, and streams go on where they were.
 */
export function liveApi(lines: Latest<LineState>, world: Pick<World, 'randomBytes'>): AppApi {
  // as a fresh id of the protocol, without the codecs of the wire that a page has no use for
  const freshId = (): MessageId => base32(world.randomBytes(16)) as MessageId;
  const methods = Object.entries<MethodKind>(appMethods).map(([name, kind]) => {
    const on = (line: Line): Method => line.api[name as keyof AppApi] as Method;
    const ask = isStream(kind)
      ? (...args: readonly unknown[]): AsyncIterable<unknown> =>
          follow(lines, (line) => on(line)(...args) as AsyncIterable<unknown>, {
            name,
            quiet: kind === 'watch',
            signal: signalIn(args),
          })
      : (...args: readonly unknown[]): Promise<unknown> =>
          call(lines, (line) => on(line)(...args) as Promise<unknown>, {
            again: kind === 'again',
            signal: signalIn(args),
          });
    return [name, ask] as const;
  });
  const api = Object.fromEntries(methods) as unknown as AppApi;
  return {
    ...api,
    // with an id of its own, a message that is sent twice is sent once
    sendText: (conversation, text, options) =>
      api.sendText(conversation, text, { ...options, id: options.id ?? freshId() }),
    sendFile: (conversation, file, options) =>
      api.sendFile(conversation, file, { ...options, id: options.id ?? freshId() }),
  };
}

async function call(
  lines: Latest<LineState>,
  ask: (line: Line) => Promise<unknown>,
  options: { readonly again: boolean; readonly signal: AbortSignal },
): Promise<unknown> {
  for (;;) {
    const line = await nextLine(lines, options.signal);
    try {
      return await ask(line);
    } catch (error) {
      if (error !== line.closed.reason) throw error;
      if (!options.again) {
        throw new UnreachableError('the engine was restarted before it answered', {
          code: restartedCode,
          cause: error,
        });
      }
    }
  }
}

async function* follow(
  lines: Latest<LineState>,
  ask: (line: Line) => AsyncIterable<unknown>,
  options: { readonly name: string; readonly quiet: boolean; readonly signal: AbortSignal },
): AsyncIterable<unknown> {
  const resume = resumeOf(options.name);
  for (;;) {
    if (options.quiet && options.signal.aborted) return;
    let line: Line | undefined;
    try {
      line = await nextLine(lines, options.signal);
      for await (const item of ask(line)) {
        const rest = resume.rest(item);
        if (rest !== undefined) yield rest;
      }
      return;
    } catch (error) {
      if (options.quiet && options.signal.aborted) return;
      if (line === undefined || error !== line.closed.reason) throw error;
      resume.restart();
    }
  }
}

async function nextLine(lines: Latest<LineState>, signal: AbortSignal): Promise<Line> {
  const found = await lines.until(isSettled, signal);
  if (found.kind === 'never') throw found.because;
  return found.line;
}

function isSettled(state: LineState): state is Exclude<LineState, { readonly kind: 'none' }> {
  return state.kind === 'never' || (state.kind === 'line' && !state.line.closed.aborted);
}

/** How a stream goes on with an engine that begins it anew. */
interface Resume {
  /** what of an item has not been passed on yet; undefined for nothing */
  rest(item: unknown): unknown;
  restart(): void;
}

function resumeOf(name: string): Resume {
  if (name === 'fileContent') return resumedBytes();
  if (name === 'search') return resumedHits();
  return { rest: (item) => item, restart: () => undefined };
}

/** A file comes from its beginning again, out of what is kept here: what was passed on is left out. */
function resumedBytes(): Resume {
  let passed = 0;
  let skip = 0;
  return {
    rest(item) {
      if (!(item instanceof Uint8Array)) return item;
      const rest = item.subarray(Math.min(skip, item.length));
      skip -= item.length - rest.length;
      passed += rest.length;
      return rest.length === 0 ? undefined : rest;
    },
    restart() {
      skip = passed;
    },
  };
}

function resumedHits(): Resume {
  const seen = new Set<unknown>();
  return {
    rest(item) {
      const { message } = item as SearchHit;
      if (seen.has(message)) return undefined;
      seen.add(message);
      return item;
    },
    restart: () => undefined,
  };
}

const never: AbortSignal = new AbortController().signal;

function signalIn(args: readonly unknown[]): AbortSignal {
  const { signal } = fieldsOf(args.at(-1)) ?? {};
  return signal instanceof AbortSignal ? signal : never;
}
