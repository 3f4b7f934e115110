import { X } from 'lucide';
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { t } from '../words/words.ts';
import { IconButton } from './button.tsx';

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  /** `sheet`: rises from the lower edge on a phone; `full`: all of the screen, its own frame */
  readonly kind?: 'plain' | 'sheet' | 'full';
  /** buttons below the content */
  readonly actions?: ComponentChildren;
  readonly class?: string;
}

/** The browser's own modal dialog: it keeps the focus inside, closes by Esc or Back, and gives the focus back. */
export function Dialog({
  title,
  onClose,
  children,
  kind = 'plain',
  actions,
  class: className,
}: DialogProps): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const gone = useRef(false);
  const titleId = useId();
  useEffect(() => {
    const { current } = dialog;
    const before = document.activeElement;
    current?.showModal();
    return () => {
      // its closing is told a moment later, when another may be open already
      gone.current = true;
      current?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  useEffect(() => {
    // words alone are scrolled by the keys only where they can have the focus, and Safari gives it to none by itself
    const { current } = body;
    if (current === null) return;
    const isLong = current.scrollHeight > current.clientHeight;
    if (isLong && current.querySelector('button, input, textarea, a[href]') === null) current.tabIndex = 0;
    else current.removeAttribute('tabindex');
  });
  return (
    <dialog
      ref={dialog}
      class={`dialog ${kind} ${className ?? ''}`}
      aria-labelledby={titleId}
      onClose={() => !gone.current && onClose()}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div class="dialog-frame">
        <header class="dialog-head">
          <h2 id={titleId}>{title}</h2>
          <IconButton label={t('common.close')} icon={X} onClick={onClose} />
        </header>
        <div ref={body} class="dialog-body">
          {children}
        </div>
        {actions !== undefined && <footer class="dialog-actions">{actions}</footer>}
      </div>
    </dialog>
  );
}

/** A dialog that rises from the lower edge on a phone. */
export function Sheet(props: Omit<DialogProps, 'kind'>): VNode {
  return <Dialog {...props} kind="sheet" />;
}
