import { useEffect, useRef, useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import type { OpenTalk } from '../conversation/open-talk.ts';

const pauseMs = 400;

/**
 * What is being written, restored when the conversation is opened, and kept whenever one stops typing, leaves, or hides the page.
 * `textNow` is it in any moment, drawn or not.
 */
export function useDraft(
  talk: OpenTalk,
): readonly [text: string, setText: (text: string) => void, textNow: () => string] {
  const { api } = useApp();
  const [text, show] = useState(() => talk.summary.peek()?.draft ?? '');
  const shown = useRef(text);
  const draft = useRef({ text, kept: text, timer: undefined as ReturnType<typeof setTimeout> | undefined });

  const keep = (): void => {
    const { current } = draft;
    clearTimeout(current.timer);
    if (current.text === current.kept) return;
    current.kept = current.text;
    // a draft that is not kept is still on the screen, and the next pause tries again
    api.setDraft(talk.id, current.text).catch(() => {
      current.kept = '';
    });
  };
  useEffect(() => {
    const ending = new AbortController();
    const { signal } = ending;
    document.addEventListener('visibilitychange', keep, { signal });
    globalThis.addEventListener('pagehide', keep, { signal });
    globalThis.addEventListener('blur', keep, { signal });
    return () => {
      ending.abort();
      keep();
    };
  }, []);
  const setText = (next: string): void => {
    shown.current = next;
    show(next);
    const { current } = draft;
    // what is written into an old message is no draft of a new one
    if (talk.aim.peek().kind === 'edit') return;
    current.text = next;
    clearTimeout(current.timer);
    if (next === '') keep();
    else current.timer = setTimeout(keep, pauseMs);
  };
  return [text, setText, () => shown.current];
}
