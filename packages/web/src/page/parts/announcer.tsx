import { signal, type ReadonlySignal } from '@preact/signals';
import type { VNode } from 'preact';

export interface Toast {
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

/** Says things that happen, to eyes and to screen readers. */
export interface Announcer {
  readonly toast: ReadonlySignal<Toast | undefined>;
  readonly spoken: ReadonlySignal<string>;
  /** shown for some seconds and spoken */
  show(toast: Toast): void;
  /** nothing of what was said is left, as when the home is locked */
  clear(): void;
  /** spoken only */
  speak(text: string): void;
}

const shownForMs = 6000;

export function openAnnouncer(): Announcer {
  const toast = signal<Toast | undefined>(undefined);
  const spoken = signal('');
  let hiding: ReturnType<typeof setTimeout> | undefined;
  let hushing: ReturnType<typeof setTimeout> | undefined;
  return {
    toast,
    spoken,
    show(next) {
      toast.value = next;
      clearTimeout(hiding);
      hiding = setTimeout(() => {
        toast.value = undefined;
      }, shownForMs);
    },
    clear() {
      toast.value = undefined;
      spoken.value = '';
    },
    speak(text) {
      // the same words twice are an event twice: a changed space makes readers say them again
      spoken.value = spoken.peek() === text ? `${text}\u{a0}` : text;
      // whoever reads through the page later does not come upon it
      clearTimeout(hushing);
      hushing = setTimeout(() => {
        spoken.value = '';
      }, shownForMs);
    },
  };
}

export function Announcements({ announcer }: { readonly announcer: Announcer }): VNode {
  const toast = announcer.toast.value;
  return (
    <>
      <div class="for-readers" role="status" aria-live="polite">
        {announcer.spoken}
      </div>
      <div class="toasts" role="status" aria-live="polite">
        {toast !== undefined && (
          <div class="toast">
            <span dir="auto">{toast.text}</span>
            {toast.action !== undefined && (
              <button type="button" class="link-button" onClick={toast.action.run}>
                {toast.action.label}
              </button>
            )}
          </div>
        )}
      </div>
    </>
  );
}
