import { Check, Copy, Share2, type IconNode } from 'lucide';
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Icon } from '../parts/icon.tsx';
import { t } from '../words/index.ts';

const copiedForMs = 2000;

/** Puts a text on the clipboard and says so; where that is not allowed it says what to do instead. */
export function CopyButton(props: {
  readonly text: string;
  readonly label: string;
  readonly kind?: 'primary' | 'plain' | 'quiet';
}): VNode {
  const { announcer } = useApp();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), copiedForMs);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(props.text);
      setCopied(true);
      announcer.speak(t('common.copied'));
    } catch {
      announcer.show({ text: t('common.copyFailed') });
    }
  };
  return (
    <Button kind={props.kind ?? 'plain'} icon={copied ? Check : Copy} onClick={() => void copy()}>
      {copied ? t('common.copied') : props.label}
    </Button>
  );
}

/** Hands a text to another app, where the system can. */
export function ShareButton({
  text,
  title,
}: {
  readonly text: string;
  readonly title: string;
}): VNode | null {
  const { share } = globalThis.navigator as { readonly share?: Navigator['share'] };
  if (share === undefined) return null;
  return (
    <Button
      icon={Share2}
      onClick={() => {
        // taken back by the person, or not allowed: the link stays on the screen to be copied
        share.call(navigator, { title, text }).catch(() => undefined);
      }}
    >
      {t('common.share')}
    </Button>
  );
}

/** A link in full, to be marked and read; its end matters as much as its beginning. */
export function LinkText({ text, label }: { readonly text: string; readonly label: string }): VNode {
  return (
    <input
      class="link-text"
      readOnly
      dir="ltr"
      aria-label={label}
      value={text}
      onFocus={(event) => event.currentTarget.select()}
    />
  );
}

/** Digits in groups of five, read and compared aloud; a screen reader says them one by one. */
export function SafetyNumber({ digits, label }: { readonly digits: string; readonly label: string }): VNode {
  const groups = digits.replaceAll(/\s/g, '').match(/.{1,5}/g) ?? [];
  return (
    <div
      class={groups.length > 6 ? 'safety-number' : 'safety-number short'}
      role="group"
      aria-label={label}
      dir="ltr"
    >
      {groups.map((group, at) => (
        <span key={at}>{group}</span>
      ))}
    </div>
  );
}

/** A part of a screen with its own heading. */
export function Section(props: {
  readonly title: string;
  readonly note?: ComponentChildren;
  readonly children?: ComponentChildren;
  readonly class?: string;
  /** the screen was opened to show this part */
  readonly arrive?: boolean;
}): VNode {
  const id = useId();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (props.arrive !== true) return;
    heading.current?.scrollIntoView({ block: 'start', inline: 'nearest' });
    heading.current?.focus();
  }, [props.arrive]);
  return (
    <section class={`part ${props.class ?? ''}`} aria-labelledby={id}>
      <h2 id={id} ref={heading} tabIndex={-1}>
        {props.title}
      </h2>
      {props.note !== undefined && <p class="note">{props.note}</p>}
      {props.children}
    </section>
  );
}

/** Asks before something that cannot be taken back. */
export function Confirm(props: {
  readonly title: string;
  readonly children: ComponentChildren;
  readonly action: string;
  readonly kind?: 'primary' | 'danger';
  readonly busy?: boolean;
  /** what is asked for is not complete yet */
  readonly disabled?: boolean;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}): VNode {
  return (
    <Dialog
      title={props.title}
      onClose={props.onClose}
      actions={
        <>
          <Button onClick={props.onClose}>{t('common.cancel')}</Button>
          <Button
            kind={props.kind ?? 'danger'}
            busy={props.busy === true}
            disabled={props.disabled === true}
            onClick={props.onConfirm}
          >
            {props.action}
          </Button>
        </>
      }
    >
      {props.children}
    </Dialog>
  );
}

/** One of a few, all of them in sight. */
export function Choice<V extends string>(props: {
  readonly label: string;
  readonly value: V;
  readonly options: readonly { readonly value: V; readonly label: string }[];
  readonly onChoose: (value: V) => void;
}): VNode {
  const name = useId();
  return (
    <fieldset class="choice">
      <legend>{props.label}</legend>
      {props.options.map(({ value, label }) => (
        <label key={value}>
          <input
            type="radio"
            name={name}
            value={value}
            checked={value === props.value}
            onChange={() => props.onChoose(value)}
          />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** Opens the system's picker of files; the button is the label of an input, so that a keyboard and a reader find an input. */
export function FileButton(props: {
  readonly label: string;
  readonly icon?: IconNode;
  readonly accept?: string;
  readonly onFile: (file: File) => void;
}): VNode {
  return (
    <label class="file-button button plain">
      <input
        type="file"
        class="for-readers"
        accept={props.accept}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          // the same file can be chosen again after it failed
          event.currentTarget.value = '';
          if (file !== undefined) props.onFile(file);
        }}
      />
      {props.icon !== undefined && <Icon node={props.icon} />}
      <span>{props.label}</span>
    </label>
  );
}
