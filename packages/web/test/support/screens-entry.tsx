/** The screens beside the conversations, in the app's own frame, over a home of memory. The test tells the scene before it loads. */
import { render, type VNode } from 'preact';
import { openShellDoor } from '../../src/shell/handover.ts';
import { writeLook } from '../../src/shell/look.ts';
import { AppContext, useApp, type App } from '../../src/page/context.ts';
import { useFrame } from '../../src/page/frame.ts';
import { openShortcuts } from '../../src/page/shortcuts.ts';
import { ListHead } from '../../src/page/list/list-head.tsx';
import { openNavigation, type Route } from '../../src/page/navigation.ts';
import { followNews } from '../../src/page/news.ts';
import { Announcements, openAnnouncer } from '../../src/page/parts/announcer.tsx';
import { later } from '../../src/page/parts/lazy.tsx';
import { followPreferences } from '../../src/page/preferences.ts';
import { ConnectionBanner } from '../../src/page/screens/connection-banner.tsx';
import { ConnectionScreen } from '../../src/page/screens/connection.tsx';
import { ContactScreen } from '../../src/page/screens/contact.tsx';
import { InviteScreen } from '../../src/page/screens/invite.tsx';
import { LinkScreen } from '../../src/page/screens/link.tsx';
import { HindranceScreen, type Hindrance } from '../../src/page/screens/onboarding-hindrance.tsx';
import { LockedScreen } from '../../src/page/screens/onboarding-locked.tsx';
import { OnboardingScreen } from '../../src/page/screens/onboarding.tsx';
import { SettingsScreen } from '../../src/page/screens/settings.tsx';
import { watchState } from '../../src/page/state.ts';
import { fakeHome, type Scene } from './screens-fake.ts';

interface Given extends Scene {
  readonly route?: Route;
  readonly hindrance?: Hindrance;
}

const Locked = later(() => Promise.resolve(LockedScreen));
const Place = later(() => Promise.resolve(OpenPlace));
const Hindered = later(() => Promise.resolve(HindranceScreen));

function OpenPlace({ route }: { readonly route: Route }): VNode | null {
  if (route.kind === 'invite') return <InviteScreen />;
  if (route.kind === 'link') return <LinkScreen text={route.text} />;
  if (route.kind === 'contact') return <ContactScreen person={route.person} />;
  if (route.kind === 'settings') return <SettingsScreen section={route.section} />;
  if (route.kind === 'connection') return <ConnectionScreen />;
  return <h1>{route.kind === 'conversation' ? `conversation ${route.id}` : 'list'}</h1>;
}

function Page({ hindrance }: { readonly hindrance: Hindrance | undefined }): VNode | null {
  const { state } = useApp();
  const home = state.home.value;
  if (hindrance !== undefined) return <Hindered kind={hindrance} code="E-17" />;
  if (home === undefined) return null;
  if (home.kind === 'new') return <OnboardingScreen />;
  return home.kind === 'locked' ? <Locked /> : <Frame />;
}

function Frame(): VNode {
  const app = useApp();
  const route = app.nav.route.value;
  useFrame(app);
  return (
    <div class="frame" data-at={route.kind === 'list' ? 'list' : 'beside'}>
      <ConnectionBanner />
      <nav class="beside-list" aria-label="list">
        <ListHead />
      </nav>
      <main class="place" id="place">
        <Place route={route} />
      </main>
    </div>
  );
}

async function start(given: Given): Promise<void> {
  const ending = new AbortController();
  const { signal } = ending;
  openShellDoor({
    version: '0.1.0 (3fk9Qv1x)',
    handover: () => ({
      ...(given.link !== undefined && { link: given.link }),
      ...(given.typed !== undefined && { name: given.typed }),
      submitted: given.submitted === true,
      typing: false,
      startedAt: 0,
    }),
    forgetLink: () => undefined,
    onLink: () => () => undefined,
    leave: () => undefined,
    stuck: () => Promise.resolve(),
    held: () => Promise.resolve(undefined),
    hold: () => undefined,
    loadAsset: () => Promise.reject(new Error('no assets here')),
    loadStyle: () => Promise.resolve(),
    keepAll: () => Promise.resolve(true),
    onUpdate(listener) {
      if (given.renewal === true) queueMicrotask(listener);
      return () => undefined;
    },
    lookForUpdate: () => Promise.resolve(false),
    remember: writeLook,
  });
  await followPreferences(signal);
  const { api, calls } = fakeHome(given);
  Reflect.set(globalThis, 'calls', calls);
  const app: App = {
    api,
    state: watchState(api, signal),
    nav: openNavigation(window, signal),
    announcer: openAnnouncer(),
    shortcuts: openShortcuts(),
    news: followNews(window, signal),
    places: new Map(),
  };
  if (given.route !== undefined) app.nav.go(given.route);
  const root = document.querySelector('#app');
  if (root === null) throw new Error('no place for the app');
  render(
    <AppContext.Provider value={app}>
      <Page hindrance={given.hindrance} />
      <Announcements announcer={app.announcer} />
    </AppContext.Provider>,
    root,
  );
}

void start((Reflect.get(globalThis, 'scene') ?? { home: 'new' }) as Given);
