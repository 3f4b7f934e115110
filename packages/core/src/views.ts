import type { ConversationId, MessageId, PersonId, RelayId } from '@tern/protocol';
import type { GapView, MessageStatus, MessageView } from './client.ts';
import type { Notice } from './conversation.ts';

/** What a person decided about a conversation; none of it is told to anybody. */
export interface ConversationFlags {
  readonly pinned: boolean;
  readonly muted: boolean;
  readonly archived: boolean;
  readonly markedUnread: boolean;
}

/** The last thing said, as a list shows it. */
export interface LastMessage {
  readonly id: MessageId;
  readonly fromMe: boolean;
  readonly from: PersonId;
  /** by the sender's clock; milliseconds since 1970 */
  readonly at: number;
  readonly kind: 'text' | 'picture' | 'file' | 'deleted' | 'newer';
  /** the first 160 characters of a text or caption; a file's name where it has no caption */
  readonly text: string;
  /** of an own message */
  readonly status: MessageStatus;
}

/** One line of the conversation list. */
export interface ConversationSummary {
  readonly id: ConversationId;
  readonly kind: 'pair' | 'group';
  readonly people: readonly PersonId[];
  /** what this home calls the other person; in a group their names in a row */
  readonly name: string;
  /** `waiting`: the other side has not answered yet */
  readonly state: 'waiting' | 'connected';
  /** somebody used an invitation of ours, and nobody here has said yes yet */
  readonly request: boolean;
  readonly verified: boolean;
  readonly blocked: boolean;
  readonly last?: LastMessage;
  readonly unread: number;
  /** own messages that will not leave by themselves */
  readonly failed: number;
  readonly draft: string;
  readonly flags: ConversationFlags;
  /** when something last happened here; milliseconds since 1970 */
  readonly at: number;
}

/** A change of trust, of members, or a recovery; stands among the messages where it happened. */
export interface NoticeView {
  readonly kind: 'notice';
  readonly key: string;
  readonly at: number;
  readonly notice: Notice['kind'];
  readonly person?: PersonId;
}

/** `key` is stable and unique within a conversation. */
export type WindowLine =
  | (MessageView & { readonly key: string })
  | (GapView & { readonly key: string })
  | NoticeView;

/** The end of a conversation, from some place on. */
export interface ConversationWindow {
  readonly conversation: ConversationId;
  /** oldest first, per sending device in the order of its numbers (rule 14) */
  readonly lines: readonly WindowLine[];
  /** the oldest position in it; ask for less to have more */
  readonly from: number;
  /** nothing is older */
  readonly whole: boolean;
  /** others' messages not read yet, in all of the conversation */
  readonly unread: number;
  /** the oldest of them, wherever it is */
  readonly firstUnread?: { readonly id: MessageId; readonly position: number };
}

export interface SearchHit {
  readonly conversation: ConversationId;
  readonly message: MessageId;
  readonly position: number;
  readonly from: PersonId;
  readonly fromMe: boolean;
  readonly at: number;
  /** the words around the place, at most 160 characters */
  readonly excerpt: string;
  /** where in the excerpt the words stand that were looked for, in UTF-16 units */
  readonly marks: readonly (readonly [from: number, to: number])[];
}

/** A file on its way. */
export interface TransferView {
  readonly message: MessageId;
  readonly direction: 'up' | 'down';
  /** bytes of the file */
  readonly done: number;
  readonly total: number;
}

/** How things stand with one relay. */
export interface ConnectionView {
  readonly relay?: RelayId;
  /** `https://host:port` */
  readonly origin: string;
  readonly state: 'connecting' | 'online' | 'waiting';
  /** what carried the last exchange: `https`, `websocket` */
  readonly transport?: string;
  /** of the last exchange that nobody held open */
  readonly latencyMs?: number;
  /** milliseconds since 1970 */
  readonly lastContactAt?: number;
  /** why the last try failed: a code of {@link Trouble} */
  readonly trouble?: string;
  /** milliseconds since 1970; while `waiting` */
  readonly nextTryAt?: number;
}
