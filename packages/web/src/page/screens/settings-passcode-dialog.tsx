import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Field } from '../parts/field.tsx';
import { t, type PlainWordKey } from '../words/words.ts';
import { useTask } from './task.ts';

export type PasscodeChange = 'set' | 'change' | 'remove';

/** UTF-16 units. A guess costs a thief a quarter of a second; shorter ones are tried through in an afternoon. */
const shortestPasscode = 6;

const titles: Readonly<Record<PasscodeChange, PlainWordKey>> = {
  set: 'safety.passcodeSet',
  change: 'safety.passcodeChange',
  remove: 'safety.passcodeRemove',
};

const done: Readonly<Record<PasscodeChange, PlainWordKey>> = {
  set: 'safety.passcodeIsSet',
  change: 'safety.passcodeIsChanged',
  remove: 'safety.passcodeIsRemoved',
};

export interface PasscodeDialogProps {
  readonly change: PasscodeChange;
  readonly onClose: () => void;
}

export function PasscodeDialog({ change, onClose }: PasscodeDialogProps): VNode {
  const { api, announcer } = useApp();
  const [old, setOld] = useState('');
  const [fresh, setFresh] = useState('');
  const [again, setAgain] = useState('');
  const [trouble, setTrouble] = useState<PlainWordKey | undefined>(undefined);
  const task = useTask();
  const submit = (): void => {
    const found = change === 'remove' ? undefined : freshTrouble(fresh, again);
    setTrouble(found);
    if (found !== undefined) return;
    task.run(async () => {
      const agreed = await api.setPasscode({
        ...(change !== 'set' && { old }),
        ...(change !== 'remove' && { fresh }),
      });
      if (!agreed) return setTrouble('safety.wrongPasscode');
      announcer.show({ text: t(done[change]) });
      onClose();
    });
  };
  return (
    <Dialog
      title={t(titles[change])}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button kind={change === 'remove' ? 'danger' : 'primary'} busy={task.busy} onClick={submit}>
            {t(change === 'remove' ? 'common.remove' : 'common.save')}
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
        <p>{t(change === 'remove' ? 'safety.passcodeRemoveWhat' : 'safety.passcodeWhat')}</p>
        {change !== 'set' && (
          <Field
            label={t('safety.passcodeOld')}
            type="password"
            value={old}
            onInput={setOld}
            autofocus
            autocomplete="current-password"
            error={trouble === 'safety.wrongPasscode' ? t(trouble) : undefined}
          />
        )}
        {change !== 'remove' && (
          <>
            <Field
              label={t('safety.passcodeNew')}
              type="password"
              value={fresh}
              onInput={setFresh}
              autofocus={change === 'set'}
              autocomplete="new-password"
              hint={t('safety.passcodeHint')}
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
          </>
        )}
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

/** @returns what is wrong with a new secret that was written twice */
export function freshTrouble(fresh: string, again: string): PlainWordKey | undefined {
  if (fresh.length < shortestPasscode) return 'safety.tooShort';
  return fresh === again ? undefined : 'safety.notTheSame';
}
