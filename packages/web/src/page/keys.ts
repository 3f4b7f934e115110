import type { PageState } from './state.ts';
import type { Navigation } from './navigation.ts';
import type { Shortcuts } from './shortcuts.ts';
import { sectionsOf } from './list/sections.ts';

/** Keys that work everywhere in the app where nobody is typing; those of a conversation are in `conversation/`. */
export function followKeys(
  app: { readonly state: PageState; readonly nav: Navigation; readonly shortcuts: Shortcuts },
  signal: AbortSignal,
): void {
  const { nav, shortcuts } = app;
  document.addEventListener(
    'keydown',
    (event) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || isCovered()) return;
      if (event.altKey) {
        const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
        if (step === 0) return;
        event.preventDefault();
        toNeighbour(app, step);
        return;
      }
      const typing = isTyping(event.target);
      const { kind, archive } = { archive: false, ...nav.route.value };
      if (event.key === 'Escape' && (kind !== 'list' || archive)) {
        event.preventDefault();
        nav.back();
      } else if (event.key === '?' && !typing) {
        event.preventDefault();
        shortcuts.show();
      } else if (event.key === '/' && !typing) {
        event.preventDefault();
        if (!isWide()) nav.go({ kind: 'list' });
        requestAnimationFrame(() => document.querySelector<HTMLElement>('#search')?.focus());
      }
    },
    { signal },
  );
}

/** Whether the focus is where letters are written. */
function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null
  );
}

/** A dialog or a menu is open, and the keys are theirs. */
function isCovered(): boolean {
  return document.querySelector('dialog[open], [popover]:popover-open') !== null;
}

function isWide(): boolean {
  return matchMedia('(min-width: 50rem)').matches;
}

function toNeighbour(
  { state, nav }: { readonly state: PageState; readonly nav: Navigation },
  step: number,
): void {
  const list = sectionsOf(state.overview.value ?? []).main;
  const route = nav.route.value;
  const now = route.kind === 'conversation' ? list.findIndex(({ id }) => id === route.id) : -1;
  const next = list[now === -1 && step < 0 ? list.length - 1 : now + step];
  if (next !== undefined) nav.go({ kind: 'conversation', id: next.id });
}
