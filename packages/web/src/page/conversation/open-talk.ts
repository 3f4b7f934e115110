import { computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import type { MessageView, WindowLine } from '@tern/core';
import type { ConversationId, MessageId } from '@tern/protocol';
import type { App } from '../context.ts';
import type { Spot } from '../parts/spot.ts';
import { t } from '../words/words.ts';
import type { Target } from './message-list.tsx';
import type { Aim, MessageDialog, Talk } from './talk.ts';
import { openWindow, type OpenWindow } from './window.ts';

/** A conversation that is on the screen, with what its frame needs beside what its pieces share. */
export interface OpenTalk extends Talk {
  readonly id: ConversationId;
  readonly window: OpenWindow;
  readonly unreadFrom: ReadonlySignal<MessageId | undefined>;
  readonly target: ReadonlySignal<Target>;
  readonly menu: ReadonlySignal<{ readonly message: MessageView; readonly at: Spot } | undefined>;
  readonly dialog: ReadonlySignal<MessageDialog | undefined>;
  readonly viewed: ReadonlySignal<MessageId | undefined>;
  readonly jumpTo: (message: MessageId, position: number) => void;
  readonly arrived: (target: Target) => void;
  readonly leave: (place: Target | undefined) => void;
  readonly seen: (lines: readonly WindowLine[]) => void;
  readonly retryAll: () => Promise<void>;
  closeMenu(): void;
  closeDialog(): void;
  closeViewer(): void;
}

const flashMs = 1600;

/** Opens a conversation until the signal ends it. */
export function openTalk(app: App, id: ConversationId, ending: AbortSignal): OpenTalk {
  const { api, state, announcer, places } = app;
  const window = openWindow(api, id, ending);
  const summary = computed(() => state.overview.value?.find((one) => one.id === id));
  const aim = signal<Aim>({ kind: 'new' });
  const flashed = signal<MessageId | undefined>(undefined);
  const menu = signal<{ readonly message: MessageView; readonly at: Spot } | undefined>(undefined);
  const dialog = signal<MessageDialog | undefined>(undefined);
  const viewed = signal<MessageId | undefined>(undefined);
  const unreadFrom = signal<MessageId | undefined>(undefined);
  const target = signal<Target>(places.get(id) ?? { kind: 'end' });
  const told = new Set<MessageId>();
  const home = state.home.peek();
  if (home?.kind !== 'open') throw new TypeError('no conversation is shown of a home that is closed');

  function attempt(action: () => Promise<unknown>): void {
    action().catch(() => announcer.show({ text: t('conversation.failedAction') }));
  }

  // the unread mark stands where reading began, and does not wander while one reads
  const stopLooking = effect(() => {
    const about = window.about.value;
    if (about === undefined) return;
    unreadFrom.value = about.firstUnread?.id;
    if (about.firstUnread !== undefined && target.peek().kind === 'end')
      target.value = { kind: 'line', message: about.firstUnread.id, position: about.firstUnread.position };
    queueMicrotask(() => stopLooking());
  });
  ending.addEventListener('abort', stopLooking);

  function jumpTo(message: MessageId, position: number): void {
    target.value = { kind: 'line', message, position };
  }

  return {
    id,
    window,
    summary,
    me: home.me.person,
    aim,
    shelf: {},
    ending,
    flashed,
    unreadFrom,
    target,
    menu,
    dialog,
    viewed,
    nameOf: (person) =>
      state.contacts.value.get(person)?.name ??
      (summary.value?.kind === 'pair' ? summary.value.name : t('conversation.somebody')),
    messageOf: (message) => window.messageOf(message),
    setAim(next) {
      aim.value = next;
    },
    attempt,
    jumpTo,
    jump: (message) =>
      attempt(async () => {
        const found = window.messageOf(message) ?? (await api.message(message));
        // what somebody answers may be said elsewhere, where its place means nothing here
        if (found?.conversation !== id) announcer.show({ text: t('conversation.replyGone') });
        else jumpTo(found.id, found.position);
      }),
    copy: (message) =>
      attempt(async () => {
        await navigator.clipboard.writeText(message.text ?? '');
        announcer.show({ text: t('conversation.copied') });
      }),
    cancel: (message) =>
      attempt(async () => {
        if (!(await api.cancel(message.id))) announcer.show({ text: t('conversation.tooLate') });
      }),
    openMenu(message, at) {
      menu.value = { message, at };
    },
    openDialog(next) {
      dialog.value = next;
    },
    openViewer(message) {
      viewed.value = message;
    },
    arrived(at) {
      if (at !== target.peek()) return;
      target.value = { kind: 'end' };
      if (at.kind !== 'line' || at.message === undefined || at.message === unreadFrom.peek()) return;
      flashed.value = at.message;
      setTimeout(() => {
        flashed.value = undefined;
      }, flashMs);
    },
    leave(place) {
      if (place === undefined) places.delete(id);
      else places.set(id, place);
    },
    seen(lines) {
      if ((window.about.peek()?.unread ?? 0) === 0 || summary.peek()?.request === true) return;
      const ids = lines.flatMap((line) =>
        line.kind === 'message' && !line.fromMe && line.status !== 'read' && !told.has(line.id)
          ? [line.id]
          : [],
      );
      if (ids.length === 0) return;
      for (const one of ids) told.add(one);
      // told again when it is seen again
      api.markRead(id, ids).catch(() => ids.forEach((one) => told.delete(one)));
    },
    async retryAll() {
      const failed = window.lines
        .peek()
        .filter((line) => line.kind === 'message' && line.fromMe && line.status === 'failed');
      for (const line of failed) if (line.kind === 'message') await api.retry(line.id);
    },
    closeMenu() {
      menu.value = undefined;
    },
    closeDialog() {
      dialog.value = undefined;
    },
    closeViewer() {
      viewed.value = undefined;
    },
  };
}
