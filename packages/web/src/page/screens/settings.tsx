import type { VNode } from 'preact';
import { useApp } from '../context.ts';
import { Avatar } from '../parts/avatar.tsx';
import { ScreenHead } from '../parts/pieces.tsx';
import { t, tame } from '../words/words.ts';
import { SafetyNumber, Section } from './pieces.tsx';
import { SettingsAbout } from './settings-about.tsx';
import { SettingsExport } from './settings-export.tsx';
import { SettingsLook } from './settings-look.tsx';
import { SettingsPasscode } from './settings-passcode.tsx';
import { SettingsRelays } from './settings-relays.tsx';
import { SettingsStorage } from './settings-storage.tsx';
import { SettingsEnd } from './settings-end.tsx';

/** Everything about oneself and this device. @param section to begin at: `relays`, `storage`, `passcode`, `export`, `look`, `about` */
export function SettingsScreen({ section }: { readonly section?: string | undefined }): VNode | null {
  const { state } = useApp();
  const home = state.home.value;
  if (home?.kind !== 'open') return null;
  const { me } = home;
  return (
    <div class="screen">
      <ScreenHead title={t('settings.title')} />
      <div class="screen-body">
        <div class="screen-column">
          <Section title={t('settings.profile')}>
            <div class="profile">
              <Avatar id={me.person} name={me.name} size="large" />
              <div>
                <p class="contact-name" dir="auto">
                  {tame(me.name)}
                </p>
                <p class="note">{t('settings.profileWhat')}</p>
              </div>
            </div>
            <SafetyNumber digits={me.safetyNumber} label={t('settings.myNumber')} />
            <p class="note">{t('settings.myNumberWhat')}</p>
          </Section>
          <SettingsLook arrive={section === 'look'} />
          <SettingsRelays arrive={section === 'relays'} />
          <SettingsPasscode arrive={section === 'passcode'} home={home} />
          <SettingsStorage arrive={section === 'storage'} />
          <SettingsExport arrive={section === 'export'} />
          <Section title={t('settings.devices')}>
            <p>{t('settings.thisDevice')}</p>
            <p class="note">
              {t('settings.deviceId')} <code>{me.device.slice(0, 8)}</code>
            </p>
          </Section>
          <SettingsAbout arrive={section === 'about'} />
          <SettingsEnd />
        </div>
      </div>
    </div>
  );
}
