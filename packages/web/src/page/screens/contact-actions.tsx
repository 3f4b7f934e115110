import type { ContactView } from '@tern/core';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import { Button } from '../parts/button.tsx';
import { size, t } from '../words/words.ts';
import { Confirm, Section } from './pieces.tsx';
import { useAnswer, useTask } from './task.ts';

type Asked = 'block' | 'remove' | 'clear';

/** What cannot be undone by a second thought is asked about; unblocking is not. */
export function ContactActions({ contact }: { readonly contact: ContactView }): VNode {
  const { api, nav, announcer } = useApp();
  const [asked, setAsked] = useState<Asked | undefined>(undefined);
  const task = useTask();
  const { person, name, conversation, blocked } = contact;
  const storage = useAnswer(() => api.storage({ conversation }));
  const kept = storage.value?.fileBytes;
  const block = (next: boolean): void =>
    task.run(async () => {
      await api.block(person, next);
      setAsked(undefined);
      announcer.show({ text: t(next ? 'contact.nowBlocked' : 'contact.nowUnblocked', { name }) });
    });
  const clear = (): void =>
    task.run(async () => {
      await api.clearFiles({ conversation });
      setAsked(undefined);
      storage.again();
      announcer.show({ text: t('contact.filesCleared') });
    });
  const remove = (): void =>
    task.run(async () => {
      await api.removeContact(person);
      setAsked(undefined);
      nav.go({ kind: 'list' });
      announcer.show({ text: t('contact.nowRemoved', { name }) });
    });
  const close = (): void => {
    setAsked(undefined);
    task.forget();
  };
  const trouble = task.trouble !== undefined && (
    <p class="note error" role="alert">
      {t('safety.failed')}
    </p>
  );
  return (
    <>
      <Section
        title={t('contact.files')}
        note={
          kept === undefined
            ? undefined
            : kept === 0
              ? t('contact.filesNone')
              : t('contact.filesWhat', { size: size(kept) })
        }
      >
        <div class="actions">
          <Button disabled={kept === undefined || kept === 0} onClick={() => setAsked('clear')}>
            {t('contact.filesClear')}
          </Button>
        </div>
      </Section>
      <Section title={t('contact.distance')} note={t(blocked ? 'contact.blockedWhat' : 'contact.blockWhat')}>
        {asked === undefined && trouble}
        <div class="actions">
          {blocked ? (
            <Button busy={task.busy} onClick={() => block(false)}>
              {t('contact.unblock')}
            </Button>
          ) : (
            <Button kind="danger" onClick={() => setAsked('block')}>
              {t('contact.block')}
            </Button>
          )}
          <Button kind="danger" onClick={() => setAsked('remove')}>
            {t('contact.remove')}
          </Button>
        </div>
      </Section>
      {asked === 'block' && (
        <Confirm
          title={t('contact.blockTitle', { name })}
          action={t('contact.block')}
          busy={task.busy}
          onConfirm={() => block(true)}
          onClose={close}
        >
          <p>{t('contact.blockWhat')}</p>
          {trouble}
        </Confirm>
      )}
      {asked === 'remove' && (
        <Confirm
          title={t('contact.removeTitle', { name })}
          action={t('contact.remove')}
          busy={task.busy}
          onConfirm={remove}
          onClose={close}
        >
          <p>{t('contact.removeWhat', { name })}</p>
          {trouble}
        </Confirm>
      )}
      {asked === 'clear' && (
        <Confirm
          title={t('contact.filesClear')}
          action={t('contact.filesClearDo')}
          kind="primary"
          busy={task.busy}
          onConfirm={clear}
          onClose={close}
        >
          <p>{t('contact.filesClearWhat')}</p>
          {trouble}
        </Confirm>
      )}
    </>
  );
}
