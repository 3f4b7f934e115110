import { batch, signal, type ReadonlySignal } from '@preact/signals';
import type { ConversationWindow, MessageView, WindowLine } from '@tern/core';
import type { ConversationId, MessageId } from '@tern/protocol';
import type { AppApi, WindowUpdate } from '../../engine/app-api.ts';

/** The part of a conversation that this page holds: its end, from some place on. */
export interface OpenWindow {
  readonly lines: ReadonlySignal<readonly WindowLine[]>;
  /** all but the lines; undefined until the engine has spoken */
  readonly about: ReadonlySignal<Omit<ConversationWindow, 'lines'> | undefined>;
  /** older lines were asked for and are not here yet */
  readonly loading: ReadonlySignal<boolean>;
  /** the engine has no such conversation any more */
  readonly gone: ReadonlySignal<boolean>;
  /** Asks for older lines: some more, or as far back as a position. */
  older(to?: number): void;
  messageOf(id: MessageId): MessageView | undefined;
}

const linesAtOnce = 200;

/** Follows a conversation until the signal ends it. */
export function openWindow(api: AppApi, id: ConversationId, ending: AbortSignal): OpenWindow {
  const lines = signal<readonly WindowLine[]>([]);
  const about = signal<Omit<ConversationWindow, 'lines'> | undefined>(undefined);
  const loading = signal(false);
  const gone = signal(false);
  let byKey = new Map<string, WindowLine>();
  let byMessage: Map<MessageId, MessageView> | undefined;
  let following: AbortController | undefined;

  function nextLines(update: WindowUpdate): readonly WindowLine[] {
    if (update.kind === 'whole') return keepingSame(byKey, update.window.lines);
    return changed(byKey, lines.peek(), update);
  }

  function take(update: WindowUpdate): void {
    batch(() => {
      const next = nextLines(update);
      byKey = new Map(next.map((line) => [line.key, line]));
      byMessage = undefined;
      lines.value = next;
      about.value = withoutLines(update.window);
      loading.value = false;
    });
  }

  async function follow(from: number | undefined, signal: AbortSignal): Promise<void> {
    try {
      const options = from === undefined ? { signal } : { signal, from };
      for await (const update of api.window(id, options)) if (!signal.aborted) take(update);
    } catch {
      if (!signal.aborted) gone.value = true;
    }
  }

  function start(from?: number): void {
    following?.abort(new DOMException('a larger window is read', 'AbortError'));
    following = new AbortController();
    void follow(from, following.signal);
  }

  ending.addEventListener('abort', () => following?.abort(ending.reason));
  start();
  return {
    lines,
    about,
    loading,
    gone,
    older(to) {
      const now = about.peek();
      if (now === undefined || now.whole || loading.peek()) return;
      loading.value = true;
      start(Math.max(0, Math.min(to ?? Infinity, now.from - linesAtOnce)));
    },
    messageOf(message) {
      byMessage ??= new Map(
        lines.peek().flatMap((line) => (line.kind === 'message' ? [[line.id, line] as const] : [])),
      );
      return byMessage.get(message);
    },
  };
}

function changed(
  byKey: ReadonlyMap<string, WindowLine>,
  before: readonly WindowLine[],
  update: Extract<WindowUpdate, { readonly kind: 'changed' }>,
): readonly WindowLine[] {
  const fresh = new Map(update.lines.map((line) => [line.key, line]));
  const gone = new Set(update.gone);
  const order = update.order ?? [
    ...before.flatMap(({ key }) => (gone.has(key) ? [] : [key])),
    ...update.lines.flatMap(({ key }) => (byKey.has(key) ? [] : [key])),
  ];
  return order.flatMap((key) => fresh.get(key) ?? byKey.get(key) ?? []);
}

/** What did not change stays the same object, so that only what changed is drawn again. */
function keepingSame(
  byKey: ReadonlyMap<string, WindowLine>,
  lines: readonly WindowLine[],
): readonly WindowLine[] {
  return lines.map((line) => {
    const old = byKey.get(line.key);
    return old !== undefined && isSame(old, line) ? old : line;
  });
}

function isSame(a: WindowLine, b: WindowLine): boolean {
  if (a.kind !== 'message' || b.kind !== 'message') return JSON.stringify(a) === JSON.stringify(b);
  return (
    a.text === b.text &&
    a.status === b.status &&
    a.edited === b.edited &&
    a.deleted === b.deleted &&
    a.position === b.position &&
    a.file?.here === b.file?.here &&
    a.because === b.because &&
    a.reactions.length === b.reactions.length &&
    a.reactions.every((one, at) => one.text === b.reactions[at]?.text && one.from === b.reactions[at]?.from)
  );
}

function withoutLines(window: Omit<ConversationWindow, 'lines'>): Omit<ConversationWindow, 'lines'> {
  const { conversation, from, whole, unread, firstUnread } = window;
  const about = { conversation, from, whole, unread };
  return firstUnread === undefined ? about : { ...about, firstUnread };
}
