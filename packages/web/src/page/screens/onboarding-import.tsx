import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import { Button } from '../parts/button.tsx';
import { Field } from '../parts/field.tsx';
import { size, t, tame, type PlainWordKey } from '../words/words.ts';
import { FileButton } from './file-button.tsx';
import { useTask } from './task.ts';

const refusals: Readonly<Record<'wrong-passphrase' | 'newer', PlainWordKey>> = {
  'wrong-passphrase': 'safety.importWrong',
  newer: 'safety.importNewer',
};

/**
 * Becomes who one was on another device. Only into a browser where nobody lives: two people cannot share one home. A
 * link that came along is looked at by whoever lives here afterwards.
 */
export function ImportForm({ onBack }: { readonly onBack: () => void }): VNode {
  const { api } = useApp();
  const [file, setFile] = useState<File | undefined>(undefined);
  const [passphrase, setPassphrase] = useState('');
  const [refused, setRefused] = useState<PlainWordKey | undefined>(undefined);
  const task = useTask();
  const bring = (from: File): void => {
    setRefused(undefined);
    task.run(async () => {
      const outcome = await api.importHome(from, passphrase);
      if (outcome !== 'imported') setRefused(refusals[outcome]);
    });
  };
  return (
    <form
      class="welcome-card"
      onSubmit={(event) => {
        event.preventDefault();
        if (file !== undefined && passphrase !== '') bring(file);
      }}
    >
      <h1>{t('safety.importTitle')}</h1>
      <p>{t('safety.importWhat')}</p>
      <FileButton label={t('safety.importChoose')} onFile={setFile} />
      {file !== undefined && (
        <p class="note chosen-file">
          <bdi>{tame(file.name)}</bdi> · {size(file.size)}
        </p>
      )}
      <Field
        label={t('safety.passphrase')}
        type="password"
        value={passphrase}
        onInput={setPassphrase}
        autocomplete="current-password"
        error={errorOf(refused, task.trouble)}
      />
      <div class="stack">
        <Button
          kind="primary"
          type="submit"
          busy={task.busy}
          disabled={file === undefined || passphrase === ''}
        >
          {t('safety.importDo')}
        </Button>
        <Button kind="quiet" onClick={onBack}>
          {t('common.back')}
        </Button>
      </div>
    </form>
  );
}

function errorOf(refused: PlainWordKey | undefined, trouble: string | undefined): string | undefined {
  if (refused !== undefined) return t(refused);
  return trouble === undefined ? undefined : t('safety.importNone');
}
