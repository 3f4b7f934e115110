import type { ReadonlySignal } from '@preact/signals';
import { Bird } from 'lucide';
import { Component, render, type ComponentChildren, type VNode } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { AppApi } from '../engine/app-api.ts';
import { arriving, ShellLeft, useLinks } from './arrival.tsx';
import { AppContext, useApp, type App } from './context.ts';
import { useFrame } from './frame.ts';
import { ConversationList } from './list/conversation-list.tsx';
import { openShortcuts } from './shortcuts.ts';
import { openNavigation, type Route } from './navigation.ts';
import { followNews } from './news.ts';
import { Announcements, openAnnouncer } from './parts/announcer.tsx';
import { Button } from './parts/button.tsx';
import { later, lazy } from './parts/lazy.tsx';
import { EmptyState, Spinner } from './parts/pieces.tsx';
import { ConnectionBanner } from './screens/connection-banner.tsx';
import { watchState } from './state.ts';
import { t } from './words/words.ts';

const Onboarding = lazy(async () => arriving((await import('./screens/onboarding.tsx')).OnboardingScreen));
const Locked = later(async () => arriving((await import('./screens/onboarding-locked.tsx')).LockedScreen));
const Trouble = later(async () => arriving((await import('./engine-trouble.tsx')).EngineTrouble));
const Conversation = lazy(async () => (await import('./conversation/conversation.tsx')).Conversation);
const Invite = later(async () => (await import('./screens/invite.tsx')).InviteScreen);
const Link = later(async () => (await import('./screens/link.tsx')).LinkScreen);
const Contact = later(async () => (await import('./screens/contact.tsx')).ContactScreen);
const Settings = later(async () => (await import('./screens/settings.tsx')).SettingsScreen);
const ShortcutsDialog = later(async () => (await import('./shortcuts-dialog.tsx')).ShortcutsDialog);
const Connection = later(async () => (await import('./screens/connection.tsx')).ConnectionScreen);

/**
 * Shows the app within an element until the signal ends it.
 * @param engine `trouble`: a code, once the engine cannot run in this tab
 */
export function startPage(
  root: HTMLElement,
  engine: { readonly api: AppApi; readonly trouble?: ReadonlySignal<string | undefined> },
  ending: AbortSignal,
): void {
  const { api } = engine;
  const app: App = {
    api,
    state: watchState(api, ending),
    nav: openNavigation(window, ending),
    announcer: openAnnouncer(),
    shortcuts: openShortcuts(),
    news: followNews(window, ending),
    places: new Map(),
  };
  render(
    <AppContext.Provider value={app}>
      <Mishaps>
        <Page trouble={engine.trouble} />
      </Mishaps>
      <Announcements announcer={app.announcer} />
    </AppContext.Provider>,
    root,
  );
  ending.addEventListener('abort', () => render(null, root));
}

function Page({ trouble }: { readonly trouble: ReadonlySignal<string | undefined> | undefined }): VNode {
  const { state, announcer } = useApp();
  const [settling, setSettling] = useState(false);
  const home = state.home.value;
  const code = trouble?.value ?? state.broken.value;
  // what was said may name somebody
  useEffect(() => {
    if (home?.kind === 'locked') announcer.clear();
  }, [home?.kind]);
  if (code !== undefined) return <Trouble code={code} />;
  if (home === undefined) return <Spinner label={t('common.waiting')} />;
  if (home.kind === 'new' || settling) return <Onboarding onSettling={setSettling} />;
  if (home.kind === 'locked') return <Locked />;
  return <Frame />;
}

/** The list and what is open beside it; on a phone one of the two. */
function Frame(): VNode {
  const app = useApp();
  const route = app.nav.route.value;
  useFrame(app);
  useLinks(app);
  // what the list shows depends on its own signals only, so it is not drawn again when the place changes
  const list = useMemo(() => <ConversationList />, []);
  return (
    <main class="frame" data-at={route.kind === 'list' ? 'list' : 'beside'}>
      <ShellLeft />
      <ConnectionBanner />
      <nav class="beside-list" aria-label={t('list.conversations')}>
        {list}
      </nav>
      <div class="place" id="place">
        <Place route={route} />
      </div>
      {app.shortcuts.shown.value && <ShortcutsDialog />}
    </main>
  );
}

function Place({ route }: { readonly route: Route }): VNode {
  switch (route.kind) {
    case 'list':
      return (
        <EmptyState icon={Bird} title={t('list.choose')}>
          <p>{t('list.chooseMore')}</p>
        </EmptyState>
      );
    case 'conversation':
      return <Conversation key={route.id} id={route.id} at={route.at} />;
    case 'contact':
      return <Contact key={route.person} person={route.person} />;
    case 'invite':
      return <Invite />;
    case 'link':
      return <Link text={route.text} />;
    case 'settings':
      return <Settings section={route.section} />;
    case 'connection':
      return <Connection />;
  }
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
