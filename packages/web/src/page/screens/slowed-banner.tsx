import { Gauge } from 'lucide';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { useApp } from '../context.ts';
import { Banner } from '../parts/pieces.tsx';
import { t } from '../words/words.ts';
import { slowedWords, useDiagnoses } from './diagnosis.tsx';

/** A calm strip while large things are slowed down or held up and messages pass. Also told to screen readers, once. */
export function SlowedBanner(): VNode | null {
  const { nav, announcer } = useApp();
  const words = slowedWords(useDiagnoses());
  useEffect(() => {
    if (words !== undefined) announcer.speak(t(words));
  }, [words]);
  // the panel says it itself
  if (words === undefined || nav.route.value.kind === 'connection') return null;
  return (
    <aside class="strip" aria-label={t('status.label')}>
      <Banner
        icon={Gauge}
        actions={
          <button type="button" class="link-button" onClick={() => nav.go({ kind: 'connection' })}>
            {t('status.why')}
          </button>
        }
      >
        {t(words)}
      </Banner>
    </aside>
  );
}
