import { Hourglass, RotateCcw, ShieldBan, UserRoundPlus } from 'lucide';
import type { VNode } from 'preact';
import { useApp } from '../context.ts';
import { Button } from '../parts/button.tsx';
import { Banner } from '../parts/pieces.tsx';
import { t } from '../words/words.ts';
import { useTalk } from './talk.ts';

/** How things stand between the two: a request to answer, a block, an invitation not answered yet, messages that did not leave. */
export function ConversationBanner({ retryAll }: { readonly retryAll: () => Promise<void> }): VNode | null {
  const { api, nav } = useApp();
  const talk = useTalk();
  const summary = talk.summary.value;
  if (summary === undefined) return null;
  const { id, name, people } = summary;
  const [person] = people;
  const block = (blocked: boolean): void => {
    if (person !== undefined) talk.attempt(() => api.block(person, blocked));
  };
  if (summary.blocked)
    return (
      <Banner
        icon={ShieldBan}
        actions={<Button onClick={() => block(false)}>{t('conversation.unblock')}</Button>}
      >
        {t('conversation.blockedBanner', { name })}
      </Banner>
    );
  if (summary.request)
    return (
      <Banner
        icon={UserRoundPlus}
        actions={
          <>
            <Button
              kind="danger"
              onClick={() => {
                block(true);
                nav.back();
              }}
            >
              {t('conversation.requestBlock')}
            </Button>
            <Button kind="primary" onClick={() => talk.attempt(() => api.acceptRequest(id))}>
              {t('conversation.requestAccept')}
            </Button>
          </>
        }
      >
        {t('conversation.request', { name })}
      </Banner>
    );
  if (summary.failed > 1)
    return (
      <Banner
        kind="warning"
        icon={RotateCcw}
        actions={<Button onClick={() => talk.attempt(retryAll)}>{t('conversation.retryAll')}</Button>}
      >
        {t('list.failed', { count: summary.failed })}
      </Banner>
    );
  if (summary.state === 'waiting')
    return <Banner icon={Hourglass}>{t('conversation.waitingBanner', { name })}</Banner>;
  return null;
}
