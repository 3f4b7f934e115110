import type { InvitationView } from '@tern/core';
import type { InvitationId } from '@tern/protocol';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import { Button } from '../parts/button.tsx';
import { Row } from '../parts/pieces.tsx';
import { dateAndTime, t } from '../words/words.ts';
import { Confirm } from './pieces.tsx';
import { useTask } from './task.ts';

export interface InvitationListProps {
  readonly invitations: readonly InvitationView[];
  /** stands in full above the list */
  readonly shown: InvitationId | undefined;
  readonly onShow: (invitation: InvitationView) => void;
  readonly onChanged: () => void;
}

/** What was handed out, newest first, and taking it back. */
export function InvitationList({ invitations, shown, onShow, onChanged }: InvitationListProps): VNode {
  const { api, announcer } = useApp();
  const [asked, setAsked] = useState<InvitationView | undefined>(undefined);
  const task = useTask();
  const newest = [...invitations].sort((a, b) => b.notAfter - a.notAfter);
  const revoke = ({ id }: InvitationView): void =>
    task.run(async () => {
      await api.revokeInvitation(id);
      announcer.show({ text: t('invite.revoked') });
      setAsked(undefined);
      onChanged();
    });
  return (
    <>
      <ul class="rows">
        {newest.map((invitation) => (
          <li key={invitation.id}>
            <Row
              title={t(invitation.id === shown ? 'invite.shownAbove' : stateWords[invitation.state])}
              note={untilText(invitation)}
              end={
                invitation.state === 'open' && (
                  <span class="row-actions">
                    {invitation.id !== shown && (
                      <Button kind="quiet" onClick={() => onShow(invitation)}>
                        {t('invite.show')}
                      </Button>
                    )}
                    <Button kind="quiet" onClick={() => setAsked(invitation)}>
                      {t('invite.revoke')}
                    </Button>
                  </span>
                )
              }
            />
          </li>
        ))}
      </ul>
      {asked !== undefined && (
        <Confirm
          title={t('invite.revokeTitle')}
          action={t('invite.revokeDo')}
          busy={task.busy}
          onConfirm={() => revoke(asked)}
          onClose={() => setAsked(undefined)}
        >
          <p>{t('invite.revokeWhat')}</p>
          {task.trouble !== undefined && (
            <p class="note error" role="alert">
              {t('safety.failed')}
            </p>
          )}
        </Confirm>
      )}
    </>
  );
}

const stateWords = {
  open: 'invite.stateOpen',
  used: 'invite.stateUsed',
  expired: 'invite.stateExpired',
  revoked: 'invite.stateRevoked',
} as const;

/** What was used or taken back has no time any more that matters. */
function untilText({ state, notAfter }: InvitationView): string | undefined {
  if (state === 'open') return t('invite.until', { date: dateAndTime(notAfter) });
  return state === 'expired' ? t('invite.since', { date: dateAndTime(notAfter) }) : undefined;
}
