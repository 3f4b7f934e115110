import { EllipsisVertical, UserRoundPlus } from 'lucide';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import { IconButton } from '../parts/button.tsx';
import { extra } from '../parts/lazy.tsx';
import { below, type Spot } from '../parts/spot.ts';
import { ConnectionChip } from '../screens/connection-chip.tsx';
import { t } from '../words/words.ts';

const HeadMenu = extra(async () => (await import('../menus.ts')).HeadMenu);

/** The upper edge of the list: how the connection stands, and the way to everything else. */
export function ListHead(): VNode {
  const { nav } = useApp();
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
      {menu !== undefined && <HeadMenu at={menu} onClose={() => setMenu(undefined)} />}
    </header>
  );
}
