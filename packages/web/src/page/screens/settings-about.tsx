import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { appVersion, lookForUpdate } from '../../shell/handover.ts';
import { useApp } from '../context.ts';
import { Button } from '../parts/button.tsx';
import { t } from '../words/words.ts';
import { Section } from './pieces.tsx';
import { useTask } from './task.ts';

/** What this is, what it cannot do, and the app among the system's own. */
export function SettingsAbout({ arrive }: { readonly arrive: boolean }): VNode {
  const { news, shortcuts } = useApp();
  const [newest, setNewest] = useState(false);
  const task = useTask();
  const look = (): void =>
    task.run(async () => {
      setNewest(!(await lookForUpdate()));
    });
  return (
    <Section title={t('settings.about')} arrive={arrive}>
      <p>{t('settings.limits')}</p>
      <p class="note">{t('settings.version', { version: appVersion() })}</p>
      {news.renewal.value && <p role="status">{t('status.updateReady')}</p>}
      {newest && !news.renewal.value && <p role="status">{t('settings.newest')}</p>}
      {task.trouble !== undefined && <p role="alert">{t('settings.updateFailed')}</p>}
      <div class="actions">
        {news.renewal.value ? (
          <Button kind="primary" onClick={() => location.reload()}>
            {t('status.updateNow')}
          </Button>
        ) : (
          <Button busy={task.busy} onClick={look}>
            {t('settings.lookForUpdate')}
          </Button>
        )}
        {news.installing.offered.value && (
          <Button onClick={() => void news.installing.ask()}>{t('settings.install')}</Button>
        )}
        <Button onClick={() => shortcuts.show()}>{t('list.shortcuts')}</Button>
      </div>
    </Section>
  );
}
