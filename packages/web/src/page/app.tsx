import { computed, signal, type ReadonlySignal } from '@preact/signals';
import { Bird } from 'lucide';
import { Component, render, type ComponentChildren, type FunctionComponent, type VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { AppApi } from '../engine/app-api.ts';
import { loadStyle } from '../shell/handover.ts';
import { isHome } from '../shell/look.ts';
import { arriving } from './arrival.tsx';
import { AppContext, useApp, type App } from './context.ts';
import { carryOver } from './early/carry-over.ts';
import type { EarlyTalk } from './early/early-talk.ts';
import { openShortcuts } from './shortcuts.ts';
import { openNavigation } from './navigation.ts';
import { followNews } from './news.ts';
import { Announcements, openAnnouncer } from './parts/announcer.tsx';
import { Button } from './parts/button.tsx';
import { later, lazy } from './parts/lazy.tsx';
import { EmptyState, Spinner } from './parts/pieces.tsx';
import { watchState } from './state.ts';
import { t } from './words/words.ts';

const Onboarding = lazy(async () => arriving((await import('./screens/onboarding.tsx')).OnboardingScreen));
const Locked = later(async () => arriving((await import('./screens/onboarding-locked.tsx')).LockedScreen));
const bringHome = async (): Promise<FunctionComponent> =>
  (await Promise.all([import('./home.tsx'), loadStyle('main')]))[0].Home;
const Home = lazy(bringHome);
const bringConversation = (): Promise<unknown> =>
  Promise.all([bringHome(), import('./conversation/conversation.tsx')]);
const Trouble = later(async () => arriving((await import('./engine-trouble.tsx')).EngineTrouble));

/**
 * Shows the app within an element until the signal ends it.
 * @param engine `trouble`: a code, once the engine cannot run in this tab. `early`: what somebody says who does not wait for it
 */
export function startPage(
  root: HTMLElement,
  engine: {
    readonly api: AppApi;
    readonly trouble?: ReadonlySignal<string | undefined>;
    readonly early?: EarlyTalk | undefined;
  },
  ending: AbortSignal,
): void {
  const { api, early, trouble = signal(undefined) } = engine;
  const app: App = {
    api,
    state: watchState(api, ending),
    nav: openNavigation(window, ending),
    announcer: openAnnouncer(),
    shortcuts: openShortcuts(),
    news: followNews(window, ending),
    places: new Map(),
  };
  // whoever lives here need not wait for the engine to say so
  if (isHome()) bringHome().catch(() => undefined);
  const carried = signal(false);
  // somebody talks early, and the app has not caught up with them yet
  const isEarly = computed(() => early?.name.value !== undefined && !carried.value);
  if (early !== undefined) {
    const showScreens = (): void => {
      carried.value = true;
    };
    carryOver(app, { early, trouble, showScreens, bringScreens: bringConversation }, ending).catch(
      (error: unknown) => {
        if (!ending.aborted) reportError(error);
      },
    );
  }
  render(
    <AppContext.Provider value={app}>
      <Mishaps>
        <Page trouble={trouble} early={isEarly} />
      </Mishaps>
      <Announcements announcer={app.announcer} />
    </AppContext.Provider>,
    root,
  );
  ending.addEventListener('abort', () => render(null, root));
}

/** @param props `early`: an early conversation stands in the place of everything but a passcode */
function Page(props: {
  readonly trouble: ReadonlySignal<string | undefined>;
  readonly early: ReadonlySignal<boolean>;
}): VNode | null {
  const { state, announcer } = useApp();
  const [settling, setSettling] = useState(false);
  const home = state.home.value;
  const code = props.trouble.value ?? state.broken.value;
  const isEarly = props.early.value;
  // what was said may name somebody
  useEffect(() => {
    if (home?.kind === 'locked') announcer.clear();
  }, [home?.kind]);
  useEffect(() => {
    // while a name is written there is time to bring what comes after it; where that fails it is asked for again
    if (home?.kind === 'new' && !isEarly) bringHome().catch(() => undefined);
  }, [home?.kind, isEarly]);
  if (code !== undefined) return <Trouble code={code} />;
  if (home === undefined) return <Spinner label={t('common.waiting')} />;
  if (isEarly && home.kind !== 'locked') return null;
  if (home.kind === 'new' || settling) return <Onboarding onSettling={setSettling} />;
  if (home.kind === 'locked') return <Locked />;
  return <Home />;
}

function Broken(): VNode {
  // an error is said where a person looks, and the way on has the focus
  useEffect(() => document.querySelector<HTMLElement>('.mishap button')?.focus(), []);
  return (
    <main class="mishap">
      <EmptyState icon={Bird} title={t('list.broken')}>
        <p>{t('list.brokenMore')}</p>
        <Button kind="primary" onClick={() => location.reload()}>
          {t('list.reload')}
        </Button>
      </EmptyState>
    </main>
  );
}

/** A mistake of ours in drawing a screen leaves a next step, not an empty page. */
class Mishaps extends Component<{ readonly children: ComponentChildren }, { readonly failed: boolean }> {
  override readonly state = { failed: false };

  static override getDerivedStateFromError(): { readonly failed: boolean } {
    return { failed: true };
  }

  /** told as any mistake that nobody caught */
  override componentDidCatch(error: unknown): void {
    reportError(error);
  }

  override render(): ComponentChildren {
    return this.state.failed ? <Broken /> : this.props.children;
  }
}
