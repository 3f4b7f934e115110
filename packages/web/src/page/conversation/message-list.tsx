import { useSignal, type ReadonlySignal } from '@preact/signals';
import type { WindowLine } from '@tern/core';
import type { MessageId } from '@tern/protocol';
import { ChevronsDown } from 'lucide';
import type { FunctionComponent, VNode } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { Virtualizer, type VirtualizerHandle } from 'virtua';
import { useToday } from '../list/today.ts';
import { Icon } from '../parts/icon.tsx';
import { extra } from '../parts/lazy.tsx';
import { memo } from '../parts/memo.ts';
import { count, day, t } from '../words/words.ts';
import { Message } from './message.tsx';
import { moveInMessages } from './message-list-keys.ts';
import { rowMaker, type Row } from './rows.ts';
import { dayAbove, StickyDay } from './sticky-day.tsx';
import type { OpenWindow } from './window.ts';

/** Where a list wants to be: at its end, or with a line in view. */
export type Target =
  | { readonly kind: 'end' }
  | {
      readonly kind: 'line';
      readonly key?: string;
      readonly message?: MessageId;
      /** of the line, to know how far back to read for it */
      readonly position: number;
      /** pixels of it above the upper edge; in the middle where absent */
      readonly above?: number;
    };

export interface MessageListProps {
  readonly window: OpenWindow;
  /** the oldest message that was not read when the conversation was opened */
  readonly unreadFrom: MessageId | undefined;
  readonly named: boolean;
  readonly target: ReadonlySignal<Target>;
  /** a line that was asked for is in view */
  readonly onArrived: (target: Target) => void;
  /** the place to come back to; undefined at the end */
  readonly onLeave: (target: Target | undefined) => void;
  /** the messages down to here have been in view */
  readonly onSeen: (lines: readonly WindowLine[]) => void;
}

const QuietLine = extra(async () => (await import('./extras.ts')).QuietLine);

/** Closer to an edge than this counts as being there. */
const nearEndPx = 48;
const nearTopPx = 900;
const typicalRowPx = 58;
/** Older lines that come along with one that is jumped to. */
const linesAbove = 40;
const settledAfterFrames = 8;
/** A busy machine moves the list as much later than the hand. */
const pulledForMs = 600;

/** The messages, of which only those in view are in the page. What a person looks at stays where it is while things come and go around it. */
export function MessageList(props: MessageListProps): VNode {
  const { window, unreadFrom, target, named } = props;
  const handle = useRef<VirtualizerHandle>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const makeRows = useMemo(rowMaker, []);
  const lines = window.lines.value;
  const rows = useMemo(() => makeRows(lines, unreadFrom), [lines, unreadFrom]);
  const before = useRef<readonly Row[]>([]);
  const atEnd = useRef(true);
  const settling = useRef(0);
  /** when a person's own hand last moved the list: nothing else moves it for a moment */
  const pulledAt = useRef(Number.NEGATIVE_INFINITY);
  const isPulled = (): boolean => performance.now() - pulledAt.current < pulledForMs;
  const away = useSignal(false);
  const topDay = useSignal<number | undefined>(undefined);
  const reached = useSignal<string | undefined>(undefined);
  const latest = useRef({ rows, props });
  latest.current = { rows, props };

  const isPrepended = cameBefore(before.current, rows);
  const reachedAt = rows.findLastIndex(
    ({ line }) => line.kind === 'message' && (reached.value === undefined || line.key === reached.value),
  );

  /**
   * @param frames for how many it was looked at already: what was never in view has no known height until it is
   * @param demanded to the end also while rows that grow keep it away
   */
  const settle = (frames = 0, demanded = false): void => {
    const { current: list } = handle;
    const { rows, props } = latest.current;
    if (list === null || rows.length === 0) return;
    cancelAnimationFrame(settling.current);
    const wanted = props.target.peek();
    if (wanted.kind === 'end' && !demanded && (isPulled() || !atEnd.current)) return;
    const at = wanted.kind === 'end' ? rows.length - 1 : rows.findIndex(({ line }) => isWanted(line, wanted));
    if (wanted.kind === 'line' && at === -1) {
      if (window.about.peek()?.whole === true) props.onArrived(wanted);
      else window.older(wanted.position - linesAbove);
      return;
    }
    if (wanted.kind === 'line') atEnd.current = false;
    if (frames === 0 || !isPlaced(scroller.current, rows[at], wanted))
      list.scrollToIndex(at, placing(wanted));
    settling.current = requestAnimationFrame(() => {
      if (frames < settledAfterFrames) settle(frames + 1, demanded && !isPulled());
      else if (wanted.kind === 'line') props.onArrived(wanted);
      look();
    });
  };

  const look = (): void => {
    const { current: list } = handle;
    const { rows, props } = latest.current;
    // a list that has not been measured is not away from its end
    if (list === null || list.viewportSize === 0) return;
    const bottom = list.scrollOffset + list.viewportSize;
    atEnd.current = list.scrollSize - bottom < nearEndPx;
    away.value = !atEnd.current;
    topDay.value = dayAbove(list, rows, topDay.peek());
    if (list.scrollOffset < nearTopPx && props.target.peek().kind === 'end') window.older();
    const isRead = document.visibilityState === 'visible' && document.hasFocus();
    if (isRead && (window.about.peek()?.unread ?? 0) > 0)
      props.onSeen(rows.slice(0, list.findItemIndex(bottom - 8) + 1).map(({ line }) => line));
  };

  useLayoutEffect(() => {
    const last = rows.at(-1)?.line;
    const isNew = before.current.at(-1)?.line.key !== last?.key;
    // what one has just written is always shown
    if (isNew && before.current.length > 0 && last?.kind === 'message' && last.fromMe && last.number === 0)
      atEnd.current = true;
    before.current = rows;
    const frame = requestAnimationFrame(look);
    // a line that changed where it is says by its size whether there is anything to settle
    if (isNew || target.value.kind === 'line') settle();
    return () => cancelAnimationFrame(frame);
  }, [rows, target.value]);

  useEffect(() => {
    const ending = new AbortController();
    const { signal } = ending;
    document.addEventListener('visibilitychange', look, { signal });
    globalThis.addEventListener('focus', look, { signal });
    return () => {
      ending.abort();
    };
  }, []);
  useLayoutEffect(
    () => () => {
      cancelAnimationFrame(settling.current);
      const { current: list } = handle;
      const { rows, props } = latest.current;
      if (list === null) return;
      const at = list.findItemIndex(list.scrollOffset);
      const line = rows[at]?.line;
      const place: Target | undefined =
        atEnd.current || line === undefined
          ? undefined
          : {
              kind: 'line',
              key: line.key,
              position: line.kind === 'message' ? line.position : (window.about.peek()?.from ?? 0),
              above: list.scrollOffset - list.getItemOffset(at),
            };
      props.onLeave(place);
    },
    [],
  );

  return (
    <div class="messages-frame">
      <StickyDay at={topDay} shown={away} />
      {window.loading.value && (
        <div class="messages-loading spinner" role="status" aria-label={t('conversation.loadingOlder')} />
      )}
      <div
        ref={scroller}
        class="messages"
        role="group"
        aria-label={t('conversation.messages')}
        aria-busy={window.loading.value}
        tabIndex={rows.length === 0 ? 0 : -1}
        onWheel={({ deltaY }) => {
          if (deltaY < 0) pulledAt.current = performance.now();
        }}
        onTouchMove={() => (pulledAt.current = performance.now())}
        onKeyDown={(event) => {
          const next = moveInMessages(event, rows, reachedAt);
          if (next === undefined) return;
          reached.value = rows[next]?.line.key;
          handle.current?.scrollToIndex(next, { align: 'nearest' });
          focusSoon(scroller.current, rows[next]);
        }}
        onFocusIn={({ target }) => {
          const key =
            target instanceof Element ? target.closest('[data-key]')?.getAttribute('data-key') : null;
          if (key !== null && key !== undefined) reached.value = key;
        }}
      >
        <div class="messages-rise" />
        <Virtualizer
          ref={handle}
          scrollRef={scroller}
          data={rows}
          shift={isPrepended}
          itemSize={typicalRowPx}
          bufferSize={400}
          keepMounted={reachedAt === -1 ? [] : [reachedAt]}
          onScroll={look}
          onScrollEnd={look}
          onResize={() => atEnd.current && target.peek().kind === 'end' && settle()}
        >
          {(row: Row, at: number) => (
            <Line
              key={row.line.key}
              row={row}
              named={named}
              reachable={at === reachedAt}
              place={at + 1}
              beginning={at === 0 && window.about.value?.whole === true}
            />
          )}
        </Virtualizer>
      </div>
      {away.value && (
        <ToLatest
          unread={window.about.value?.unread ?? 0}
          onClick={() => {
            pulledAt.current = Number.NEGATIVE_INFINITY;
            atEnd.current = true;
            settle(0, true);
          }}
        />
      )}
    </div>
  );
}

interface LineProps {
  readonly row: Row;
  readonly named: boolean;
  readonly reachable: boolean;
  readonly place: number;
  readonly beginning: boolean;
}

const Line: FunctionComponent<LineProps> = memo(OneLine);

function OneLine({ row, named, reachable, place, beginning }: LineProps): VNode {
  const { line } = row;
  const now = useToday();
  return (
    <div class="line" data-key={line.key}>
      {beginning && (
        <p class="quiet-line">{t(named ? 'conversation.beginningGroup' : 'conversation.beginning')}</p>
      )}
      {row.day !== undefined && (
        <p class="day">
          <span>{day(row.day, now)}</span>
        </p>
      )}
      {row.unread && (
        <p class="unread-line">
          <span>{t('conversation.unreadLine')}</span>
        </p>
      )}
      {line.kind === 'message' ? (
        <Message
          message={line}
          first={row.first}
          last={row.last}
          named={named}
          reachable={reachable}
          place={place}
          places={-1}
        />
      ) : (
        <div class="quiet-place">
          <QuietLine line={line} />
        </div>
      )}
    </div>
  );
}

function ToLatest({ unread, onClick }: { readonly unread: number; readonly onClick: () => void }): VNode {
  const label = unread > 0 ? t('conversation.latestCount', { count: unread }) : t('conversation.latest');
  return (
    <button type="button" class="to-latest" aria-label={label} title={label} onClick={onClick}>
      <Icon node={ChevronsDown} />
      {unread > 0 && <span class="badge">{count(unread)}</span>}
    </button>
  );
}

function isWanted(line: WindowLine, { key, message }: Extract<Target, { readonly kind: 'line' }>): boolean {
  return message === undefined ? line.key === key : line.kind === 'message' && line.id === message;
}

type ScrollTo = NonNullable<Parameters<VirtualizerHandle['scrollToIndex']>[1]>;

function placing(wanted: Target): ScrollTo {
  if (wanted.kind === 'end') return { align: 'end' };
  return wanted.above === undefined ? { align: 'center' } : { align: 'start', offset: wanted.above };
}

/** Whether a row has come to stand where it was wanted, as the browser sees it. */
function isPlaced(scroller: HTMLElement | null, row: Row | undefined, wanted: Target): boolean {
  if (scroller === null || row === undefined) return true;
  if (wanted.kind === 'end') return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 2;
  const place = scroller.querySelector(`[data-key="${CSS.escape(row.line.key)}"]`)?.getBoundingClientRect();
  if (place === undefined) return false;
  const view = scroller.getBoundingClientRect();
  if (wanted.above !== undefined && scroller.scrollTop > 0)
    return Math.abs(view.top - place.top - wanted.above) < 2;
  const isTall = place.height > view.height;
  return isTall
    ? place.top < view.bottom && place.bottom > view.top
    : place.top >= view.top && place.bottom <= view.bottom;
}

/** Whether lines came only before those that were there: then the view is held from its end. */
function cameBefore(before: readonly Row[], after: readonly Row[]): boolean {
  const [first] = before;
  const more = after.length - before.length;
  return first !== undefined && more > 0 && after[more]?.line.key === first.line.key;
}

/** The row may be mounted a moment after it was scrolled to. */
function focusSoon(scroller: HTMLElement | null, row: Row | undefined): void {
  if (row?.line.kind !== 'message' || scroller === null) return;
  const { id } = row.line;
  requestAnimationFrame(() => {
    const message = scroller.querySelector<HTMLElement>(`[data-message="${CSS.escape(id)}"]`);
    message?.focus({ preventScroll: true });
  });
}
