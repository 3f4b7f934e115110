import type { MessageView } from '@tern/core';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import { Button } from '../parts/button.tsx';
import { Sheet } from '../parts/dialog.tsx';
import { Field } from '../parts/field.tsx';
import { t } from '../words/words.ts';
import { useTalk } from './talk.ts';

const oneEmoji = /^\p{RGI_Emoji}$/v;

/** Any emoji that a keyboard has. */
export function ReactDialog({
  message,
  onClose,
}: {
  readonly message: MessageView;
  readonly onClose: () => void;
}): VNode {
  const { api } = useApp();
  const talk = useTalk();
  const [emoji, setEmoji] = useState('');
  const [wrong, setWrong] = useState(false);
  const give = (): void => {
    const text = emoji.trim();
    if (!oneEmoji.test(text)) return setWrong(true);
    onClose();
    talk.attempt(() => api.react(message.id, text));
  };
  return (
    <Sheet title={t('dialog.react')} onClose={onClose}>
      <form
        class="one-line-form"
        onSubmit={(event) => {
          event.preventDefault();
          give();
        }}
      >
        <Field
          label={t('dialog.emoji')}
          value={emoji}
          autofocus
          maxLength={32}
          error={wrong ? t('dialog.emojiNone') : undefined}
          onInput={(next) => {
            setEmoji(next);
            setWrong(false);
          }}
        />
        <Button kind="primary" type="submit">
          {t('conversation.react')}
        </Button>
      </form>
    </Sheet>
  );
}
