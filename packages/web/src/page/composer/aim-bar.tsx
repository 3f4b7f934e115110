import { Pencil, Reply, X } from 'lucide';
import type { VNode } from 'preact';
import { excerptOf } from '../conversation/message.tsx';
import type { Aim, Talk } from '../conversation/talk.ts';
import { IconButton } from '../parts/button.tsx';
import { Icon } from '../parts/icon.tsx';
import { t } from '../words/words.ts';

/** What the next message answers, or which one is being changed. */
export function AimBar(props: {
  readonly aim: Exclude<Aim, { readonly kind: 'new' }>;
  readonly talk: Talk;
  readonly onLeave: () => void;
}): VNode {
  const { aim, talk } = props;
  const message = aim.kind === 'reply' ? aim.to : aim.message;
  const name = message.fromMe ? t('composer.mine') : talk.nameOf(message.from);
  return (
    <div class="aim">
      <Icon node={aim.kind === 'reply' ? Reply : Pencil} />
      <div class="aim-text">
        <span class="aim-title">
          {aim.kind === 'reply' ? t('composer.replyTo', { name }) : t('composer.editing')}
        </span>
        <span class="aim-excerpt" dir="auto">
          {excerptOf(message)}
        </span>
      </div>
      <IconButton label={t('composer.leave')} icon={X} onClick={props.onLeave} />
    </div>
  );
}
