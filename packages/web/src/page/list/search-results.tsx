import type { SearchHit } from '@tern/core';
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import { Spinner } from '../parts/pieces.tsx';
import { t } from '../words/words.ts';
import { shortMoment } from './moment.ts';
import { useToday } from './today.ts';

const pauseMs = 150;
const mostHits = 200;

/** Messages that say what is looked for, as they are found. @param props `found`: how many conversations were, by their names */
export function SearchResults({ query, found }: { readonly query: string; readonly found: number }): VNode {
  const { api, nav, state, announcer } = useApp();
  const [hits, setHits] = useState<readonly SearchHit[]>([]);
  const [searching, setSearching] = useState(true);
  const now = useToday();
  useEffect(() => {
    const ending = new AbortController();
    const run = async (): Promise<void> => {
      const got: SearchHit[] = [];
      for await (const hit of api.search(query, { signal: ending.signal })) {
        got.push(hit);
        setHits([...got]);
        if (got.length >= mostHits) break;
      }
      setHits([...got]);
      setSearching(false);
      if (got.length === 0 && found === 0) announcer.speak(t('list.searchNothing'));
    };
    setSearching(true);
    // while somebody types, only what they stop at is looked for
    const timer = setTimeout(() => {
      run().catch(() => {
        if (!ending.signal.aborted) setSearching(false);
      });
    }, pauseMs);
    return () => {
      clearTimeout(timer);
      ending.abort();
    };
  }, [query]);
  const names = new Map(state.overview.value?.map(({ id, name }) => [id, name]));
  return (
    <section aria-label={t('list.searchMessages')} aria-busy={searching}>
      {hits.length > 0 && <h2 class="list-heading">{t('list.searchMessages')}</h2>}
      <ul class="hits">
        {hits.map((hit) => (
          <li key={hit.message}>
            <button
              type="button"
              class="hit"
              onClick={() =>
                nav.go({
                  kind: 'conversation',
                  id: hit.conversation,
                  at: { message: hit.message, position: hit.position },
                })
              }
            >
              <bdi class="hit-name">{names.get(hit.conversation)}</bdi>
              <span class="conversation-time">{shortMoment(hit.at, now)}</span>
              <span class="hit-excerpt" dir="auto">
                {hit.fromMe && `${t('list.you')} `}
                {marked(hit)}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {searching && <Spinner label={t('list.searching')} />}
      {!searching && hits.length === 0 && found === 0 && (
        <p class="list-nothing">{t('list.searchNothing')}</p>
      )}
    </section>
  );
}

/** The excerpt with the words that were looked for. */
function marked({ excerpt, marks }: SearchHit): ComponentChildren[] {
  const parts: ComponentChildren[] = [];
  let from = 0;
  for (const [start, end] of marks) {
    if (start < from || end > excerpt.length) continue;
    parts.push(excerpt.slice(from, start), <mark>{excerpt.slice(start, end)}</mark>);
    from = end;
  }
  return [...parts, excerpt.slice(from)];
}
