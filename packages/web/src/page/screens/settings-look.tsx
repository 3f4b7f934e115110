import type { VNode } from 'preact';
import { prefer, preferences, type Preferences } from '../preferences.ts';
import { locales, t, type Locale } from '../words/words.ts';
import { Choice, Section } from './pieces.tsx';

/** Each in itself, so that whoever reads it finds it. */
const languageNames: Readonly<Record<Locale, string>> = { en: 'English', ru: 'Русский' };

export function SettingsLook({ arrive }: { readonly arrive: boolean }): VNode {
  const { language, theme, lowData } = preferences.value;
  return (
    <Section title={t('settings.look')} arrive={arrive}>
      <Choice<Preferences['language']>
        label={t('settings.language')}
        value={language}
        options={[
          { value: 'system', label: t('settings.system') },
          ...locales.map((value) => ({ value, label: languageNames[value] })),
        ]}
        onChoose={(value) => void prefer('language', value)}
      />
      <Choice<Preferences['theme']>
        label={t('settings.theme')}
        value={theme}
        options={[
          { value: 'system', label: t('settings.system') },
          { value: 'light', label: t('settings.light') },
          { value: 'dark', label: t('settings.dark') },
        ]}
        onChoose={(value) => void prefer('theme', value)}
      />
      <Choice<Preferences['lowData']>
        label={t('settings.lowData')}
        value={lowData}
        options={[
          { value: 'auto', label: t('settings.lowDataAuto') },
          { value: 'on', label: t('settings.lowDataOn') },
          { value: 'off', label: t('settings.lowDataOff') },
        ]}
        onChoose={(value) => void prefer('lowData', value)}
      />
      <p class="note">{t('settings.lowDataWhat')}</p>
    </Section>
  );
}
