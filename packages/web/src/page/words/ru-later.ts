/** What is said after the first screen, in Russian. */
import { diagnosisRu } from '@tern/reach/diagnosis';
import { connectionRu } from './parts/connection.ru.ts';
import { contactRu } from './parts/contact.ru.ts';
import { inviteRu } from './parts/invite.ru.ts';
import { linkRu } from './parts/link.ru.ts';
import { safetyRu } from './parts/safety.ru.ts';
import { settingsRu } from './parts/settings.ru.ts';
import { viewerRu } from './parts/viewer.ru.ts';

export const ruLater: typeof connectionRu &
  typeof contactRu &
  typeof diagnosisRu &
  typeof inviteRu &
  typeof linkRu &
  typeof safetyRu &
  typeof settingsRu &
  typeof viewerRu = {
  ...connectionRu,
  ...contactRu,
  ...diagnosisRu,
  ...inviteRu,
  ...linkRu,
  ...safetyRu,
  ...settingsRu,
  ...viewerRu,
};
