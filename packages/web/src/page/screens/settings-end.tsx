import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Button } from '../parts/button.tsx';
import { t } from '../words/words.ts';
import { Section } from './pieces.tsx';
import { WipeDialog } from './settings-wipe.tsx';

/** The way out, at the end of the settings where nobody stumbles over it. */
export function SettingsEnd(): VNode {
  const [wiping, setWiping] = useState(false);
  return (
    <Section title={t('safety.wipe')} note={t('settings.wipeWhat')}>
      <div class="actions">
        <Button kind="danger" onClick={() => setWiping(true)}>
          {t('settings.wipe')}
        </Button>
      </div>
      {wiping && <WipeDialog onClose={() => setWiping(false)} />}
    </Section>
  );
}
