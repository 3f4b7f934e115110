import type { MessageView } from '@tern/core';
import type { Talk } from './talk.ts';

/** Keys on a message that has the focus. Those of the list around it (arrows) are in `message-list-keys.ts`. */
export function onMessageKey(
  event: KeyboardEvent & { readonly currentTarget: HTMLElement },
  message: MessageView,
  talk: Talk,
): void {
  if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
  // by the place of the key, so that the letters work in every keyboard layout
  const act = acts.get(event.code);
  if (act === undefined) return;
  const { left, bottom } = event.currentTarget.getBoundingClientRect();
  const at = { x: left + 24, y: Math.min(bottom, innerHeight - 200) };
  event.preventDefault();
  event.stopPropagation();
  if (act === 'menu' || message.deleted) talk.openMenu(message, at);
  else if (act === 'reply') talk.setAim({ kind: 'reply', to: message });
  else if (act === 'edit' && message.fromMe && message.text !== undefined)
    talk.setAim({ kind: 'edit', message });
  else if (act === 'copy') talk.copy(message);
  else if (act === 'react' || act === 'forward' || act === 'delete') talk.openDialog({ kind: act, message });
}

type Act = 'menu' | 'reply' | 'edit' | 'copy' | 'react' | 'forward' | 'delete';

const acts: ReadonlyMap<string, Act> = new Map([
  ['Enter', 'menu'],
  ['Space', 'menu'],
  ['NumpadEnter', 'menu'],
  ['Delete', 'delete'],
  ['Backspace', 'delete'],
  ['KeyR', 'reply'],
  ['KeyE', 'edit'],
  ['KeyC', 'copy'],
  ['KeyX', 'react'],
  ['KeyF', 'forward'],
]);
