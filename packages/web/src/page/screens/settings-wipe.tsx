import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import { Field } from '../parts/field.tsx';
import { t } from '../words/words.ts';
import { Confirm } from './pieces.tsx';
import { useTask } from './task.ts';

/** Everything here is gone afterwards, so a slip of the hand must not be enough: a word has to be written. */
export function WipeDialog({ onClose }: { readonly onClose: () => void }): VNode {
  const { api } = useApp();
  const [typed, setTyped] = useState('');
  const task = useTask();
  const word = t('safety.wipeWord');
  return (
    <Confirm
      title={t('safety.wipe')}
      action={t('safety.wipeDo')}
      busy={task.busy}
      disabled={typed.trim().toLowerCase() !== word}
      onConfirm={() => task.run(() => api.wipe())}
      onClose={onClose}
    >
      <p>{t('safety.wipeWhat')}</p>
      <p class="note">{t('safety.wipeHonest')}</p>
      <Field
        label={t('safety.wipeType', { word })}
        value={typed}
        onInput={setTyped}
        autofocus
        error={task.trouble && t('safety.failed')}
      />
    </Confirm>
  );
}
