import { Link2, RadioTower } from 'lucide';
import type { InvitationView } from '@tern/core';
import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
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
  const { api, state, nav, announcer } = useApp();
  const all = useAnswer(() => api.invitations());
  const overview = state.overview.value;
  const requests = overview?.filter(({ request }) => request);
  const [before, setBefore] = useState<ReadonlySet<string>>();
  // whoever was there when this opened is no news
  if (before === undefined && requests !== undefined) setBefore(new Set(requests.map(({ id }) => id)));
  const came = before === undefined ? undefined : requests?.findLast(({ id }) => !before.has(id));
  const [shown, setShown] = useState<InvitationView | undefined>(undefined);
  const task = useTask();
  const place = useRef<HTMLDivElement>(null);
  const answer = useRef<HTMLDivElement>(null);
  const make = (): void =>
    task.run(async () => {
      setShown(await api.invite({ uses: 1, lifetimeMs }));
      all.again();
    });
  useLayoutEffect(() => {
    if (shown !== undefined) place.current?.focus();
  }, [shown]);
  useEffect(() => {
    if (overview !== undefined) all.again();
  }, [overview?.length]);
  useEffect(() => {
    if (came === undefined) return;
    announcer.speak(t('invite.came', { name: came.name }));
  }, [came?.id]);
  const list = all.value ?? [];
  const current = list.find(({ id }) => id === shown?.id) ?? shown;
  useLayoutEffect(() => {
    // the code that had the focus is gone
    if (document.activeElement === document.body) answer.current?.focus();
  }, [came?.id, current?.state]);
  return (
    <div class="screen-column">
      {came !== undefined && (
        <div class="lead" ref={answer} tabIndex={-1}>
          <p>{t('invite.came', { name: came.name })}</p>
          <Button kind="primary" onClick={() => nav.go({ kind: 'conversation', id: came.id })}>
            {t('invite.meet')}
          </Button>
        </div>
      )}
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
          <Button kind={came === undefined ? 'primary' : 'plain'} busy={task.busy} onClick={make}>
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
          <InvitationList
            invitations={list}
            shown={current?.state === 'open' ? current.id : undefined}
            onShow={setShown}
            onChanged={all.again}
          />
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
