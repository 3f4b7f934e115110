import { createContext, type Context } from 'preact';
import { useContext } from 'preact/hooks';
import type { ConversationId } from '@tern/protocol';
import type { AppApi } from '../engine/app-api.ts';
import type { Target } from './conversation/message-list.tsx';
import type { Shortcuts } from './shortcuts.ts';
import type { Navigation } from './navigation.ts';
import type { News } from './news.ts';
import type { Announcer } from './parts/announcer.tsx';
import type { PageState } from './state.ts';

/** What a screen reaches for. */
export interface App {
  readonly api: AppApi;
  readonly state: PageState;
  readonly nav: Navigation;
  readonly announcer: Announcer;
  readonly shortcuts: Shortcuts;
  readonly news: News;
  /** where in each conversation a person was, until the page is closed */
  readonly places: Map<ConversationId, Target>;
}

export const AppContext: Context<App | undefined> = createContext<App | undefined>(undefined);

export function useApp(): App {
  const app = useContext(AppContext);
  if (app === undefined) throw new TypeError('outside of the app');
  return app;
}
