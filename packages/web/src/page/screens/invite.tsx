import { Link2, RadioTower } from 'lucide';
import type { InvitationView } from '@tern/core';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import { Button } from '../parts/button.tsx';
import { EmptyState, ScreenHead, Spinner } from '../parts/pieces.tsx';
import { QrCode } from '../qr/qr-code.tsx';
import { t } from '../words/words.ts';
import { InvitationList } from './invite-list.tsx';
import { CopyButton, LinkText, ShareButton } from './link-pieces.tsx';
import { Section } from './pieces.tsx';
import { useAnswer, useTask } from './task.ts';

const lifetimeMs = 7 * 86_400_000;

/** A personal invitation: a link that one person can use once. */
export function InviteScreen(): VNode {
  const { api, nav } = useApp();
  const relays = useAnswer(() => api.relays());
  const canStore = relays.value?.some((relay) => relay.canStore);
  return (
    <div class="screen">
      <ScreenHead title={t('invite.title')}>
        <Button kind="quiet" icon={Link2} onClick={() => nav.deeper({ kind: 'link' })}>
          {t('invite.haveLink')}
        </Button>
      </ScreenHead>
      <div class="screen-body">
        {canStore === undefined && <Spinner label={t('common.waiting')} />}
        {canStore === true && <Inviting />}
        {canStore === false && (
          <EmptyState icon={RadioTower} title={t('invite.noRelay')}>
            <p>{t('invite.noRelayWhat')}</p>
            <Button kind="primary" onClick={() => nav.deeper({ kind: 'link' })}>
              {t('invite.addRelay')}
            </Button>
          </EmptyState>
        )}
      </div>
    </div>
  );
}

function Inviting(): VNode {
  const { api } = useApp();
  const all = useAnswer(() => api.invitations());
  const [shown, setShown] = useState<InvitationView | undefined>(undefined);
  const task = useTask();
  const place = useRef<HTMLDivElement>(null);
  const make = (): void =>
    task.run(async () => {
      setShown(await api.invite({ uses: 1, lifetimeMs }));
      all.again();
    });
  useEffect(() => {
    if (shown !== undefined) place.current?.focus();
  }, [shown]);
  const list = all.value ?? [];
  const current = list.find(({ id }) => id === shown?.id) ?? shown;
  return (
    <div class="screen-column">
      {current?.state === 'open' ? (
        <div class="invitation" ref={place} tabIndex={-1} aria-label={t('invite.ready')} role="group">
          <p>{t('invite.how')}</p>
          <QrCode text={current.link} label={t('invite.qr')} />
          <LinkText text={current.link} label={t('invite.link')} />
          <div class="actions">
            <CopyButton kind="primary" text={current.link} label={t('invite.copy')} />
            <ShareButton text={current.link} title={t('invite.shareTitle')} />
          </div>
          <p class="note">{t('invite.care')}</p>
        </div>
      ) : (
        <div class="lead">
          <p>{t('invite.what')}</p>
          <Button kind="primary" busy={task.busy} onClick={make}>
            {t('invite.make')}
          </Button>
        </div>
      )}
      {task.trouble !== undefined && (
        <p class="note error" role="alert">
          {t('invite.failed')}
        </p>
      )}
      {list.length > 0 && (
        <Section title={t('invite.list')}>
          <InvitationList invitations={list} shown={current?.id} onShow={setShown} onChanged={all.again} />
          {current?.state === 'open' && (
            <div class="actions">
              <Button busy={task.busy} onClick={make}>
                {t('invite.another')}
              </Button>
            </div>
          )}
        </Section>
      )}
    </div>
  );
}
