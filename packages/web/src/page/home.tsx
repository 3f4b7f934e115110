import { Bird } from 'lucide';
import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import { ShellLeft, useLinks } from './arrival.tsx';
import { useApp } from './context.ts';
import { useFrame } from './frame.ts';
import { ConversationList } from './list/conversation-list.tsx';
import type { Route } from './navigation.ts';
import { later, lazy } from './parts/lazy.tsx';
import { EmptyState } from './parts/pieces.tsx';
import { ConnectionBanner } from './screens/connection-banner.tsx';
import { t } from './words/words.ts';

const Conversation = lazy(async () => (await import('./conversation/conversation.tsx')).Conversation);
const Invite = later(async () => (await import('./screens/invite.tsx')).InviteScreen);
const Link = later(async () => (await import('./screens/link.tsx')).LinkScreen);
const Contact = later(async () => (await import('./screens/contact.tsx')).ContactScreen);
const Settings = later(async () => (await import('./screens/settings.tsx')).SettingsScreen);
const ShortcutsDialog = later(async () => (await import('./shortcuts-dialog.tsx')).ShortcutsDialog);
const Connection = later(async () => (await import('./screens/connection.tsx')).ConnectionScreen);

/** Where somebody is who lives here: the list and what is open beside it; on a phone one of the two. */
export function Home(): VNode {
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
