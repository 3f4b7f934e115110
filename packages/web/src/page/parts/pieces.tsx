import type { IconNode } from 'lucide';
import type { ComponentChildren, VNode } from 'preact';
import { ArrowLeft } from 'lucide';
import { useApp } from '../context.ts';
import { t } from '../words/words.ts';
import { IconButton } from './button.tsx';
import { Icon } from './icon.tsx';

/** The upper edge of a screen beside the list: Back (on phones), its name, its buttons. Takes the focus when the screen opens. */
export function ScreenHead(props: { readonly title: string; readonly children?: ComponentChildren }): VNode {
  const { nav } = useApp();
  return (
    <header class="screen-head">
      <IconButton class="back" label={t('common.back')} icon={ArrowLeft} onClick={() => nav.back()} />
      <h1 tabIndex={-1} data-arrive="true">
        {props.title}
      </h1>
      {props.children}
    </header>
  );
}

/** Nothing here yet, and what to do about it. */
export function EmptyState(props: {
  readonly icon: IconNode;
  readonly title: string;
  readonly children?: ComponentChildren;
}): VNode {
  return (
    <div class="empty">
      <Icon node={props.icon} class="empty-icon" />
      <h2>{props.title}</h2>
      {props.children}
    </div>
  );
}

/** Appears only after a moment (by its style), so that short waits show nothing. */
export function Spinner({ label }: { readonly label: string }): VNode {
  return (
    <span class="waiting" role="status">
      <span class="spinner" />
      <span>{label}</span>
    </span>
  );
}

/** How far something is. */
export function Progress(props: {
  readonly label: string;
  readonly done: number;
  readonly total: number;
}): VNode {
  return <progress aria-label={props.label} value={props.done} max={Math.max(1, props.total)} />;
}

/** A line in a list of things: what it is, more about it, what can be done with it. */
export function Row(props: {
  readonly start?: ComponentChildren;
  readonly title: ComponentChildren;
  readonly note?: ComponentChildren;
  readonly end?: ComponentChildren;
  /** makes all of it one button */
  readonly onClick?: () => void;
}): VNode {
  const inside = (
    <>
      {props.start}
      <span class="row-text">
        <span class="row-title">{props.title}</span>
        {props.note !== undefined && <span class="row-note">{props.note}</span>}
      </span>
      {props.end}
    </>
  );
  return props.onClick === undefined ? (
    <div class="row">{inside}</div>
  ) : (
    <button type="button" class="row" onClick={props.onClick}>
      {inside}
    </button>
  );
}

/** A quiet strip that says how things stand, with what can be done. */
export function Banner(props: {
  readonly icon?: IconNode;
  readonly children: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly kind?: 'quiet' | 'warning';
}): VNode {
  return (
    <div class={`banner ${props.kind ?? 'quiet'}`} role="note">
      {props.icon !== undefined && <Icon node={props.icon} />}
      <p>{props.children}</p>
      {props.actions !== undefined && <div class="banner-actions">{props.actions}</div>}
    </div>
  );
}
