import type { ConversationFlags, ConversationSummary } from '@tern/core';
import { Archive, ArchiveRestore, Bell, BellOff, MailCheck, MailOpen, Pin, PinOff } from 'lucide';
import type { VNode } from 'preact';
import { useApp } from '../context.ts';
import type { Spot } from '../parts/spot.ts';
import { Menu } from '../parts/menu.tsx';
import { t } from '../words/words.ts';

/** What a person decides about a conversation from the list. */
export function ListMenu(props: {
  readonly summary: ConversationSummary;
  readonly at: Spot;
  readonly onClose: () => void;
}): VNode {
  const { api, announcer } = useApp();
  const { id, name, flags, unread } = props.summary;
  const isUnread = unread > 0 || flags.markedUnread;
  const change = (next: Partial<ConversationFlags>): void => {
    api.setFlags(id, next).catch(() => announcer.show({ text: t('list.failedAction') }));
  };
  const readAll = async (): Promise<void> => {
    if (flags.markedUnread) await api.setFlags(id, { markedUnread: false });
    const ending = new AbortController();
    for await (const update of api.window(id, { signal: ending.signal })) {
      const lines = update.kind === 'whole' ? update.window.lines : update.lines;
      const ids = lines.flatMap((line) => (line.kind === 'message' && !line.fromMe ? [line.id] : []));
      if (ids.length > 0) await api.markRead(id, ids);
      break;
    }
    ending.abort();
  };
  return (
    <Menu
      label={t('list.menu', { name })}
      at={props.at}
      onClose={props.onClose}
      items={[
        {
          label: flags.pinned ? t('list.unpin') : t('list.pin'),
          icon: flags.pinned ? PinOff : Pin,
          onSelect: () => change({ pinned: !flags.pinned }),
        },
        {
          label: flags.muted ? t('list.unmute') : t('list.mute'),
          icon: flags.muted ? Bell : BellOff,
          onSelect: () => change({ muted: !flags.muted }),
        },
        {
          label: isUnread ? t('list.markRead') : t('list.markUnread'),
          icon: isUnread ? MailOpen : MailCheck,
          onSelect: () => {
            if (!isUnread) change({ markedUnread: true });
            else readAll().catch(() => announcer.show({ text: t('list.failedAction') }));
          },
        },
        {
          label: flags.archived ? t('list.unarchive') : t('list.archive'),
          icon: flags.archived ? ArchiveRestore : Archive,
          onSelect: () => change({ archived: !flags.archived }),
        },
      ]}
    />
  );
}
