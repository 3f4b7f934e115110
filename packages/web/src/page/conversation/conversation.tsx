import { MessageCircleOff } from 'lucide';
import type { ConversationId, MessageId } from '@tern/protocol';
import type { VNode } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { Composer } from '../composer/composer.tsx';
import { useApp } from '../context.ts';
import { extra, later } from '../parts/lazy.tsx';
import { EmptyState, Spinner } from '../parts/pieces.tsx';
import { t } from '../words/words.ts';
import { ConversationHead } from './conversation-head.tsx';
import { MessageList } from './message-list.tsx';
import { NewMessages } from './new-messages.tsx';
import { openTalk } from './open-talk.ts';
import { TalkContext } from './talk.ts';

const MessageMenu = extra(async () => (await import('../menus.ts')).MessageMenu);
const ConversationBanner = extra(async () => (await import('./extras.ts')).ConversationBanner);
const MessageDialogs = later(async () => (await import('./message-dialogs.tsx')).MessageDialogs);
const Viewer = later(async () => (await import('../viewer/viewer.tsx')).Viewer);

export interface ConversationProps {
  readonly id: ConversationId;
  readonly at?: { readonly message: MessageId; readonly position: number } | undefined;
}

/** One conversation: what was said, and the place to say more. Mounted anew for each. */
export function Conversation({ id, at }: ConversationProps): VNode {
  const app = useApp();
  const [ending] = useState(() => new AbortController());
  const talk = useMemo(() => openTalk(app, id, ending.signal), []);
  useEffect(() => () => ending.abort(new DOMException('the conversation was left', 'AbortError')), []);
  useEffect(() => {
    if (at !== undefined) talk.jumpTo(at.message, at.position);
  }, [at]);
  const summary = talk.summary.value;
  const about = talk.window.about.value;
  if (talk.window.gone.value || (summary === undefined && app.state.overview.value !== undefined))
    return <EmptyState icon={MessageCircleOff} title={t('conversation.notHere')} />;
  const menu = talk.menu.value;
  const dialog = talk.dialog.value;
  const viewed = talk.viewed.value;
  return (
    <TalkContext.Provider value={talk}>
      <section class="conversation">
        <ConversationHead />
        <ConversationBanner retryAll={talk.retryAll} />
        {about === undefined ? (
          <div class="messages-frame">
            <Spinner label={t('common.waiting')} />
          </div>
        ) : (
          <MessageList
            window={talk.window}
            unreadFrom={talk.unreadFrom.value}
            named={summary?.kind === 'group'}
            target={talk.target}
            onArrived={talk.arrived}
            onLeave={talk.leave}
            onSeen={talk.seen}
          />
        )}
        <NewMessages lines={talk.window.lines} />
        {summary !== undefined && !summary.request && !summary.blocked && <Composer talk={talk} />}
      </section>
      {menu !== undefined && <MessageMenu {...menu} onClose={() => talk.closeMenu()} />}
      {dialog !== undefined && <MessageDialogs dialog={dialog} onClose={() => talk.closeDialog()} />}
      {viewed !== undefined && (
        <Viewer id={viewed} lines={talk.window.lines} onClose={() => talk.closeViewer()} />
      )}
    </TalkContext.Provider>
  );
}
