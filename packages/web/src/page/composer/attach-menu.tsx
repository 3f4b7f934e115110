import { Camera, File, Image } from 'lucide';
import type { VNode } from 'preact';
import { hasKeyboard } from '../parts/keyboard.ts';
import { Menu } from '../parts/menu.tsx';
import type { Spot } from '../parts/spot.ts';
import { t } from '../words/words.ts';

/** Where a file comes from. */
export function AttachMenu(props: {
  readonly at: Spot;
  readonly onClose: () => void;
  readonly onPick: (kind: 'photos' | 'camera' | 'anything') => void;
}): VNode {
  const { onPick } = props;
  return (
    <Menu
      label={t('composer.attach')}
      at={props.at}
      onClose={props.onClose}
      items={[
        { label: t('composer.photo'), icon: Image, onSelect: () => onPick('photos') },
        // where there is a keyboard, a camera is seldom what takes photos
        ...(hasKeyboard()
          ? []
          : [{ label: t('composer.camera'), icon: Camera, onSelect: () => onPick('camera') }]),
        { label: t('composer.file'), icon: File, onSelect: () => onPick('anything') },
      ]}
    />
  );
}
