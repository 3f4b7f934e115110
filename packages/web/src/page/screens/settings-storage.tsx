import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import { Button } from '../parts/button.tsx';
import { Progress } from '../parts/pieces.tsx';
import { size, t } from '../words/words.ts';
import { Confirm, Section } from './pieces.tsx';
import { useAnswer, useTask } from './task.ts';

/** How much is kept here, whether the browser promised to keep it, and making room. */
export function SettingsStorage({ arrive }: { readonly arrive: boolean }): VNode {
  const { api, announcer } = useApp();
  const storage = useAnswer(() => api.storage());
  const [asked, setAsked] = useState(false);
  const [refused, setRefused] = useState(false);
  const task = useTask();
  const view = storage.value;
  const clear = (): void =>
    task.run(async () => {
      await api.clearFiles({});
      setAsked(false);
      storage.again();
      announcer.show({ text: t('settings.cleared') });
    });
  const askToStay = (): void =>
    task.run(async () => {
      // only a window may ask; a worker, and with it the engine, may only look
      setRefused(!(await navigator.storage.persist()));
      storage.again();
    });
  return (
    <Section title={t('settings.storage')} arrive={arrive}>
      {view !== undefined && (
        <>
          <p>{t('settings.used', { used: size(view.usedBytes), quota: size(view.quotaBytes) })}</p>
          <Progress label={t('settings.storage')} done={view.usedBytes} total={view.quotaBytes} />
          <p class="note">{t('settings.files', { size: size(view.fileBytes) })}</p>
          <p>{t(view.persistent ? 'settings.persistent' : 'settings.notPersistent')}</p>
          {refused && !view.persistent && (
            <p class="note" role="status">
              {t('settings.persistRefused')}
            </p>
          )}
          <div class="actions">
            {!view.persistent && (
              <Button busy={task.busy && !asked} onClick={askToStay}>
                {t('settings.persist')}
              </Button>
            )}
            <Button disabled={view.fileBytes === 0} onClick={() => setAsked(true)}>
              {t('settings.clear')}
            </Button>
          </div>
        </>
      )}
      {asked && (
        <Confirm
          title={t('settings.clear')}
          action={t('settings.clearDo')}
          kind="primary"
          busy={task.busy}
          onConfirm={clear}
          onClose={() => setAsked(false)}
        >
          <p>{t('settings.clearWhat')}</p>
          {task.trouble !== undefined && (
            <p class="note error" role="alert">
              {t('safety.failed')}
            </p>
          )}
        </Confirm>
      )}
    </Section>
  );
}
