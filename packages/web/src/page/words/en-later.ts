/** What is said after the first screen, in English. */
import { diagnosisEn } from '@tern/reach/diagnosis';
import { connectionEn } from './parts/connection.en.ts';
import { contactEn } from './parts/contact.en.ts';
import { inviteEn } from './parts/invite.en.ts';
import { linkEn } from './parts/link.en.ts';
import { safetyEn } from './parts/safety.en.ts';
import { settingsEn } from './parts/settings.en.ts';
import { viewerEn } from './parts/viewer.en.ts';

export const enLater: typeof connectionEn &
  typeof contactEn &
  typeof diagnosisEn &
  typeof inviteEn &
  typeof linkEn &
  typeof safetyEn &
  typeof settingsEn &
  typeof viewerEn = {
  ...connectionEn,
  ...contactEn,
  ...diagnosisEn,
  ...inviteEn,
  ...linkEn,
  ...safetyEn,
  ...settingsEn,
  ...viewerEn,
};
