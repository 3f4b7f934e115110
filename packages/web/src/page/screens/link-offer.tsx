import { RadioTower, UserPlus } from 'lucide';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LinkView } from '../../engine/app-api.ts';
import { useApp } from '../context.ts';
import { Button } from '../parts/button.tsx';
import { Icon } from '../parts/icon.tsx';
import { forgetLink } from '../../shell/handover.ts';
import { t, type PlainWordKey } from '../words/words.ts';
import { hostOf } from './connection-host.ts';
import { troubleWords } from './connection-trouble.ts';
import { SafetyNumber } from './pieces.tsx';
import { useTask } from './task.ts';

/** A relay that does not answer within this time is said not to. */
const longestWaitMs = 60_000;

export interface LinkOfferProps {
  readonly text: string;
  readonly view: Exclude<LinkView, { readonly kind: 'none' }>;
  readonly onBack: () => void;
}

/** What a link is, and the question whether to follow it. */
export function LinkOffer({ text, view, onBack }: LinkOfferProps): VNode {
  const place = useRef<HTMLHeadingElement>(null);
  useEffect(() => place.current?.focus(), []);
  return (
    <div class="offer">
      <Icon node={view.kind === 'relay' ? RadioTower : UserPlus} class="offer-icon" />
      <h2 ref={place} tabIndex={-1} dir="auto">
        {view.kind === 'relay'
          ? t('link.relay', { origin: hostOf(view.origin) })
          : t('link.invitation', { name: view.name })}
      </h2>
      {view.kind === 'relay' ? (
        <RelayOffer text={text} view={view} onBack={onBack} />
      ) : (
        <InvitationOffer text={text} view={view} onBack={onBack} />
      )}
    </div>
  );
}

function RelayOffer({ text, view, onBack }: OfferProps<'relay'>): VNode {
  const { api, nav, announcer } = useApp();
  const task = useTask();
  const add = (): void =>
    task.run(async (leaving) => {
      await api.addRelay(text, { signal: AbortSignal.any([leaving, AbortSignal.timeout(longestWaitMs)]) });
      forgetLink();
      announcer.show({ text: t('link.relayAdded') });
      const somebody = (await api.contacts()).length > 0;
      nav.go(somebody ? { kind: 'connection' } : { kind: 'invite' });
    });
  return (
    <>
      <p>{t(view.known ? 'link.relayKnown' : 'link.relayWhat')}</p>
      {task.trouble !== undefined && (
        <p class="note error" role="alert">
          {t(troubleWords(task.trouble).what)} {t(troubleWords(task.trouble).next)}
        </p>
      )}
      <div class="actions">
        {!view.known && (
          <Button kind="primary" busy={task.busy} onClick={add}>
            {t('link.relayAdd')}
          </Button>
        )}
        <Button onClick={onBack}>{t('link.other')}</Button>
      </div>
    </>
  );
}

function InvitationOffer({ text, view, onBack }: OfferProps<'invitation'>): VNode {
  const { api, nav, announcer } = useApp();
  const [refused, setRefused] = useState<PlainWordKey | undefined>(undefined);
  const task = useTask();
  const accept = (): void =>
    task.run(async () => {
      const accepted = await api.accept(text);
      forgetLink();
      if (accepted.kind === 'own') return setRefused('link.own');
      if (accepted.kind === 'expired') return setRefused('link.expired');
      if (accepted.kind === 'known') announcer.show({ text: t('link.known', { name: accepted.name }) });
      const contact = (await api.contacts()).find(({ person }) => person === accepted.person);
      nav.go(contact === undefined ? { kind: 'list' } : { kind: 'conversation', id: contact.conversation });
    });
  return (
    <>
      <p>{t('link.invitationWhat', { name: view.name })}</p>
      <p class="note">{t('link.invitationRelay', { origin: hostOf(view.origin) })}</p>
      {view.safetyNumber !== undefined && (
        <details>
          <summary>{t('link.safety')}</summary>
          <SafetyNumber digits={view.safetyNumber} label={t('link.safety')} />
        </details>
      )}
      {(refused !== undefined || task.trouble !== undefined) && (
        <p class="note error" role="alert">
          {t(refused ?? 'link.acceptFailed')}
        </p>
      )}
      <div class="actions">
        {refused === undefined && (
          <Button kind="primary" busy={task.busy} onClick={accept}>
            {t('link.accept')}
          </Button>
        )}
        <Button onClick={onBack}>{t('link.other')}</Button>
      </div>
    </>
  );
}

type OfferProps<K extends LinkView['kind']> = Omit<LinkOfferProps, 'view'> & {
  readonly view: Extract<LinkView, { readonly kind: K }>;
};
