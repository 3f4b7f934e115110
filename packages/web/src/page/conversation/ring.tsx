import type { MessageView, TransferView } from '@tern/core';
import { X } from 'lucide';
import type { VNode } from 'preact';
import { useApp } from '../context.ts';
import { Icon } from '../parts/icon.tsx';
import { t } from '../words/words.ts';
import { useTalk } from './talk.ts';

const radius = 20;
const round = 2 * Math.PI * radius;

/** How far a file is, as a ring around the button that stops it. */
export function Ring(props: {
  readonly label: string;
  readonly transfer: Pick<TransferView, 'done' | 'total'> | undefined;
  readonly stop: string;
  readonly onStop: () => void;
}): VNode {
  const { transfer } = props;
  const part = transfer === undefined ? undefined : transfer.done / Math.max(1, transfer.total);
  return (
    <button type="button" class="ring" aria-label={props.stop} title={props.stop} onClick={props.onStop}>
      <svg
        viewBox="0 0 44 44"
        class={part === undefined ? 'ring-turning' : undefined}
        role="progressbar"
        aria-label={props.label}
        aria-valuenow={part === undefined ? undefined : Math.round(part * 100)}
      >
        <circle cx="22" cy="22" r={radius} class="ring-ground" />
        <circle
          cx="22"
          cy="22"
          r={radius}
          class="ring-done"
          stroke-dasharray={`${round}`}
          stroke-dashoffset={`${round * (1 - (part ?? 0.25))}`}
        />
      </svg>
      <Icon node={X} />
    </button>
  );
}

/** Whether one's own file has yet to leave, also while nothing moves. */
export function isLeaving({ fromMe, status }: MessageView, transfer: TransferView | undefined): boolean {
  return fromMe && (status === 'queued' || transfer?.direction === 'up');
}

const nothingYet = { done: 0, total: 1 };

/** How far one's own file is, and the way to take it back. */
export function Sending({ message, name }: { readonly message: MessageView; readonly name: string }): VNode {
  const { state } = useApp();
  const talk = useTalk();
  return (
    <Ring
      label={t('conversation.sending', { name })}
      transfer={state.transfers.value.get(message.id) ?? nothingYet}
      stop={t('conversation.stopSending')}
      onStop={() => talk.cancel(message)}
    />
  );
}
