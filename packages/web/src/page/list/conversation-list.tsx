import type { ContactView, ConversationSummary } from '@tern/core';
import type { PersonId } from '@tern/protocol';
import { useSignal } from '@preact/signals';
import { Archive, ArrowLeft, Search, UserRoundPlus, X } from 'lucide';
import type { VNode } from 'preact';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import type { Route } from '../navigation.ts';
import { Button, IconButton } from '../parts/button.tsx';
import type { Spot } from '../parts/spot.ts';
import { Icon } from '../parts/icon.tsx';
import { extra, later } from '../parts/lazy.tsx';
import { EmptyState } from '../parts/pieces.tsx';
import { t } from '../words/words.ts';
import { ConversationRow } from './conversation-row.tsx';
import { ListHead } from './list-head.tsx';
import { moveInList } from './list-keys.ts';
import { matching, sectionsOf } from './sections.ts';
import { useToday } from './today.ts';

const ListMenu = extra(async () => (await import('../menus.ts')).ListMenu);
const SearchResults = later(async () => (await import('./search-results.tsx')).SearchResults);

/** Everybody one talks with, the latest first, and the way to anything that was ever said. */
export function ConversationList(): VNode {
  const { state, nav } = useApp();
  const query = useSignal('');
  const route = nav.route.value;
  const [inArchive, setInArchive] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const all = state.overview.value;
  const wanted = query.value.trim();
  const sections = useMemo(() => sectionsOf(all ?? []), [all]);
  const found = useMemo(() => (wanted === '' ? [] : matching(all ?? [], wanted)), [all, wanted]);
  const leaveArchive = (): void => {
    setInArchive(false);
    if (isArchive(nav.route.peek())) nav.back();
  };
  const enterArchive = (): void => {
    setInArchive(true);
    if (nav.route.peek().kind === 'list') nav.deeper({ kind: 'list', archive: true });
  };
  useEffect(() => {
    if (route.kind === 'list') setInArchive(isArchive(route));
  }, [route]);
  const nothingThere = inArchive && all !== undefined && sections.archived.length === 0;
  useEffect(() => {
    if (nothingThere) leaveArchive();
  }, [nothingThere]);
  return (
    <div class="list" onKeyDown={moveInList}>
      <ListHead />
      <div class="search" role="search">
        <label class="search-box">
          <Icon node={Search} />
          <input
            ref={input}
            id="search"
            type="search"
            dir="auto"
            aria-label={t('list.search')}
            placeholder={t('list.search')}
            value={query.value}
            autocomplete="off"
            enterkeyhint="search"
            onInput={(event) => {
              query.value = event.currentTarget.value;
            }}
            onKeyDown={(event) => {
              if (event.key !== 'Escape' || query.value === '') return;
              event.stopPropagation();
              query.value = '';
            }}
          />
        </label>
        {wanted !== '' && (
          <IconButton
            label={t('list.searchClear')}
            icon={X}
            onClick={() => {
              query.value = '';
              input.current?.focus();
            }}
          />
        )}
      </div>
      <div class="list-scroll">
        {wanted !== '' ? (
          <>
            <Rows label={t('list.conversations')} list={found} />
            <SearchResults query={wanted} found={found.length} />
          </>
        ) : inArchive ? (
          <>
            <button type="button" class="list-step" onClick={leaveArchive}>
              <Icon node={ArrowLeft} />
              {t('list.archiveBack')}
            </button>
            <Rows label={t('list.archived')} list={sections.archived} />
          </>
        ) : (
          <>
            {sections.requests.length > 0 && (
              <section aria-label={t('list.requests')}>
                <h2 class="list-heading">{t('list.requests')}</h2>
                <Rows label={t('list.requests')} list={sections.requests} />
                <hr />
              </section>
            )}
            <Rows label={t('list.conversations')} list={sections.main} />
            {sections.archived.length > 0 && (
              <button type="button" class="list-step" onClick={enterArchive}>
                <Icon node={Archive} />
                {t('list.archivedCount', { count: sections.archived.length })}
              </button>
            )}
            {all?.length === 0 && (
              <EmptyState icon={UserRoundPlus} title={t('list.empty')}>
                <p>{t('list.emptyMore')}</p>
                <Button kind="primary" onClick={() => nav.go({ kind: 'invite' })}>
                  {t('list.invite')}
                </Button>
                <Button kind="quiet" onClick={() => nav.go({ kind: 'link' })}>
                  {t('list.link')}
                </Button>
              </EmptyState>
            )}
          </>
        )}
      </div>
    </div>
  );
}

/** The rows of one part of the list; one of them is reached by Tab, the others by arrows. */
function Rows({
  label,
  list,
}: {
  readonly label: string;
  readonly list: readonly ConversationSummary[];
}): VNode {
  const { state, nav } = useApp();
  const route = nav.route.value;
  const contacts = state.contacts.value;
  const now = useToday();
  const [menu, setMenu] = useState<{ readonly summary: ConversationSummary; readonly at: Spot }>();
  const openId = route.kind === 'conversation' ? route.id : undefined;
  const reachable = list.some(({ id }) => id === openId) ? openId : list[0]?.id;
  const open = useCallback(
    ({ id }: ConversationSummary) => {
      const to = { kind: 'conversation', id } as const;
      if (isArchive(nav.route.peek())) nav.deeper(to);
      else nav.go(to);
    },
    [nav],
  );
  const openMenu = useCallback((summary: ConversationSummary, at: Spot) => setMenu({ summary, at }), []);
  return (
    <>
      <ul class="conversations" aria-label={label}>
        {list.map((summary) => (
          <ConversationRow
            key={summary.id}
            summary={summary}
            open={summary.id === openId}
            reachable={summary.id === reachable}
            author={authorOf(summary, contacts)}
            now={now}
            onOpen={open}
            onMenu={openMenu}
          />
        ))}
      </ul>
      {menu !== undefined && <ListMenu {...menu} onClose={() => setMenu(undefined)} />}
    </>
  );
}

function isArchive(route: Route): boolean {
  return route.kind === 'list' && route.archive === true;
}

function authorOf(
  { kind, last }: ConversationSummary,
  contacts: ReadonlyMap<PersonId, ContactView>,
): string | undefined {
  return kind === 'group' && last !== undefined && !last.fromMe ? contacts.get(last.from)?.name : undefined;
}
