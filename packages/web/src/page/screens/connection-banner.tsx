import { CloudOff, Radio, RefreshCw } from 'lucide';
import type { VNode } from 'preact';
import type { ConnectionsView } from '../../engine/app-api.ts';
import { useApp } from '../context.ts';
import { Banner } from '../parts/pieces.tsx';
import { t } from '../words/index.ts';
import { useNow } from './task.ts';

/** How long nothing gets through before it is mentioned: most troubles are over sooner. */
const mentionAfterMs = 20_000;

/** A calm strip while nothing gets through for a while, or while there is a newer version. */
export function ConnectionBanner(): VNode | null {
  const { state, nav, news } = useApp();
  const view = state.connections.value;
  const now = useNow(5000);
  const why = nav.route.value.kind !== 'connection' && (
    <button type="button" class="link-button" onClick={() => nav.go({ kind: 'connection' })}>
      {t('status.why')}
    </button>
  );
  if (view?.online === false) return <Banner icon={CloudOff}>{t('status.bannerOffline')}</Banner>;
  if (view !== undefined && isStuck(view, now))
    return (
      <Banner icon={Radio} actions={why}>
        {t('status.bannerStuck')}
      </Banner>
    );
  if (news.renewal.value)
    return (
      <Banner
        icon={RefreshCw}
        actions={
          <button type="button" class="link-button" onClick={() => location.reload()}>
            {t('status.updateNow')}
          </button>
        }
      >
        {t('status.updateReady')}
      </Banner>
    );
  return null;
}

function isStuck({ paths }: ConnectionsView, now: number): boolean {
  if (paths.length === 0 || paths.some(({ state }) => state === 'online')) return false;
  const last = Math.max(...paths.map(({ lastContactAt }) => lastContactAt ?? 0));
  return paths.every(({ trouble }) => trouble !== undefined) && now - last > mentionAfterMs;
}
