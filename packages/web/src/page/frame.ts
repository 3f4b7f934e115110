import { useEffect } from 'preact/hooks';
import type { App } from './context.ts';

/** What the frame does beside drawing: moves the focus with the place, keeps above a phone's keyboard, counts unread in the title. */
export function useFrame(app: App): void {
  const route = app.nav.route.value;
  useEffect(() => {
    const ending = new AbortController();
    followKeyboard(ending.signal);
    whenIdle(async () => {
      const [{ followKeys }] = await Promise.all([
        import('./keys.ts'),
        import('./conversation/conversation.tsx'),
      ]);
      if (!ending.signal.aborted) followKeys(app, ending.signal);
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
    const target =
      route.kind === 'list'
        ? document.querySelector<HTMLElement>('.conversation-row[tabindex="0"]')
        : document.querySelector<HTMLElement>('#place [data-arrive="true"]');
    if (document.activeElement === null || document.activeElement === document.body || route.kind !== 'list')
      target?.focus({ preventScroll: true });
  }, [route]);
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
