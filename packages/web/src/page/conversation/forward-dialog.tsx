import type { ConversationSummary, MessageView } from '@tern/core';
import type { ConversationId } from '@tern/protocol';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import { matching } from '../list/sections.ts';
import { Avatar } from '../parts/avatar.tsx';
import { Button } from '../parts/button.tsx';
import { Sheet } from '../parts/dialog.tsx';
import { Field } from '../parts/field.tsx';
import { t } from '../words/words.ts';
import { useTalk } from './talk.ts';

/** To whom a message goes as well. */
export function ForwardDialog({
  message,
  onClose,
}: {
  readonly message: MessageView;
  readonly onClose: () => void;
}): VNode {
  const { api, state, announcer } = useApp();
  const talk = useTalk();
  const [chosen, setChosen] = useState<ReadonlySet<ConversationId>>(new Set());
  const [query, setQuery] = useState('');
  const all = (state.overview.value ?? []).filter((one) => !one.blocked && !one.request);
  const toggle = ({ id }: ConversationSummary): void => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  return (
    <Sheet
      title={t('dialog.forward')}
      onClose={onClose}
      actions={
        <Button
          kind="primary"
          disabled={chosen.size === 0}
          onClick={() => {
            onClose();
            talk.attempt(async () => {
              await api.forward(message.id, [...chosen]);
              announcer.show({ text: t('dialog.forwarded') });
            });
          }}
        >
          {chosen.size === 0 ? t('conversation.forward') : t('dialog.forwardSend', { count: chosen.size })}
        </Button>
      }
    >
      <Field
        label={t('list.search')}
        labelHidden
        type="search"
        placeholder={t('list.search')}
        value={query}
        onInput={setQuery}
      />
      <ul class="picks">
        {matching(all, query).map((one) => (
          <li key={one.id}>
            <label class="row pick">
              <input type="checkbox" checked={chosen.has(one.id)} onChange={() => toggle(one)} />
              <Avatar id={one.people[0] ?? one.id} name={one.name} size="small" />
              <bdi>{one.name}</bdi>
            </label>
          </li>
        ))}
      </ul>
    </Sheet>
  );
}
