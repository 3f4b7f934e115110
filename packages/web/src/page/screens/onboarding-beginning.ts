import type { LinkView } from '../../engine/app-api.ts';
import { forgetLink } from '../../shell/handover.ts';
import type { App } from '../context.ts';
import { t, type PlainWordKey } from '../words/words.ts';

/** UTF-8 bytes of a name, as the protocol limits it. */
const longestNameBytes = 80;

/** @returns why a name cannot be one, in words; undefined for a name */
export function nameTrouble(name: string): PlainWordKey | undefined {
  const trimmed = name.trim().normalize('NFC');
  if (trimmed === '') return 'onboarding.nameMissing';
  if (/\p{Cc}/u.test(trimmed)) return 'onboarding.nameUnusual';
  return new TextEncoder().encode(trimmed).length > longestNameBytes ? 'onboarding.nameTooLong' : undefined;
}

/** A relay that was begun with is asked this long before the person is told that it does not answer. */
const longestWaitMs = 60_000;

/**
 * Makes somebody of who came here, and takes them to what comes next: the conversation with who invited them, or inviting
 * somebody. A link that does not work just now is shown again where it can be tried again: the name is not lost for it.
 */
export async function beginHere(
  { api, nav, announcer }: Pick<App, 'api' | 'nav' | 'announcer'>,
  { name, link, view }: { readonly name: string; readonly link?: string; readonly view?: LinkView },
): Promise<void> {
  // from here on the link is ours: whoever lives here is shown an unknown one as soon as they do
  forgetLink();
  await api.begin(name.trim());
  askToStay();
  if (link === undefined || view === undefined || view.kind === 'none') return nav.go({ kind: 'invite' });
  try {
    if (view.kind === 'relay') {
      await api.addRelay(link, { signal: AbortSignal.timeout(longestWaitMs) });
      return nav.go({ kind: 'invite' });
    }
    const accepted = await api.accept(link);
    if (accepted.kind !== 'accepted' && accepted.kind !== 'known')
      return nav.go({ kind: 'link', text: link });
    const contact = (await api.contacts()).find(({ person }) => person === accepted.person);
    nav.go(contact === undefined ? { kind: 'list' } : { kind: 'conversation', id: contact.conversation });
  } catch {
    announcer.show({ text: t('onboarding.linkLater') });
    nav.go({ kind: 'link', text: link });
  }
}

/** Browsers that ask the person do it best right after they did something; those that decide alone decide better then. */
export function askToStay(): void {
  const { storage } = globalThis.navigator as { readonly storage?: StorageManager };
  // what it said is shown in the settings
  storage?.persist().catch(() => false);
}
