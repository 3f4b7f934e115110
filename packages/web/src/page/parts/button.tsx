import type { IconNode } from 'lucide';
import type { ComponentChildren, Ref, VNode } from 'preact';
import { Icon } from './icon.tsx';

export interface ButtonProps {
  readonly children: ComponentChildren;
  readonly onClick?: (event: MouseEvent) => void;
  /** `primary`: the one thing a screen is for; `danger`: what cannot be taken back */
  readonly kind?: 'primary' | 'plain' | 'quiet' | 'danger';
  readonly icon?: IconNode;
  readonly type?: 'button' | 'submit';
  readonly disabled?: boolean;
  /** shows progress and takes no second click */
  readonly busy?: boolean;
  readonly autofocus?: boolean;
  readonly class?: string;
}

export function Button(props: ButtonProps): VNode {
  const { children, onClick, kind = 'plain', icon, type = 'button', disabled, busy, autofocus } = props;
  return (
    <button
      type={type}
      class={`button ${kind} ${props.class ?? ''}`}
      disabled={disabled === true || busy === true}
      aria-busy={busy === true ? 'true' : undefined}
      autofocus={autofocus}
      onClick={onClick}
    >
      {busy === true ? <span class="spinner small" /> : icon !== undefined && <Icon node={icon} />}
      <span>{children}</span>
    </button>
  );
}

export interface IconButtonProps {
  /** what it does; said by screen readers, shown on hover */
  readonly label: string;
  readonly icon: IconNode;
  readonly onClick?: (event: MouseEvent) => void;
  readonly pressed?: boolean;
  readonly expanded?: boolean;
  /** opens a menu or a dialog */
  readonly popup?: 'menu' | 'dialog';
  readonly disabled?: boolean;
  /** -1 for what the keys reach in another way */
  readonly tabIndex?: number;
  readonly class?: string;
  readonly buttonRef?: Ref<HTMLButtonElement>;
}

/** A button of one drawing, which therefore always has a name. */
export function IconButton(props: IconButtonProps): VNode {
  return (
    <button
      type="button"
      ref={props.buttonRef ?? null}
      class={`icon-button ${props.class ?? ''}`}
      aria-label={props.label}
      title={props.label}
      aria-pressed={props.pressed}
      aria-expanded={props.expanded}
      aria-haspopup={props.popup}
      disabled={props.disabled}
      tabIndex={props.tabIndex}
      onClick={props.onClick}
    >
      <Icon node={props.icon} />
    </button>
  );
}
