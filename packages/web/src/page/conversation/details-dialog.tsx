import type { MessageView } from '@tern/core';
import type { ComponentChildren, VNode } from 'preact';
import { wholeMoment } from '../list/moment.ts';
import { Sheet } from '../parts/dialog.tsx';
import { statusWord } from '../parts/message-status.tsx';
import { count, size, t } from '../words/words.ts';
import { plainName } from './saving.ts';
import { useTalk } from './talk.ts';

const mostReactions = 200;

/** Everything that is known about a message. */
export function DetailsDialog({
  message,
  onClose,
}: {
  readonly message: MessageView;
  readonly onClose: () => void;
}): VNode {
  const talk = useTalk();
  const { fromMe, file, because, reactions } = message;
  const name = (person: MessageView['from']): string =>
    person === talk.me ? t('conversation.you') : talk.nameOf(person);
  return (
    <Sheet title={t('dialog.details')} onClose={onClose}>
      <dl class="details">
        <Detail name={t('dialog.from')}>
          <bdi>{fromMe ? t('conversation.you') : talk.nameOf(message.from)}</bdi>
        </Detail>
        <Detail name={t('dialog.sent')}>{wholeMoment(message.at)}</Detail>
        {!fromMe && <Detail name={t('dialog.arrived')}>{wholeMoment(message.arrivedAt)}</Detail>}
        {fromMe && <Detail name={t('dialog.status')}>{statusWord(message.status)}</Detail>}
        {because !== undefined && (
          <Detail name={t('dialog.because')}>
            {because === 'expired' || because === 'removed'
              ? t(`dialog.because.${because}`)
              : t('dialog.because.other', { code: because })}
          </Detail>
        )}
        {file !== undefined && (
          <Detail name={t('dialog.file')}>
            <bdi>{plainName(file.name)}</bdi>, {size(file.size)}
          </Detail>
        )}
        {reactions.length > 0 && (
          <Detail name={t('dialog.reactions')}>
            <ul>
              {reactions.slice(0, mostReactions).map(({ from, text }, at) => (
                <li key={at}>
                  <bdi>{text.slice(0, 32)}</bdi> <bdi>{name(from)}</bdi>
                </li>
              ))}
              {reactions.length > mostReactions && <li>+{count(reactions.length - mostReactions)}</li>}
            </ul>
          </Detail>
        )}
      </dl>
    </Sheet>
  );
}

function Detail(props: { readonly name: string; readonly children: ComponentChildren }): VNode {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}
