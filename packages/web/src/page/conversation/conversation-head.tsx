import { ArrowLeft, BadgeCheck } from 'lucide';
import type { VNode } from 'preact';
import { useApp } from '../context.ts';
import { hasKeyboard } from '../parts/keyboard.ts';
import { Avatar } from '../parts/avatar.tsx';
import { IconButton } from '../parts/button.tsx';
import { Icon } from '../parts/icon.tsx';
import { t } from '../words/words.ts';
import { useTalk } from './talk.ts';

/** With whom one talks; leads to what is known about them. */
export function ConversationHead(): VNode | null {
  const { nav } = useApp();
  const summary = useTalk().summary.value;
  if (summary === undefined) return null;
  const { name, people, kind, verified } = summary;
  const [person] = people;
  const title = (
    <>
      <Avatar id={person ?? summary.id} name={name} size="small" />
      <span class="conversation-title">
        <bdi>{name}</bdi>
        {verified && <Icon node={BadgeCheck} label={t('list.verified')} class="verified" />}
      </span>
    </>
  );
  return (
    <header class="screen-head conversation-head">
      <IconButton class="back" label={t('common.back')} icon={ArrowLeft} onClick={() => nav.back()} />
      <h1 tabIndex={-1} data-arrive={!hasKeyboard()}>
        {kind === 'pair' && person !== undefined ? (
          <button
            type="button"
            class="head-person"
            title={t('conversation.contact', { name })}
            onClick={() => nav.deeper({ kind: 'contact', person })}
          >
            {title}
          </button>
        ) : (
          <span class="head-person">{title}</span>
        )}
      </h1>
    </header>
  );
}
