import { Lock } from 'lucide';
import type { VNode } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import { Button } from '../parts/button.tsx';
import { Field } from '../parts/field.tsx';
import { Icon } from '../parts/icon.tsx';
import { t } from '../words/words.ts';
import { WipeDialog } from './settings-wipe.tsx';
import { useTask } from './task.ts';

/** Somebody lives here, behind a passcode. */
export function LockedScreen(): VNode {
  const { api } = useApp();
  const [passcode, setPasscode] = useState('');
  const [wrong, setWrong] = useState(false);
  const [forgotten, setForgotten] = useState(false);
  const [wiping, setWiping] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const task = useTask();
  // with the screen and not a moment after it, or the first keys would go astray
  useLayoutEffect(() => field.current?.focus(), []);
  const unlock = (): void =>
    task.run(async () => {
      if (await api.unlock(passcode)) return;
      setWrong(true);
      setPasscode('');
      field.current?.focus();
    });
  return (
    <main class="welcome">
      <form
        class="welcome-card"
        onSubmit={(event) => {
          event.preventDefault();
          if (passcode !== '') unlock();
        }}
      >
        <Icon node={Lock} class="welcome-icon" />
        <h1>{t('safety.locked')}</h1>
        <Field
          label={t('safety.passcode')}
          type="password"
          value={passcode}
          onInput={(value) => {
            setPasscode(value);
            if (value !== '') setWrong(false);
          }}
          autocomplete="current-password"
          inputRef={field}
          error={wrong ? t('safety.wrongPasscode') : task.trouble && t('safety.failed')}
        />
        <div class="stack">
          <Button kind="primary" type="submit" busy={task.busy}>
            {t('safety.unlock')}
          </Button>
          {!forgotten && (
            <Button kind="quiet" onClick={() => setForgotten(true)}>
              {t('safety.forgotten')}
            </Button>
          )}
        </div>
        {forgotten && (
          <div class="stack" role="status">
            <p class="note">{t('safety.forgottenWhat')}</p>
            <Button kind="danger" onClick={() => setWiping(true)}>
              {t('safety.wipe')}
            </Button>
          </div>
        )}
      </form>
      {wiping && <WipeDialog onClose={() => setWiping(false)} />}
    </main>
  );
}
