import type { VNode } from 'preact';
import { Button } from '../parts/button.tsx';
import { t } from '../words/index.ts';

/** A message holds 128 KiB in all; what stands around the text in it takes less than the difference. */
export const longestTextBytes = 130_000;

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
