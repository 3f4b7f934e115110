import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { t } from '../words/words.ts';

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
          <Button onClick={props.onClose} autofocus>
            {t('common.cancel')}
          </Button>
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
