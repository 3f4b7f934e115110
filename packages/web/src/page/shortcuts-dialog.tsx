import { ArrowDown, ArrowUp, type IconNode } from 'lucide';
import type { VNode } from 'preact';
import { useApp } from './context.ts';
import { Dialog } from './parts/dialog.tsx';
import { Icon } from './parts/icon.tsx';
import { t, type PlainWordKey } from './words/words.ts';

interface Arrow {
  readonly icon: IconNode;
  readonly label: string;
  /** the key that is held with it */
  readonly with?: string;
}

type Key = string | Arrow;

// fonts lack arrows here and there; drawings are always there
const up: Arrow = { icon: ArrowUp, label: '↑' };
const down: Arrow = { icon: ArrowDown, label: '↓' };

const shortcuts: readonly (readonly [keys: readonly Key[], word: PlainWordKey])[] = [
  [['/'], 'keys.search'],
  [['Esc'], 'keys.back'],
  [[up, down], 'keys.move'],
  [['Enter'], 'keys.open'],
  [
    [
      { ...up, with: 'Alt' },
      { ...down, with: 'Alt' },
    ],
    'keys.neighbour',
  ],
  [['Enter'], 'keys.send'],
  [['Shift Enter'], 'keys.line'],
  [[up], 'keys.editLast'],
  [['End'], 'keys.latest'],
  [['R'], 'keys.reply'],
  [['X'], 'keys.react'],
  [['C'], 'keys.copy'],
  [['F'], 'keys.forward'],
  [['Delete'], 'keys.delete'],
  [['+', '−'], 'keys.zoom'],
  [['?'], 'keys.this'],
];

/** Every key that does something. */
export function ShortcutsDialog(): VNode {
  const app = useApp();
  return (
    <Dialog title={t('keys.title')} onClose={() => app.shortcuts.hide()}>
      <dl class="shortcuts">
        {shortcuts.map(([keys, word]) => (
          <div key={word}>
            <dt>
              {keys.map((key, at) => (
                <kbd key={at}>{typeof key === 'string' ? key : <ArrowKey {...key} />}</kbd>
              ))}
            </dt>
            <dd>{t(word)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

function ArrowKey({ icon, label, with: held }: Arrow): VNode {
  return (
    <>
      {held}
      <Icon node={icon} label={label} />
    </>
  );
}
