import { Plus } from 'lucide';
import type { RelayView } from '@tern/core';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import { Button } from '../parts/button.tsx';
import { Row } from '../parts/pieces.tsx';
import { t } from '../words/words.ts';
import { hostOf } from './connection-host.ts';
import { Confirm, Section } from './pieces.tsx';
import { useAnswer, useTask } from './task.ts';

/** Where this person's sealed messages wait for whom they are for. */
export function SettingsRelays({ arrive }: { readonly arrive: boolean }): VNode {
  const { api, nav, announcer } = useApp();
  const relays = useAnswer(() => api.relays());
  const [asked, setAsked] = useState<RelayView | undefined>(undefined);
  const task = useTask();
  const remove = ({ id, origin }: RelayView): void =>
    task.run(async () => {
      await api.removeRelay(id ?? origin);
      setAsked(undefined);
      relays.again();
      announcer.show({ text: t('settings.relayRemoved') });
    });
  return (
    <Section title={t('settings.relays')} note={t('settings.relaysWhat')} arrive={arrive}>
      {relays.value?.length === 0 && <p>{t('settings.noRelay')}</p>}
      <ul class="rows">
        {relays.value?.map((relay) => (
          <li key={relay.origin}>
            <Row
              title={<bdi>{hostOf(relay.origin)}</bdi>}
              note={t(relay.canStore ? 'settings.relayStores' : 'settings.relayReads')}
              end={
                <Button kind="quiet" onClick={() => setAsked(relay)}>
                  {t('common.remove')}
                </Button>
              }
            />
          </li>
        ))}
      </ul>
      <div class="actions">
        <Button icon={Plus} onClick={() => nav.deeper({ kind: 'link' })}>
          {t('settings.relayAdd')}
        </Button>
        <Button kind="quiet" onClick={() => nav.deeper({ kind: 'connection' })}>
          {t('connection.title')}
        </Button>
      </div>
      {asked !== undefined && (
        <Confirm
          title={t('settings.relayRemoveTitle', { relay: hostOf(asked.origin) })}
          action={t('common.remove')}
          busy={task.busy}
          onConfirm={() => remove(asked)}
          onClose={() => setAsked(undefined)}
        >
          <p>{t(relays.value?.length === 1 ? 'settings.relayRemoveLast' : 'settings.relayRemoveWhat')}</p>
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
