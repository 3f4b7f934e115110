import { EllipsisVertical, Keyboard, Link, Settings, UserRoundPlus } from 'lucide';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import { IconButton } from '../parts/button.tsx';
import type { Spot } from '../parts/context-menu.ts';
import { below, Menu } from '../parts/menu.tsx';
import { ConnectionChip } from '../screens/connection-chip.tsx';
import { t } from '../words/index.ts';

/** The upper edge of the list: how the connection stands, and the way to everything else. */
export function ListHead(): VNode {
  const { nav, shortcuts } = useApp();
  const [menu, setMenu] = useState<Spot>();
  return (
    <header class="list-head">
      <h1 tabIndex={-1}>Tern</h1>
      <ConnectionChip />
      <IconButton label={t('list.invite')} icon={UserRoundPlus} onClick={() => nav.go({ kind: 'invite' })} />
      <IconButton
        label={t('list.more')}
        icon={EllipsisVertical}
        popup="menu"
        expanded={menu !== undefined}
        onClick={({ currentTarget }) => currentTarget instanceof Element && setMenu(below(currentTarget))}
      />
      {menu !== undefined && (
        <Menu
          label={t('list.more')}
          at={menu}
          onClose={() => setMenu(undefined)}
          items={[
            { label: t('list.link'), icon: Link, onSelect: () => nav.go({ kind: 'link' }) },
            { label: t('list.settings'), icon: Settings, onSelect: () => nav.go({ kind: 'settings' }) },
            { label: t('list.shortcuts'), icon: Keyboard, onSelect: shortcuts.show },
          ]}
        />
      )}
    </header>
  );
}
