import { Download } from 'lucide';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Field } from '../parts/field.tsx';
import { t, type PlainWordKey } from '../words/words.ts';
import { Section } from './pieces.tsx';
import { freshTrouble } from './settings-passcode-dialog.tsx';
import { useTask } from './task.ts';

/** A browser needs the address of a file a while longer than the click that saves it. */
const addressForMs = 60_000;

/** One file with all of a person, under a passphrase. */
export function SettingsExport({ arrive }: { readonly arrive: boolean }): VNode {
  const [exporting, setExporting] = useState(false);
  return (
    <Section title={t('safety.export')} note={t('safety.exportWhat')} arrive={arrive}>
      <div class="actions">
        <Button icon={Download} onClick={() => setExporting(true)}>
          {t('safety.exportDo')}
        </Button>
      </div>
      <p class="note">{t('safety.importWhere')}</p>
      {exporting && <ExportDialog onClose={() => setExporting(false)} />}
    </Section>
  );
}

function ExportDialog({ onClose }: { readonly onClose: () => void }): VNode {
  const { api, announcer } = useApp();
  const [passphrase, setPassphrase] = useState('');
  const [again, setAgain] = useState('');
  const [trouble, setTrouble] = useState<PlainWordKey | undefined>(undefined);
  const task = useTask();
  const submit = (): void => {
    const found = freshTrouble(passphrase, again);
    setTrouble(found);
    if (found !== undefined) return;
    task.run(async () => {
      save(await api.exportHome(passphrase), `tern-${new Date().toISOString().slice(0, 10)}.tern`);
      announcer.show({ text: t('safety.exported') });
      onClose();
    });
  };
  return (
    <Dialog
      title={t('safety.exportDo')}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button kind="primary" busy={task.busy} onClick={submit}>
            {t('common.save')}
          </Button>
        </>
      }
    >
      <form
        class="stack-form"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <p>{t('safety.exportWarning')}</p>
        <Field
          label={t('safety.passphrase')}
          type="password"
          value={passphrase}
          onInput={setPassphrase}
          autofocus
          autocomplete="new-password"
          hint={t('safety.passphraseHint')}
          error={trouble === 'safety.tooShort' ? t(trouble) : undefined}
        />
        <Field
          label={t('safety.again')}
          type="password"
          value={again}
          onInput={setAgain}
          autocomplete="new-password"
          error={trouble === 'safety.notTheSame' ? t(trouble) : undefined}
        />
        {task.trouble !== undefined && (
          <p class="note error" role="alert">
            {t('safety.failed')}
          </p>
        )}
        <button type="submit" class="for-readers" tabIndex={-1} aria-hidden="true" />
      </form>
    </Dialog>
  );
}

function save(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), addressForMs);
}
