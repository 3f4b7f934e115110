import type { MessageStatus } from '@tern/core';
import { Check, CheckCheck, CircleAlert, Clock, Hourglass, type IconNode } from 'lucide';
import type { VNode } from 'preact';
import { t, type PlainWordKey } from '../words/words.ts';
import { Icon } from './icon.tsx';

const marks: { readonly [S in MessageStatus]: readonly [icon: IconNode, word: PlainWordKey] } = {
  queued: [Clock, 'conversation.queued'],
  nearby: [Hourglass, 'conversation.nearby'],
  stored: [Check, 'conversation.stored'],
  delivered: [CheckCheck, 'conversation.delivered'],
  read: [CheckCheck, 'conversation.read'],
  failed: [CircleAlert, 'conversation.failed'],
};

/** Where an own message is: by shape, by colour, and in words. */
export function StatusMark({ status }: { readonly status: MessageStatus }): VNode {
  const [node, word] = marks[status];
  return <Icon node={node} label={t(word)} class={`status ${status}`} />;
}

export function statusWord(status: MessageStatus): string {
  return t(marks[status][1]);
}
