import { createContext, type Context } from 'preact';
import type { ReadonlySignal } from '@preact/signals';
import { useContext } from 'preact/hooks';
import type { ConversationSummary, MessageView } from '@tern/core';
import type { MessageId, PersonId } from '@tern/protocol';
import type { Spot } from '../parts/spot.ts';
import type { PictureShelf } from './picture-shelf.ts';

/** What the composer is about, beside a new message. */
export type Aim =
  | { readonly kind: 'new' }
  | { readonly kind: 'reply'; readonly to: MessageView }
  /** `words`: what it is to say, where that is written already */
  | { readonly kind: 'edit'; readonly message: MessageView; readonly words?: string };

/** A dialog about one message; its code comes when it is first asked for. */
export interface MessageDialog {
  readonly kind: 'forward' | 'delete' | 'details' | 'react';
  readonly message: MessageView;
}

/** What the pieces of an open conversation share. */
export interface Talk {
  readonly summary: ReadonlySignal<ConversationSummary | undefined>;
  readonly me: PersonId;
  readonly aim: ReadonlySignal<Aim>;
  /** pictures that are here; its code comes with the first of them */
  readonly shelf: { current?: PictureShelf };
  /** aborts when the conversation is left */
  readonly ending: AbortSignal;
  /** the message that was jumped to, for as long as it stands out */
  readonly flashed: ReadonlySignal<MessageId | undefined>;
  nameOf(person: PersonId): string;
  messageOf(id: MessageId): MessageView | undefined;
  setAim(aim: Aim): void;
  jump(id: MessageId): void;
  copy(message: MessageView): void;
  /** takes back what has not left */
  cancel(message: MessageView): void;
  openMenu(message: MessageView, at: Spot): void;
  openDialog(dialog: MessageDialog): void;
  openViewer(id: MessageId): void;
  /** does it, and says so where it failed */
  attempt(action: () => Promise<unknown>): void;
}

export const TalkContext: Context<Talk | undefined> = createContext<Talk | undefined>(undefined);

export function useTalk(): Talk {
  const talk = useContext(TalkContext);
  if (talk === undefined) throw new TypeError('outside of a conversation');
  return talk;
}
