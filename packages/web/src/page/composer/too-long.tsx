import type { VNode } from 'preact';
import { Button } from '../parts/button.tsx';
import { t } from '../words/words.ts';

/** Offers a file instead of a text that no message holds. */
export function TooLong({ onAsFile }: { readonly onAsFile: () => void }): VNode {
  return (
    <div class="aim" role="alert">
      <span class="aim-text">{t('composer.tooLong')}</span>
      <Button kind="quiet" onClick={onAsFile}>
        {t('composer.asFile')}
      </Button>
    </div>
  );
}
