import { Keyboard, Link, Settings } from 'lucide';
import type { VNode } from 'preact';
import { useApp } from '../context.ts';
import { Menu } from '../parts/menu.tsx';
import type { Spot } from '../parts/spot.ts';
import { t } from '../words/words.ts';

/** The ways to what is needed seldom. */
export function HeadMenu({ at, onClose }: { readonly at: Spot; readonly onClose: () => void }): VNode {
  const { nav, shortcuts } = useApp();
  return (
    <Menu
      label={t('list.more')}
      at={at}
      onClose={onClose}
      items={[
        { label: t('list.link'), icon: Link, onSelect: () => nav.go({ kind: 'link' }) },
        { label: t('list.settings'), icon: Settings, onSelect: () => nav.go({ kind: 'settings' }) },
        { label: t('list.shortcuts'), icon: Keyboard, onSelect: () => shortcuts.show() },
      ]}
    />
  );
}
