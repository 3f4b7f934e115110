import type { MessageView } from '@tern/core';
import { Copy, Download, Forward, Info, Pencil, Reply, RotateCcw, SmilePlus, Trash2, X } from 'lucide';
import type { VNode } from 'preact';
import { useApp } from '../context.ts';
import type { Spot } from '../parts/spot.ts';
import { Menu, type MenuItem } from '../parts/menu.tsx';
import { t } from '../words/words.ts';
import { saveFile } from './saving.ts';
import { useTalk } from './talk.ts';

const quickEmojis = ['👍', '❤️', '😂', '😮', '😢', '🙏'] as const;

/** What can be done with one message. */
export function MessageMenu(props: {
  readonly message: MessageView;
  readonly at: Spot;
  readonly onClose: () => void;
}): VNode {
  const { message, onClose } = props;
  const { api } = useApp();
  const talk = useTalk();
  const mine = message.reactions.find(({ from }) => from === talk.me)?.text;
  const reactWith = (text: string): void => {
    onClose();
    talk.attempt(() => api.react(message.id, text === mine ? undefined : text));
  };
  return (
    <Menu
      label={t('conversation.menu')}
      at={props.at}
      onClose={onClose}
      head={
        !message.deleted && (
          <div class="quick-emojis" role="group" aria-label={t('conversation.react')}>
            {quickEmojis.map((emoji) => (
              <button
                key={emoji}
                type="button"
                class="quick-emoji"
                aria-pressed={emoji === mine}
                aria-label={t('conversation.reactWith', { emoji })}
                onClick={() => reactWith(emoji)}
              >
                {emoji}
              </button>
            ))}
          </div>
        )
      }
      items={useItems(message)}
    />
  );
}

function useItems(message: MessageView): readonly MenuItem[] {
  const { api } = useApp();
  const talk = useTalk();
  const { fromMe, deleted, newer, text, file, status } = message;
  const usable = !deleted && !newer;
  const items: readonly (MenuItem | false)[] = [
    fromMe &&
      status === 'failed' && {
        label: t('conversation.retry'),
        icon: RotateCcw,
        onSelect: () => talk.attempt(() => api.retry(message.id)),
      },
    fromMe &&
      status === 'queued' && {
        label: t('conversation.cancel'),
        icon: X,
        onSelect: () => talk.cancel(message),
      },
    fromMe &&
      status === 'nearby' &&
      !deleted && {
        label: t('conversation.cancel'),
        icon: X,
        onSelect: () => talk.openDialog({ kind: 'delete', message }),
      },
    usable && {
      label: t('conversation.reply'),
      icon: Reply,
      onSelect: () => talk.setAim({ kind: 'reply', to: message }),
    },
    usable && {
      label: t('conversation.reactOther'),
      icon: SmilePlus,
      onSelect: () => talk.openDialog({ kind: 'react', message }),
    },
    usable &&
      text !== undefined &&
      text !== '' && { label: t('conversation.copy'), icon: Copy, onSelect: () => talk.copy(message) },
    usable &&
      file !== undefined && {
        label: t('conversation.saveFile'),
        icon: Download,
        onSelect: () => talk.attempt(() => saveFile(api, message, AbortSignal.timeout(longestSaveMs))),
      },
    usable &&
      fromMe &&
      text !== undefined && {
        label: t('conversation.edit'),
        icon: Pencil,
        onSelect: () => talk.setAim({ kind: 'edit', message }),
      },
    usable && {
      label: t('conversation.forward'),
      icon: Forward,
      onSelect: () => talk.openDialog({ kind: 'forward', message }),
    },
    {
      label: t('conversation.details'),
      icon: Info,
      onSelect: () => talk.openDialog({ kind: 'details', message }),
    },
    {
      label: t('conversation.delete'),
      icon: Trash2,
      danger: true,
      onSelect: () => talk.openDialog({ kind: 'delete', message }),
    },
  ];
  return items.filter((item) => item !== false);
}

/** A day: a large file on a bad line takes its time, and does not take forever. */
const longestSaveMs = 86_400_000;
