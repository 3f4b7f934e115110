import type { WindowLine } from '@tern/core';
import type { VNode } from 'preact';
import { t } from '../words/words.ts';
import { useTalk } from './talk.ts';

/** What is no message but stands among them: a change of trust or of members, and what has not arrived yet. */
export function QuietLine({
  line,
}: {
  readonly line: Exclude<WindowLine, { readonly kind: 'message' }>;
}): VNode {
  const talk = useTalk();
  if (line.kind === 'gap')
    return (
      <p class="quiet-line gap">
        {t('conversation.gap', { count: line.missing, name: talk.nameOf(line.from) })}
      </p>
    );
  const name = line.person === undefined ? t('conversation.somebody') : talk.nameOf(line.person);
  const grave = line.notice === 'histories-differ' || line.notice === 'copied-device';
  return (
    <p class={grave ? 'quiet-line grave' : 'quiet-line'}>
      {line.notice === 'broken'
        ? t('conversation.notice.broken')
        : t(`conversation.notice.${line.notice}`, { name })}
    </p>
  );
}
