import { ImagePlus } from 'lucide';
import type { VNode } from 'preact';
import { Icon } from '../parts/icon.tsx';
import { t } from '../words/words.ts';

/** Says that what hovers will be sent. */
export function DropOverlay(): VNode {
  return (
    <div class="drop-overlay" aria-hidden="true">
      <Icon node={ImagePlus} />
      <p>{t('composer.drop')}</p>
    </div>
  );
}
