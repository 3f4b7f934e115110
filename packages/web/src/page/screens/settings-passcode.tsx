import { Lock } from 'lucide';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { HomeState } from '../../engine/app-api.ts';
import { useApp } from '../context.ts';
import { Button } from '../parts/button.tsx';
import { t } from '../words/words.ts';
import { PasscodeDialog, type PasscodeChange } from './settings-passcode-dialog.tsx';
import { Section } from './pieces.tsx';
import { useTask } from './task.ts';

/** 0: never by itself */
const lockChoices: readonly number[] = [1, 5, 15, 60, 0];

export interface SettingsPasscodeProps {
  readonly home: Extract<HomeState, { readonly kind: 'open' }>;
  readonly arrive: boolean;
}

/** What protects this home from whoever holds the device. */
export function SettingsPasscode({ home, arrive }: SettingsPasscodeProps): VNode {
  const { api } = useApp();
  const [change, setChange] = useState<PasscodeChange | undefined>(undefined);
  const task = useTask();
  const choices = lockChoices.includes(home.lockAfterMinutes)
    ? lockChoices
    : [home.lockAfterMinutes, ...lockChoices];
  return (
    <Section
      title={t('safety.passcode')}
      note={t(home.passcode ? 'safety.passcodeOn' : 'safety.passcodeOff')}
      arrive={arrive}
    >
      {home.passcode && (
        <div class="field">
          <label for="lock-after">{t('safety.lockAfter')}</label>
          <select
            id="lock-after"
            class="input"
            value={String(home.lockAfterMinutes)}
            onChange={(event) => {
              const minutes = Number(event.currentTarget.value);
              task.run(() => api.setLockAfter(minutes));
            }}
          >
            {choices.map((minutes) => (
              <option key={minutes} value={String(minutes)}>
                {minutes === 0 ? t('safety.lockNever') : t('safety.minutes', { count: minutes })}
              </option>
            ))}
          </select>
        </div>
      )}
      <div class="actions">
        {home.passcode ? (
          <>
            <Button icon={Lock} onClick={() => task.run(() => api.lock())}>
              {t('safety.lockNow')}
            </Button>
            <Button onClick={() => setChange('change')}>{t('safety.passcodeChange')}</Button>
            <Button kind="danger" onClick={() => setChange('remove')}>
              {t('safety.passcodeRemove')}
            </Button>
          </>
        ) : (
          <Button onClick={() => setChange('set')}>{t('safety.passcodeSet')}</Button>
        )}
      </div>
      {task.trouble !== undefined && (
        <p class="note error" role="alert">
          {t('safety.failed')}
        </p>
      )}
      {change !== undefined && <PasscodeDialog change={change} onClose={() => setChange(undefined)} />}
    </Section>
  );
}
