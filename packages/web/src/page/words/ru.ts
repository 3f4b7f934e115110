/** What the first screen says in Russian. */
import { commonRu } from './parts/common.ru.ts';
import { composerRu } from './parts/composer.ru.ts';
import { conversationRu } from './parts/conversation.ru.ts';
import { earlyRu } from './parts/early.ru.ts';
import { listRu } from './parts/list.ru.ts';
import { onboardingRu } from './parts/onboarding.ru.ts';
import { statusRu } from './parts/status.ru.ts';

export const ru: typeof commonRu &
  typeof composerRu &
  typeof conversationRu &
  typeof earlyRu &
  typeof listRu &
  typeof onboardingRu &
  typeof statusRu = {
  ...commonRu,
  ...composerRu,
  ...conversationRu,
  ...earlyRu,
  ...listRu,
  ...onboardingRu,
  ...statusRu,
};
