import type { VNode } from 'preact';
import { useApp } from './context.ts';
import { Dialog } from './parts/dialog.tsx';
import { t, type PlainWordKey } from './words/index.ts';

const shortcuts: readonly (readonly [keys: readonly string[], word: PlainWordKey])[] = [
  [['/'], 'keys.search'],
  [['Esc'], 'keys.back'],
  [['↑', '↓'], 'keys.move'],
  [['Enter'], 'keys.open'],
  [['Alt ↑', 'Alt ↓'], 'keys.neighbour'],
  [['Enter'], 'keys.send'],
  [['Shift Enter'], 'keys.line'],
  [['↑'], 'keys.editLast'],
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
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{t(word)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
