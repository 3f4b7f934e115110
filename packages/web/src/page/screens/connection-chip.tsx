import { RefreshCw } from 'lucide';
import type { ConnectionView } from '@tern/core';
import type { VNode } from 'preact';
import type { ConnectionsView } from '../../engine/app-api.ts';
import { useApp } from '../context.ts';
import { Icon } from '../parts/icon.tsx';
import { duration, t } from '../words/words.ts';
import { nameOf, transportName } from './connection-host.ts';
import { useNow } from './task.ts';

/** How things stand, in one line at the edge of every screen; opens the panel. */
export function ConnectionChip(): VNode | null {
  const { state, nav, news } = useApp();
  const view = state.connections.value;
  const mood = view === undefined ? 'well' : moodOf(view);
  const now = useNow(mood === 'away' ? 1000 : undefined);
  if (view === undefined) return null;
  return (
    <button
      type="button"
      class={`chip ${mood}`}
      aria-label={`${t('status.label')}: ${chipText(view, now)}`}
      onClick={() => nav.go({ kind: 'connection' })}
    >
      <span class="chip-dot" aria-hidden="true" />
      <span class="chip-text">{chipText(view, now)}</span>
      {news.renewal.value && <Icon node={RefreshCw} label={t('status.updateReady')} />}
    </button>
  );
}

type Mood = 'well' | 'trying' | 'away';

function moodOf(view: ConnectionsView): Mood {
  if (!view.online || view.paths.length === 0) return 'away';
  if (view.paths.some(({ state }) => state === 'online')) return 'well';
  return view.paths.some(({ state }) => state === 'connecting') ? 'trying' : 'away';
}

/** @param now milliseconds since 1970 */
function chipText(view: ConnectionsView, now: number): string {
  const { paths, queued } = view;
  if (!view.online) return queued > 0 ? t('status.offlineWaiting', { count: queued }) : t('status.offline');
  if (paths.length === 0) return t('status.noRelay');
  const best = bestOf(paths);
  if (best !== undefined) return onlineText(best);
  if (paths.some(({ state }) => state === 'connecting')) return t('status.connecting');
  const next = Math.min(...paths.map(({ nextTryAt }) => nextTryAt ?? Infinity));
  // a try that is due is under way, whatever was said last
  if (next <= now || next === Infinity) return t('status.connecting');
  return t('status.tryingIn', { wait: duration(Math.ceil((next - now) / 1000) * 1000) });
}

function onlineText({ origin, transport }: ConnectionView): string {
  const relay = nameOf(origin);
  return transport === undefined
    ? t('status.viaPlain', { relay })
    : t('status.via', { relay, transport: transportName(transport) });
}

/** Of the paths that are open, the one that answers soonest. */
function bestOf(paths: readonly ConnectionView[]): ConnectionView | undefined {
  const open = paths.filter(({ state }) => state === 'online');
  return open.sort((a, b) => (a.latencyMs ?? Infinity) - (b.latencyMs ?? Infinity))[0];
}
