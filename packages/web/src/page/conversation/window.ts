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
  /** where each line stands, by its key: lines are ten thousand, and most changes touch one */
  let places = new Map<string, number>();
  let byMessage: Map<MessageId, MessageView> | undefined;
  let following: AbortController | undefined;

  function nextLines(update: WindowUpdate): readonly WindowLine[] {
    const before = lines.peek();
    if (update.kind === 'changed' && update.order === undefined && update.gone.length === 0)
      return patched(before, update.lines, places);
    const next =
      update.kind === 'whole'
        ? update.window.lines.map((line) => sameOr(before[places.get(line.key) ?? -1], line))
        : reordered(before, update, places);
    places = new Map(next.map(({ key }, at) => [key, at]));
    return next;
  }

  function take(update: WindowUpdate): void {
    batch(() => {
      lines.value = nextLines(update);
      byMessage = undefined;
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

/** Changes some lines where they are, and puts new ones at the end; says in `places` where those stand. */
function patched(
  before: readonly WindowLine[],
  changed: readonly WindowLine[],
  places: Map<string, number>,
): readonly WindowLine[] {
  const next = [...before];
  for (const line of changed) {
    const at = places.get(line.key) ?? next.length;
    next[at] = line;
    places.set(line.key, at);
  }
  return next;
}

function reordered(
  before: readonly WindowLine[],
  update: Extract<WindowUpdate, { readonly kind: 'changed' }>,
  places: ReadonlyMap<string, number>,
): readonly WindowLine[] {
  const fresh = new Map(update.lines.map((line) => [line.key, line]));
  const gone = new Set(update.gone);
  const order = update.order ?? [
    ...before.flatMap(({ key }) => (gone.has(key) ? [] : [key])),
    ...update.lines.flatMap(({ key }) => (places.has(key) ? [] : [key])),
  ];
  const next: WindowLine[] = [];
  for (const key of order) {
    const line = fresh.get(key) ?? before[places.get(key) ?? -1];
    if (line !== undefined) next.push(line);
  }
  return next;
}

/** What did not change stays the same object, so that only what changed is drawn again. */
function sameOr(old: WindowLine | undefined, line: WindowLine): WindowLine {
  return old !== undefined && isSame(old, line) ? old : line;
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
