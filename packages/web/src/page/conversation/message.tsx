import type { MessageView } from '@tern/core';
import { CornerUpLeft, EllipsisVertical } from 'lucide';
import type { FunctionComponent, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import { wholeMoment } from '../list/moment.ts';
import { hueOf } from '../parts/avatar.tsx';
import { IconButton } from '../parts/button.tsx';
import { useContextMenu } from '../parts/context-menu.ts';
import { below } from '../parts/spot.ts';
import { Icon } from '../parts/icon.tsx';
import { extra } from '../parts/lazy.tsx';
import { memo } from '../parts/memo.ts';
import { StatusMark, statusWord } from '../parts/message-status.tsx';
import { clock, t } from '../words/words.ts';
import { onMessageKey } from './message-keys.ts';
import { MessageFile } from './message-file.tsx';
import { MessageText } from './message-text.tsx';
import { useTalk } from './talk.ts';

export interface MessageProps {
  readonly message: MessageView;
  readonly first: boolean;
  readonly last: boolean;
  /** several people talk here, so each is named */
  readonly named: boolean;
  /** Tab reaches this one; arrows move from there */
  readonly reachable: boolean;
  readonly place: number;
  readonly places: number;
}

const Failed = extra(async () => (await import('./extras.ts')).Failed);
const Reactions = extra(async () => (await import('./extras.ts')).Reactions);

/** One message, with everything that hangs on it. */
export const Message: FunctionComponent<MessageProps> = memo(MessageBubble);

function MessageBubble(props: MessageProps): VNode {
  const { message, first, last, named, reachable } = props;
  const talk = useTalk();
  const menu = useContextMenu((at) => talk.openMenu(message, at));
  const { id, fromMe, file, text, deleted, newer } = message;
  const author = fromMe ? t('conversation.you') : talk.nameOf(message.from);
  const side = fromMe ? 'mine' : 'theirs';
  const hasText = text !== undefined && text !== '' && !deleted;
  const flashed = talk.flashed.value === id;
  return (
    <div class={`message-place ${side}${first ? ' first' : ''}${last ? ' last' : ''}`}>
      <article
        class={`message${flashed ? ' flashed' : ''}${file?.picture === undefined ? '' : ' with-picture'}`}
        tabIndex={reachable ? 0 : -1}
        data-message={id}
        aria-label={`${author}, ${clock(message.at)}${fromMe ? `, ${statusWord(message.status)}` : ''}`}
        aria-posinset={props.place}
        aria-setsize={props.places}
        onKeyDown={(event) => onMessageKey(event, message, talk)}
        {...menu}
      >
        {named && first && !fromMe && <bdi class={`message-author ink-${hueOf(message.from)}`}>{author}</bdi>}
        {message.replyTo !== undefined && !deleted && (
          <Answered id={message.replyTo} conversation={message.conversation} />
        )}
        {deleted && <p class="message-quiet">{t('conversation.deleted')}</p>}
        {newer && <p class="message-quiet">{t('conversation.newer')}</p>}
        {file !== undefined && !deleted && <MessageFile message={message} file={file} />}
        {hasText ? <MessageText text={text} tail={<Meta message={message} />} /> : <Meta message={message} />}
      </article>
      {/* what the message keys and the long press do, for a mouse; Tab goes on to the next thing that differs */}
      <IconButton
        class="message-more"
        label={t('conversation.menu')}
        icon={EllipsisVertical}
        popup="menu"
        tabIndex={-1}
        onClick={({ currentTarget }) =>
          currentTarget instanceof Element && talk.openMenu(message, below(currentTarget))
        }
      />
      {message.reactions.length > 0 && !deleted && (
        <div class="reactions-place">
          <Reactions message={message} />
        </div>
      )}
      {fromMe && message.status === 'failed' && (
        <div class="failed-place">
          <Failed message={message} />
        </div>
      )}
    </div>
  );
}

/** When it was said, whether it was changed, and where it is. */
function Meta({ message }: { readonly message: MessageView }): VNode {
  const { at, deleted, edited, fromMe, status } = message;
  return (
    <span class="message-meta">
      {edited && !deleted && <span>{t('conversation.edited')}</span>}
      <time dateTime={new Date(at).toISOString()} title={wholeMoment(at)}>
        {clock(at)}
      </time>
      {fromMe && !deleted && status === 'nearby' && (
        <span class="nearby">{t('conversation.nearbyShort')}</span>
      )}
      {fromMe && !deleted && <StatusMark status={status} />}
    </span>
  );
}

/** What this message answers, in short; a press leads there. */
function Answered({ id, conversation }: Pick<MessageView, 'id' | 'conversation'>): VNode {
  const { api } = useApp();
  const talk = useTalk();
  const here = talk.messageOf(id);
  const [fetched, setFetched] = useState<MessageView>();
  useEffect(() => {
    if (here !== undefined) return;
    api.message(id).then(setFetched, () => undefined);
  }, [id]);
  // whoever shares two conversations with us could quote one in the other
  const answered = here ?? (fetched?.conversation === conversation ? fetched : undefined);
  if (answered === undefined) return <p class="answered message-quiet">{t('conversation.replyGone')}</p>;
  return (
    <button
      type="button"
      class="answered"
      tabIndex={-1}
      title={t('conversation.jump')}
      onClick={() => talk.jump(id)}
    >
      <Icon node={CornerUpLeft} />
      <bdi class="answered-name">{answered.fromMe ? t('conversation.you') : talk.nameOf(answered.from)}</bdi>
      <span class="answered-text" dir="auto">
        {excerptOf(answered)}
      </span>
    </button>
  );
}

/** @returns at most 120 characters of what a message says */
export function excerptOf({ deleted, newer, text, file }: MessageView): string {
  if (deleted) return t('conversation.deleted');
  if (newer) return t('conversation.newer');
  const said = text === undefined || text === '' ? (file?.name ?? '') : text;
  return said.slice(0, 120).replaceAll(/\s+/g, ' ');
}
