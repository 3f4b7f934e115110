import type { ConversationSummary } from '@tern/core';
import { BadgeCheck, BellOff, CircleAlert, File, Image, Pin } from 'lucide';
import type { FunctionComponent, VNode } from 'preact';
import { useContextMenu } from '../parts/context-menu.ts';
import type { Spot } from '../parts/spot.ts';
import { Avatar } from '../parts/avatar.tsx';
import { Icon } from '../parts/icon.tsx';
import { memo } from '../parts/memo.ts';
import { StatusMark } from '../parts/message-status.tsx';
import { count, t } from '../words/words.ts';
import { shortMoment, wholeMoment } from './moment.ts';

export interface ConversationRowProps {
  readonly summary: ConversationSummary;
  readonly open: boolean;
  /** the one row that Tab reaches; arrows move from there */
  readonly reachable: boolean;
  /** of the last message, where several people talk */
  readonly author?: string | undefined;
  readonly now: number;
  readonly onOpen: (summary: ConversationSummary) => void;
  readonly onMenu: (summary: ConversationSummary, at: Spot) => void;
}

/** One conversation: who, the last thing said, when, and what waits. */
export const ConversationRow: FunctionComponent<ConversationRowProps> = memo(Row);

function Row({ summary, open, reachable, author, now, onOpen, onMenu }: ConversationRowProps): VNode {
  const { flags, name, unread } = summary;
  const menu = useContextMenu((at) => onMenu(summary, at));
  const isUnread = unread > 0 || flags.markedUnread;
  return (
    <li>
      <button
        type="button"
        class={`conversation-row${isUnread ? ' unread' : ''}`}
        tabIndex={reachable ? 0 : -1}
        aria-current={open ? 'page' : undefined}
        data-conversation={summary.id}
        onClick={() => onOpen(summary)}
        {...menu}
      >
        <Avatar id={summary.people[0] ?? summary.id} name={name} />
        <span class="conversation-name">
          <bdi>{name}</bdi>
          {summary.verified && <Icon node={BadgeCheck} label={t('list.verified')} class="verified" />}
          {flags.muted && <Icon node={BellOff} label={t('list.muted')} />}
        </span>
        <span class="conversation-time" title={wholeMoment(summary.at)}>
          {shortMoment(summary.at, now)}
        </span>
        <span class="conversation-preview">
          <Preview summary={summary} author={author} open={open} />
        </span>
        <span class="conversation-marks">
          {flags.pinned && <Icon node={Pin} label={t('list.pinned')} />}
          {summary.failed > 0 && (
            <Icon
              node={CircleAlert}
              label={t('list.failed', { count: summary.failed })}
              class="status failed"
            />
          )}
          {isUnread && (
            <span class={flags.muted ? 'badge muted' : 'badge'}>
              <span aria-hidden="true">{unread > 0 ? count(unread) : ''}</span>
              <span class="for-readers">
                {unread > 0 ? t('list.unread', { count: unread }) : t('list.markedUnread')}
              </span>
            </span>
          )}
        </span>
      </button>
    </li>
  );
}

function Preview(props: Pick<ConversationRowProps, 'summary' | 'author' | 'open'>): VNode {
  const { summary, author } = props;
  const { last } = summary;
  if (summary.request) return <span class="preview-note">{t('list.request')}</span>;
  if (summary.blocked) return <span class="preview-note">{t('list.blocked')}</span>;
  if (summary.draft !== '' && !props.open)
    return (
      <>
        <span class="preview-draft">{t('list.draft')} </span>
        <bdi>{oneLine(summary.draft)}</bdi>
      </>
    );
  if (last === undefined)
    return <span>{summary.state === 'waiting' ? t('list.waiting') : t('list.nothingYet')}</span>;
  return (
    <>
      {last.fromMe && last.kind !== 'deleted' && <StatusMark status={last.status} />}
      {author !== undefined && (
        <>
          <bdi>{author}</bdi>
          {': '}
        </>
      )}
      <Said last={last} />
    </>
  );
}

function Said({ last }: { readonly last: NonNullable<ConversationSummary['last']> }): VNode {
  switch (last.kind) {
    case 'deleted':
      return <span class="preview-note">{t('list.deleted')}</span>;
    case 'newer':
      return <span class="preview-note">{t('list.newer')}</span>;
    case 'picture':
    case 'file':
      return (
        <>
          <Icon
            node={last.kind === 'picture' ? Image : File}
            label={last.kind === 'picture' ? t('list.picture') : t('list.file')}
          />
          <bdi>{last.text === '' ? t('list.picture') : oneLine(last.text)}</bdi>
        </>
      );
    case 'text':
      return <bdi>{oneLine(last.text)}</bdi>;
  }
}

/** @returns at most 160 characters on one line */
function oneLine(text: string): string {
  return text.slice(0, 160).replaceAll(/\s+/g, ' ');
}
