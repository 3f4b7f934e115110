import type {
  ConversationId,
  DeviceId,
  InvitationId,
  MessageId,
  PersonId,
  RelayId,
  RelayLink,
} from '@tern/protocol';
import type { Connecting } from './client-connecting.ts';
import type { Conversing } from './client-conversing.ts';
import type { Notice } from './conversation.ts';

/** Who this home is. */
export interface Me {
  readonly name: string;
  readonly person: PersonId;
  readonly device: DeviceId;
  /** thirty digits to recognise oneself by */
  readonly safetyNumber: string;
}

export interface RelayView {
  /** absent until a relay that was named without its id has answered */
  readonly id?: RelayId;
  /** `https://host:port` */
  readonly origin: string;
  readonly canStore: boolean;
  /** milliseconds since 1970 */
  readonly addedAt: number;
}

export interface InvitationView {
  readonly id: InvitationId;
  readonly link: string;
  readonly uses: number;
  readonly used: number;
  /** milliseconds since 1970 */
  readonly notAfter: number;
  readonly state: 'open' | 'used' | 'expired' | 'revoked';
}

/** What became of a link that somebody pasted. */
export type Accepted =
  | { readonly kind: 'accepted'; readonly person: PersonId; readonly name: string }
  /** already in touch; nothing was sent */
  | { readonly kind: 'known'; readonly person: PersonId; readonly name: string }
  | { readonly kind: 'own' }
  | { readonly kind: 'expired' };

export interface ContactView {
  readonly person: PersonId;
  /** what this home calls them */
  readonly name: string;
  /** what they call themselves */
  readonly ownName: string;
  readonly verified: boolean;
  readonly blocked: boolean;
  /** sixty digits, the same on both sides */
  readonly safetyNumber: string;
  /** `waiting`: the other side has not answered yet */
  readonly state: 'waiting' | 'connected';
  readonly conversation: ConversationId;
}

export interface ConversationView {
  readonly id: ConversationId;
  /** everybody else in it */
  readonly people: readonly PersonId[];
  readonly kind: 'pair' | 'group';
}

/**
 * Where an own message is. Each state includes those before it. `nearby`: another relay keeps it for the one it belongs on, which cannot be
 * reached; `stored`: that one has it.
 */
export type MessageStatus = 'queued' | 'nearby' | 'stored' | 'delivered' | 'read' | 'failed';

/** A message as it is shown: edited and deleted as its author wants, with what it answers. */
export interface MessageView {
  readonly kind: 'message';
  readonly id: MessageId;
  readonly conversation: ConversationId;
  readonly from: PersonId;
  readonly device: DeviceId;
  readonly fromMe: boolean;
  /** the running number of its device; 0 for an own message that is not sealed yet */
  readonly number: number;
  /** place in this home's list; grows as messages arrive */
  readonly position: number;
  /** by the sender's clock, and when it arrived here; milliseconds since 1970 */
  readonly at: number;
  readonly arrivedAt: number;
  readonly text?: string;
  readonly file?: FileView;
  readonly replyTo?: MessageId;
  readonly edited: boolean;
  readonly deleted: boolean;
  readonly reactions: readonly { readonly from: PersonId; readonly text: string }[];
  /** "sent by a newer Tern" */
  readonly newer: boolean;
  /** of an own message; of others' `read` or `delivered` */
  readonly status: MessageStatus;
  /** why an own message failed */
  readonly because?: string;
}

/** What goes with a file. @throws {MalformedError} for a picture beyond its limits, or a caption of more than 128 KiB */
export interface SendFileOptions {
  readonly replyTo?: MessageId;
  /** of the message to be, 16 random bytes; asked again with the same one, nothing is written again */
  readonly id?: MessageId;
  readonly caption?: string;
  readonly picture?: PictureView;
  /** gives up staging; what was staged is deleted again */
  readonly signal?: AbortSignal;
}

/** What is known of a picture before its file is here. */
export interface PictureView {
  /** pixels, at most 2^20 */
  readonly width: number;
  readonly height: number;
  /** at most 32 bytes; empty for none */
  readonly thumbhash: Uint8Array;
  /** JPEG, PNG or WebP as its type says, of at most 6 kB */
  readonly preview?: { readonly type: string; readonly bytes: Uint8Array };
}

/** A file of a message, with what its sender sent along to be shown before it is here. */
export interface FileView {
  readonly name: string;
  /** media type, as the sender says */
  readonly type: string;
  /** bytes */
  readonly size: number;
  /** all of it is kept here */
  readonly here: boolean;
  /** of a picture, as the sender says */
  readonly picture?: PictureView;
}

/** "2 messages have not arrived yet": stands where they will be. */
export interface GapView {
  readonly kind: 'gap';
  readonly from: PersonId;
  readonly device: DeviceId;
  readonly missing: number;
}

export interface FileSource {
  /** as the sender calls it; a path is cut off */
  readonly name: string;
  /** media type */
  readonly type: string;
  /** bytes */
  readonly size: number;
  readonly content: AsyncIterable<Uint8Array>;
}

/** Why something could not be done with a relay just now, for people to be told. */
export interface Trouble {
  readonly origin: string;
  /** `unreachable`, `full`, `quota`, `refused`, `wrong-relay`, `clock`, `busy`, ... */
  readonly code: string;
}

export interface SyncReport {
  /** everything there was has been read, and everything that waited has left */
  readonly complete: boolean;
  readonly troubles: readonly Trouble[];
}

/** Everything an app does. One home, one person, one device; several processes may have it open at once. */
export interface Client extends Conversing, Connecting, AsyncDisposable {
  /** @throws {UsageError} where an identity exists already @throws {MalformedError} for a name that is none */
  init(name: string): Promise<Me>;
  me(): Promise<Me | undefined>;

  /** Durable at once; asks the relay for its card first, and refuses one that is not who the link says. */
  addRelay(
    link: RelayLink,
    options: { readonly signal: AbortSignal; readonly trustOnFirstUse?: boolean },
  ): Promise<RelayView>;
  relays(): Promise<readonly RelayView[]>;
  /** @param id of the relay, or its origin @returns false where there is none */
  removeRelay(id: string): Promise<boolean>;

  /** Works offline. @throws {UsageError} without a relay to store at */
  invite(options?: { readonly uses?: number; readonly lifetimeMs?: number }): Promise<InvitationView>;
  invitations(): Promise<readonly InvitationView[]>;
  revokeInvitation(id: string): Promise<boolean>;
  /**
   * Works offline; complete when both sides have been online.
   * @param options `introduction`: what the relay of the invitation answered an empty request, where somebody has asked it already
   * @throws {MalformedError} for what is no invitation
   */
  accept(link: string, options?: { readonly introduction?: Uint8Array | undefined }): Promise<Accepted>;

  contacts(): Promise<readonly ContactView[]>;
  verify(person: PersonId, verified: boolean): Promise<void>;
  rename(person: PersonId, name: string): Promise<void>;
  block(person: PersonId, blocked: boolean): Promise<void>;
  removeContact(person: PersonId): Promise<void>;

  /** A conversation of several people; they join when their devices answer. @throws {RefusedError} without a relay, or for who is no contact */
  beginGroup(people: readonly PersonId[]): Promise<ConversationId>;
  /** @throws {RefusedError} where there is no such group */
  removeFromGroup(conversation: ConversationId, person: PersonId): Promise<void>;
  conversations(): Promise<readonly ConversationView[]>;

  /**
   * Resolves when the message is durable in the outbox.
   * @param options `id`: of the message to be, 16 random bytes; asked again with the same one, nothing is written again
   */
  sendText(
    conversation: ConversationId,
    text: string,
    options?: { readonly replyTo?: MessageId; readonly id?: MessageId },
  ): Promise<MessageId>;
  sendFile(conversation: ConversationId, file: FileSource, options?: SendFileOptions): Promise<MessageId>;
  /** oldest first, per sending device in the order of its numbers (rule 14), gaps where they are */
  messages(
    conversation: ConversationId,
    options?: { readonly since?: MessageId },
  ): Promise<readonly (MessageView | GapView)[]>;
  message(id: MessageId): Promise<MessageView | undefined>;
  /** Tells the senders, unless nothing new was read. */
  markRead(conversation: ConversationId, ids: readonly MessageId[]): Promise<void>;
  /** The file's verified bytes in order. @throws {UsageError} where the message has none @throws {UnreachableError} */
  fileContent(id: MessageId, options: { readonly signal: AbortSignal }): AsyncIterable<Uint8Array>;
  notices(conversation: ConversationId): Promise<readonly Notice[]>;

  /** Reads and sends until there is nothing more to do, or the signal says stop (then complete is false). */
  sync(options: { readonly signal: AbortSignal }): Promise<SyncReport>;
  /** Stays online: reads as things arrive, sends as things are written, tries again with growing pauses. Ends by the signal only. */
  run(options: {
    readonly signal: AbortSignal;
    readonly onTrouble?: (trouble: Trouble) => void;
  }): Promise<void>;
  /** a nudge after anything changed, also by another process */
  changes(signal: AbortSignal): AsyncIterable<void>;
}
