import type { MessageView } from '@tern/core';
import type { VNode } from 'preact';
import { useApp } from '../context.ts';
import { Button } from '../parts/button.tsx';
import { Sheet } from '../parts/dialog.tsx';
import { t } from '../words/words.ts';
import { excerptOf } from './message.tsx';
import { useTalk } from './talk.ts';

/** Deletes here, or asks everybody's app to delete it; says honestly what that can do. */
export function DeleteDialog({
  message,
  onClose,
}: {
  readonly message: MessageView;
  readonly onClose: () => void;
}): VNode {
  const { api } = useApp();
  const talk = useTalk();
  const remove = (forAll: boolean): void => {
    onClose();
    talk.attempt(() => api.remove(message.id, { forAll }));
  };
  const canForAll = message.fromMe && !message.deleted && message.status !== 'failed';
  return (
    <Sheet
      title={t('dialog.delete')}
      onClose={onClose}
      actions={
        <>
          <Button kind="danger" onClick={() => remove(false)}>
            {t('dialog.deleteForMe')}
          </Button>
          {canForAll && (
            <Button kind="danger" onClick={() => remove(true)}>
              {t('dialog.deleteForAll')}
            </Button>
          )}
        </>
      }
    >
      <blockquote class="dialog-quote" dir="auto">
        {excerptOf(message)}
      </blockquote>
      {canForAll && (
        <p class="note">{t(message.status === 'nearby' ? 'dialog.deleteNearby' : 'dialog.deleteNote')}</p>
      )}
    </Sheet>
  );
}
