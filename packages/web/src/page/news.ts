/** What happens to the app itself while it is open: a newer version, an offer to install it. The shell and the browser tell. */
import { signal, type ReadonlySignal } from '@preact/signals';
import { onUpdate } from '../shell/handover.ts';

export interface News {
  /** a newer version lies ready as a whole; the next load of the page is that version */
  readonly renewal: ReadonlySignal<boolean>;
  readonly installing: Installing;
}

/** Listens to the shell and to the browser until the signal ends it. */
export function followNews(window: Window, ending: AbortSignal): News {
  const renewal = signal(false);
  ending.addEventListener(
    'abort',
    onUpdate(() => {
      renewal.value = true;
    }),
  );
  return { renewal, installing: followInstalling(window, ending) };
}

/** Whether the browser offers to put the app among the system's own, and the asking. */
export interface Installing {
  readonly offered: ReadonlySignal<boolean>;
  /** @returns false where the person declined */
  ask(): Promise<boolean>;
}

interface InstallPrompt extends Event {
  prompt(): Promise<{ readonly outcome: 'accepted' | 'dismissed' }>;
}

/** Keeps the browser's offer for a quiet place in the settings, instead of letting it interrupt. Ends by the signal. */
function followInstalling(window: Window, ending: AbortSignal): Installing {
  const prompt = signal<InstallPrompt | undefined>(undefined);
  const offered = signal(false);
  window.addEventListener(
    'beforeinstallprompt',
    (event) => {
      event.preventDefault();
      prompt.value = event as InstallPrompt;
      offered.value = true;
    },
    { signal: ending },
  );
  window.addEventListener(
    'appinstalled',
    () => {
      offered.value = false;
    },
    { signal: ending },
  );
  return {
    offered,
    async ask() {
      const asking = prompt.peek();
      // the browser takes an offer back once it was used
      offered.value = false;
      return (await asking?.prompt())?.outcome === 'accepted';
    },
  };
}
