/** What the first screen says in English. */
import { commonEn } from './parts/common.en.ts';
import { composerEn } from './parts/composer.en.ts';
import { conversationEn } from './parts/conversation.en.ts';
import { earlyEn } from './parts/early.en.ts';
import { listEn } from './parts/list.en.ts';
import { onboardingEn } from './parts/onboarding.en.ts';
import { statusEn } from './parts/status.en.ts';

export const en: typeof commonEn &
  typeof composerEn &
  typeof conversationEn &
  typeof earlyEn &
  typeof listEn &
  typeof onboardingEn &
  typeof statusEn = {
  ...commonEn,
  ...composerEn,
  ...conversationEn,
  ...earlyEn,
  ...listEn,
  ...onboardingEn,
  ...statusEn,
};
