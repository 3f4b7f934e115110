import { useEffect } from 'preact/hooks';
import type { App } from './context.ts';
import { followKeys } from './keys.ts';

/** What the frame does beside drawing: moves the focus with the place, keeps above a phone's keyboard, counts unread in the title. */
export function useFrame(app: App): void {
  const route = app.nav.route.value;
  useEffect(() => {
    const ending = new AbortController();
    followKeyboard(ending.signal);
    followKeys(app, ending.signal);
    whenIdle(async () => {
      await import('./conversation/conversation.tsx');
      await Promise.all([import('./conversation/extras.ts'), import('./menus.ts')]);
    });
    return () => ending.abort();
  }, []);
  useEffect(() => {
    const unread = (app.state.overview.value ?? []).reduce(
      (sum, one) => sum + (one.flags.muted || one.flags.archived ? 0 : one.unread),
      0,
    );
    document.title = unread > 0 ? `(${unread}) Tern` : 'Tern';
    const { navigator } = globalThis;
    if ('setAppBadge' in navigator) void navigator.setAppBadge(unread).catch(() => undefined);
  }, [app.state.overview.value]);
  useEffect(() => {
    // a place names where it wants the focus; a conversation that takes touches leaves the keyboard down
    if (route.kind !== 'list') return focusWhenThere('#place [data-arrive="true"]');
    const { activeElement } = document;
    return activeElement === null || activeElement === document.body
      ? focusWhenThere('.conversation-row[tabindex="0"]')
      : undefined;
  }, [route]);
}

/** A screen's code may still be on its way. @returns what gives up */
function focusWhenThere(selector: string): () => void {
  const from = document.activeElement;
  const attempt = (): boolean => {
    const target = document.querySelector<HTMLElement>(selector);
    target?.focus({ preventScroll: true });
    return target !== null;
  };
  const observer = new MutationObserver(() => {
    const { activeElement } = document;
    // whoever has gone elsewhere meanwhile stays there
    const moved = activeElement !== from && activeElement !== document.body;
    if (moved || attempt()) observer.disconnect();
  });
  if (!attempt()) observer.observe(document.body, { childList: true, subtree: true });
  return () => observer.disconnect();
}

/** iOS lays its keyboard over the page instead of making it smaller: the frame follows what is really visible. */
function followKeyboard(signal: AbortSignal): void {
  const { visualViewport } = window;
  if (visualViewport === null) return;
  const fit = (): void => {
    const covered = Math.max(0, window.innerHeight - visualViewport.height - visualViewport.offsetTop);
    // when a person zooms in, the visible part is smaller too, and nothing covers the page
    const inset = visualViewport.scale > 1.01 ? 0 : covered;
    document.documentElement.style.setProperty('--keyboard', `${inset}px`);
  };
  visualViewport.addEventListener('resize', fit, { signal });
  visualViewport.addEventListener('scroll', fit, { signal });
  fit();
}

/** What is wanted next comes before it is asked for, but after what is wanted now. */
function whenIdle(load: () => Promise<void>): void {
  const start = (): void => {
    load().catch(() => undefined); // asked for again where it is used
  };
  // Safari has no idle callback
  if ('requestIdleCallback' in globalThis) requestIdleCallback(start, { timeout: 1000 });
  else setTimeout(start, 200);
}
