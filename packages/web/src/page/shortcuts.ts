import { signal, type ReadonlySignal } from '@preact/signals';

/** Whether the list of keys is shown. */
export interface Shortcuts {
  readonly shown: ReadonlySignal<boolean>;
  show(): void;
  hide(): void;
}

export function openShortcuts(): Shortcuts {
  const shown = signal(false);
  return {
    shown,
    show: () => {
      shown.value = true;
    },
    hide: () => {
      shown.value = false;
    },
  };
}
