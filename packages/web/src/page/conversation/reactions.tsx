import type { MessageView } from '@tern/core';
import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import { useApp } from '../context.ts';
import { count, t } from '../words/words.ts';
import { useTalk } from './talk.ts';

const mostShown = 12;
const mostNames = 20;

interface Tally {
  readonly text: string;
  readonly people: number;
  readonly mine: boolean;
  readonly names: readonly string[];
}

/** Emojis with how many people gave each; a press gives or takes back one's own. */
export function Reactions({ message }: { readonly message: MessageView }): VNode {
  const { api } = useApp();
  const talk = useTalk();
  const tallies = useMemo(
    () => tally(message, talk.me, (person) => talk.nameOf(person)),
    [message.reactions],
  );
  const more = tallies.slice(mostShown).reduce((sum, { people }) => sum + people, 0);
  return (
    <ul class="reactions">
      {tallies.slice(0, mostShown).map(({ text, people, mine, names }) => (
        <li key={text}>
          <button
            type="button"
            class="reaction"
            tabIndex={-1}
            aria-pressed={mine}
            aria-label={t('conversation.reactionsBy', { emoji: text, names: names.join(', ') })}
            title={names.join(', ')}
            onClick={() => talk.attempt(() => api.react(message.id, mine ? undefined : text))}
          >
            <bdi>{text}</bdi>
            {people > 1 && <span>{count(people)}</span>}
          </button>
        </li>
      ))}
      {more > 0 && (
        <li>
          <button
            type="button"
            class="reaction"
            tabIndex={-1}
            aria-label={t('conversation.moreReactions', { count: more })}
            onClick={() => talk.openDialog({ kind: 'details', message })}
          >
            +{count(more)}
          </button>
        </li>
      )}
    </ul>
  );
}

/** The most given first, the earlier one of two that were given as often. */
function tally(
  { reactions }: MessageView,
  me: MessageView['from'],
  nameOf: (person: MessageView['from']) => string,
): readonly Tally[] {
  const groups = new Map<string, MessageView['reactions'][number][]>();
  for (const reaction of reactions) {
    const text = reaction.text.slice(0, 32);
    const group = groups.get(text);
    if (group === undefined) groups.set(text, [reaction]);
    else group.push(reaction);
  }
  return [...groups]
    .map(([text, given]) => ({
      text,
      people: given.length,
      mine: given.some(({ from }) => from === me),
      names: [
        ...given.slice(0, mostNames).map(({ from }) => (from === me ? t('conversation.you') : nameOf(from))),
        ...(given.length > mostNames ? [`+${count(given.length - mostNames)}`] : []),
      ],
    }))
    .sort((a, b) => b.people - a.people);
}
