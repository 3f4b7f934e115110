import type { MessageView } from '@tern/core';
import { RotateCcw, X } from 'lucide';
import type { VNode } from 'preact';
import { useApp } from '../context.ts';
import { Button } from '../parts/button.tsx';
import { t } from '../words/words.ts';
import { useTalk } from './talk.ts';

/** An own message will not leave by itself: try again, or let it be. */
export function Failed({ message }: { readonly message: MessageView }): VNode {
  const { api } = useApp();
  const talk = useTalk();
  return (
    <div class="message-failed" role="group" aria-label={t('conversation.failed')}>
      <span>{t('conversation.failed')}</span>
      <Button kind="quiet" icon={RotateCcw} onClick={() => talk.attempt(() => api.retry(message.id))}>
        {t('conversation.retry')}
      </Button>
      <Button
        kind="quiet"
        icon={X}
        onClick={() => talk.attempt(() => api.remove(message.id, { forAll: false }))}
      >
        {t('conversation.delete')}
      </Button>
    </div>
  );
}
