import { effect, type ReadonlySignal } from '@preact/signals';
import type { ConversationId } from '@tern/protocol';
import type { WindowUpdate } from '../../engine/app-api.ts';
import { forgetLink } from '../../shell/handover.ts';
import type { App } from '../context.ts';
import { askToStay } from '../screens/onboarding-beginning.ts';
import type { EarlyTalk } from './early-talk.ts';

/**
 * The first words have the line to themselves for so long, and once more where whoever invited has answered meanwhile, before the
 * screens that show them are fetched.
 */
const longestAloneMs = 4000;
/**
 * A relay wakes nobody for a conversation that has yet to begin, and whoever invited often sits there and begins it at once. On a line
 * that brought all of this slowly an answer on its way must not be cut off: this part of the time that it took, and not less.
 */
const askAgainPart = 1 / 4;
const askAgainMs = 800;
/** The list of messages has measured itself by then. */
const settledMs = 150;
/** Somebody who stops typing for so long does not notice that the field they write in is another one. */
const restMs = 700;
/** Where the screens are here and yet do not show what was said, they are shown as they are. */
const longestSettlingMs = 10_000;

export interface CarryParts {
  readonly early: EarlyTalk;
  /** what the app's screens need before they can be shown at once */
  readonly bringScreens: () => Promise<unknown>;
  /** lets them be drawn below the early conversation */
  readonly showScreens: () => void;
  readonly trouble: ReadonlySignal<string | undefined>;
}

/**
 * Does with the engine what the person has said before it was there: makes them somebody, accepts the invitation and hands over their
 * words, each once and in order. Then the app's own conversation takes the place of the early one, without taking the field from
 * under somebody's hands.
 */
export async function carryOver(app: App, parts: CarryParts, ending: AbortSignal): Promise<void> {
  const { early } = parts;
  await until(() => early.name.value, ending);
  const composing = followComposition(ending);
  const stopLooking = effect(() => {
    if (parts.trouble.value === undefined || early.stage.peek() === 'left') return;
    void early.ask('early.failed', 'early.goOn').then(() => {
      leave(early);
      parts.showScreens();
    });
  });
  ending.addEventListener('abort', stopLooking);
  const conversation = await untilMet(app, early, ending);
  if (conversation === undefined) {
    parts.showScreens();
    return;
  }
  app.nav.go({ kind: 'conversation', id: conversation });
  const watching = new AbortController();
  const over = AbortSignal.any([ending, watching.signal]);
  const delivery = deliver(app, early, { conversation, over });
  followStatuses(app, early, { conversation, over }).catch(() => undefined); // the home was locked or wiped in another tab
  const stopStanding = effect(() => {
    const summary = app.state.overview.value?.find(({ id }) => id === conversation);
    early.standing.value = summary?.state === 'waiting' ? 'waiting' : 'met';
  });
  over.addEventListener('abort', stopStanding);
  await delivery.caughtUp();
  forgetLink();
  early.kept();
  const alone = new AbortController();
  askSoon(app, early, AbortSignal.any([over, alone.signal])).catch(() => undefined); // it is asked in any case, only later
  await Promise.race([allGone(app, early, over).catch(() => undefined), longEnough(early)]);
  alone.abort();
  await persistently(early, parts.bringScreens);
  parts.showScreens();
  await Promise.race([screensAreThere(early, over), pause(longestSettlingMs)]);
  await pause(settledMs);
  await atRest(early, composing);
  await delivery.caughtUp();
  watching.abort();
  moveField(early);
  leave(early);
}

/** @returns the conversation with who invited; undefined where the invitation is of no use, and the person knows */
async function untilMet(
  { api, state, nav }: App,
  early: EarlyTalk,
  ending: AbortSignal,
): Promise<ConversationId | undefined> {
  for (;;) {
    const home = await until(() => state.home.value, ending);
    if (home.kind === 'locked') {
      early.stage.value = 'hidden';
      await until(() => (state.home.value?.kind === 'open' ? true : undefined), ending);
      early.stage.value = 'shown';
    }
    try {
      if (home.kind === 'new') {
        await api.begin((early.name.peek() ?? '').trim());
        askToStay();
      }
      const accepted = await api.accept(early.link, early.introduction.peek());
      if (accepted.kind === 'accepted' || accepted.kind === 'known') {
        const found = (await api.contacts()).find(({ person }) => person === accepted.person);
        if (found !== undefined) return found.conversation;
      }
      break;
    } catch (error) {
      ending.throwIfAborted();
      if (codeOf(error) === 'malformed') break;
      await early.ask('onboarding.failed', 'common.tryAgain');
    }
  }
  await early.ask('early.refused', 'early.goOn');
  forgetLink();
  nav.go({ kind: 'link', text: early.link });
  leave(early);
  return undefined;
}

interface Delivery {
  /** Resolves when everything that was written is in the engine's hands. */
  caughtUp(): Promise<void>;
}

/** One after the other, as they were written; each under its own id, so that one which is handed over twice is sent once. */
function deliver(
  { api }: App,
  early: EarlyTalk,
  to: { readonly conversation: ConversationId; readonly over: AbortSignal },
): Delivery {
  let handed = 0;
  let running: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    for (let next = early.texts.peek()[handed]; next !== undefined; next = early.texts.peek()[handed]) {
      const { text, id } = next;
      await persistently(early, () => api.sendText(to.conversation, text, { id }), 'composer.failed');
      handed += 1;
    }
    running = undefined;
  };
  const stop = effect(() => {
    if (early.texts.value.length > handed) running ??= run();
  });
  to.over.addEventListener('abort', stop);
  return {
    async caughtUp() {
      while (early.texts.peek().length > handed) await (running ??= run());
    },
  };
}

/** Shows on each text how far it has come. */
async function followStatuses(
  { api }: App,
  early: EarlyTalk,
  of: { readonly conversation: ConversationId; readonly over: AbortSignal },
): Promise<void> {
  for await (const update of api.window(of.conversation, { signal: of.over })) {
    const statuses = new Map(early.statuses.peek());
    for (const line of linesOf(update)) if (line.kind === 'message') statuses.set(line.id, line.status);
    early.statuses.value = statuses;
  }
}

function linesOf(update: WindowUpdate): Extract<WindowUpdate, { readonly kind: 'changed' }>['lines'] {
  return update.kind === 'whole' ? update.window.lines : update.lines;
}

async function longEnough(early: EarlyTalk): Promise<void> {
  await pause(longestAloneMs);
  if (early.standing.peek() === 'met') await pause(longestAloneMs);
}

async function askSoon({ api }: App, early: EarlyTalk, signal: AbortSignal): Promise<void> {
  const pauseMs = Math.max(askAgainMs, performance.now() * askAgainPart);
  for (;;) {
    await pause(pauseMs);
    if (signal.aborted || early.standing.peek() === 'met') return;
    await api.retryNow();
  }
}

/** Nothing waits to leave any more, neither a word nor the acceptance. */
async function allGone({ state }: App, early: EarlyTalk, signal: AbortSignal): Promise<void> {
  await until(() => {
    const sent = early.texts.value.every(({ id }) => (early.statuses.value.get(id) ?? 'queued') !== 'queued');
    return sent && state.connections.value?.queued === 0 ? true : undefined;
  }, signal);
}

/** The app's own composer stands below, and what was said last above it. */
async function screensAreThere(early: EarlyTalk, signal: AbortSignal): Promise<void> {
  const isThere = (): boolean => {
    const last = early.texts.peek().at(-1);
    return (
      document.querySelector('#app .composer-field') !== null &&
      (last === undefined || document.querySelector(`#app [data-message="${last.id}"]`) !== null)
    );
  };
  if (isThere()) return;
  await new Promise<void>((resolve) => {
    const observer = new MutationObserver(() => {
      if (!isThere()) return;
      observer.disconnect();
      resolve();
    });
    observer.observe(document.body, { childList: true, subtree: true });
    signal.addEventListener('abort', () => observer.disconnect());
  });
}

/** Whether a word is being put together that is not in the field as it will be. */
function followComposition(ending: AbortSignal): () => boolean {
  let isComposing = false;
  for (const kind of ['compositionstart', 'compositionend'])
    document.addEventListener(kind, () => (isComposing = kind === 'compositionstart'), { signal: ending });
  return () => isComposing;
}

/** Nobody is in the middle of a word. */
async function atRest(early: EarlyTalk, isComposing: () => boolean): Promise<void> {
  while (early.draft.peek() !== '' || isComposing()) {
    const before = early.draft.peek();
    await pause(restMs);
    if (early.draft.peek() === before && !isComposing()) return;
  }
}

/** What stands in one field, and the place in it, goes on in the other. */
function moveField(early: EarlyTalk): void {
  const from = document.querySelector<HTMLTextAreaElement>('.early .composer-field');
  const to = document.querySelector<HTMLTextAreaElement>('#app .composer-field');
  if (from === null || to === null) return;
  const typing = document.activeElement === from;
  const { selectionStart, selectionEnd } = from;
  // takes the early one away, so that the other can have the focus
  leave(early);
  if (from.value !== '') {
    to.value = from.value;
    to.dispatchEvent(new Event('input', { bubbles: true }));
  }
  if (!typing) return;
  to.focus();
  to.setSelectionRange(selectionStart, selectionEnd);
}

function leave(early: EarlyTalk): void {
  early.kept();
  early.stage.value = 'left';
}

/** Tries until it works; each time it did not, the person is asked. */
async function persistently(
  early: EarlyTalk,
  work: () => Promise<unknown>,
  says: 'early.stuck' | 'composer.failed' = 'early.stuck',
): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch {
      await early.ask(says, 'common.tryAgain');
    }
  }
}

/** @returns the first value that is one. @throws the signal's reason */
function until<T>(read: () => T | undefined, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
    const stop = effect(() => {
      const value = read();
      if (value === undefined) return;
      resolve(value);
      queueMicrotask(() => stop());
    });
    signal.addEventListener('abort', stop);
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}
