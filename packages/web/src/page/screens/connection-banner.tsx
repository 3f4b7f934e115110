import { CloudOff, Radio, RefreshCw, type IconNode } from 'lucide';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import type { ConnectionsView } from '../../engine/app-api.ts';
import { useApp } from '../context.ts';
import { extra } from '../parts/lazy.tsx';
import { Banner } from '../parts/pieces.tsx';
import { laterWords, t, type PlainWordKey } from '../words/words.ts';
import { useNow } from './task.ts';

/** Fetched only where something is hindered: the first screen has no room for it. */
const SlowedBanner = extra(async () => {
  const [{ SlowedBanner }] = await Promise.all([import('./slowed-banner.tsx'), laterWords()]);
  return SlowedBanner;
});

/** How long nothing gets through before it is mentioned: most troubles are over sooner. */
const mentionAfterMs = 20_000;

/** A calm strip while nothing gets through for a while, or while there is a newer version. Also told to screen readers, once. */
export function ConnectionBanner(): VNode | null {
  const { state, nav, news, announcer } = useApp();
  const now = useNow(5000);
  const matter = matterOf(state.connections.value, news.renewal.value, now);
  useEffect(() => {
    if (matter !== undefined) announcer.speak(t(words[matter]));
  }, [matter]);
  if (matter === undefined) return state.connections.value?.hindered === true ? <SlowedBanner /> : null;
  const leads = matter !== 'renewal' && nav.route.value.kind === 'connection' ? undefined : steps[matter];
  return (
    <aside class="strip" aria-label={t('status.label')}>
      <Banner
        icon={icons[matter]}
        actions={
          leads !== undefined && (
            <button
              type="button"
              class="link-button"
              onClick={() => (matter === 'renewal' ? location.reload() : nav.go({ kind: 'connection' }))}
            >
              {t(leads)}
            </button>
          )
        }
      >
        {t(words[matter])}
      </Banner>
    </aside>
  );
}

type Matter = 'offline' | 'stuck' | 'renewal';

const words: Readonly<Record<Matter, PlainWordKey>> = {
  offline: 'status.bannerOffline',
  stuck: 'status.bannerStuck',
  renewal: 'status.updateReady',
};

const steps: Readonly<Partial<Record<Matter, PlainWordKey>>> = {
  stuck: 'status.why',
  renewal: 'status.updateNow',
};

const icons: Readonly<Record<Matter, IconNode>> = { offline: CloudOff, stuck: Radio, renewal: RefreshCw };

function matterOf(view: ConnectionsView | undefined, renewal: boolean, now: number): Matter | undefined {
  if (view?.online === false) return 'offline';
  if (view !== undefined && isStuck(view, now)) return 'stuck';
  return renewal ? 'renewal' : undefined;
}

function isStuck({ paths }: ConnectionsView, now: number): boolean {
  if (paths.length === 0 || paths.some(({ state }) => state === 'online')) return false;
  const last = Math.max(...paths.map(({ lastContactAt }) => lastContactAt ?? 0));
  return paths.every(({ trouble }) => trouble !== undefined) && now - last > mentionAfterMs;
}
