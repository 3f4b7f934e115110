import { Check, SendHorizontal } from 'lucide';
import type { ComponentChildren, RefObject, VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { IconButton } from '../parts/button.tsx';
import { hasKeyboard } from '../parts/keyboard.ts';
import { t } from '../words/words.ts';

/** A message holds 128 KiB in all; what stands around the text in it takes less than the difference. */
const longestTextBytes = 130_000;

export function isTooLong(text: string): boolean {
  return text.length > longestTextBytes / 4 && new TextEncoder().encode(text).length > longestTextBytes;
}

/** The field one writes in and the button beside it. Where there is a keyboard, Enter sends. */
export function ComposerLine(props: {
  /** of whom one writes to */
  readonly name: string;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly ready: boolean;
  readonly onSend: () => void;
  readonly field: RefObject<HTMLTextAreaElement | null>;
  /** the button keeps a change instead of sending */
  readonly changing?: boolean;
  readonly onPaste?: (event: ClipboardEvent) => void;
  /** keys that neither send nor write */
  readonly onKey?: (event: KeyboardEvent) => void;
  /** stands before the field */
  readonly children?: ComponentChildren;
}): VNode {
  const { text, field, onSend, changing = false } = props;
  useEffect(() => fit(field.current), [text]);
  return (
    <form
      class="composer-line"
      onSubmit={(event) => {
        event.preventDefault();
        onSend();
      }}
    >
      {props.children}
      <textarea
        ref={field}
        class="composer-field"
        rows={1}
        dir="auto"
        data-arrive={hasKeyboard()}
        aria-label={t('composer.writeTo', { name: props.name })}
        placeholder={t('composer.write')}
        value={text}
        enterkeyhint={hasKeyboard() ? 'send' : 'enter'}
        onInput={(event) => props.onText(event.currentTarget.value)}
        onPaste={props.onPaste}
        onKeyDown={(event) => {
          if (event.isComposing) return;
          if (event.key === 'Enter' && !event.shiftKey && (hasKeyboard() || event.ctrlKey)) {
            event.preventDefault();
            onSend();
          } else props.onKey?.(event);
        }}
      />
      <IconButton
        class="composer-send"
        label={changing ? t('composer.save') : t('composer.send')}
        icon={changing ? Check : SendHorizontal}
        disabled={!props.ready}
        onClick={onSend}
      />
    </form>
  );
}

/** Grows with what is written; the style says how far. */
function fit(field: HTMLTextAreaElement | null): void {
  if (field === null) return;
  field.style.blockSize = 'auto';
  field.style.blockSize = `${field.scrollHeight}px`;
}
