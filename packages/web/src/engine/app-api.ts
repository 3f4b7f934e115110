/**
 * What a page asks of the engine, and what it is told. Everything here crosses a thread by structured clone: plain data, bytes and
 * blobs only. The page never sees a key, a log or a relay's secret path; the engine never sees a screen.
 */
import type { ObservationsSeen } from '@tern/reach';
import type { ConversationId, InvitationId, MessageId, PersonId } from '@tern/protocol';
import type {
  Accepted,
  ContactView,
  ConversationFlags,
  ConversationSummary,
  ConversationWindow,
  ConnectionView,
  InvitationView,
  Me,
  MessageView,
  RelayView,
  SearchHit,
  TransferView,
  WindowLine,
} from '@tern/core';

/** Where this browser stands. `new`: nobody lives here yet; `locked`: a passcode is asked for before anything can be read. */
export type HomeState =
  | { readonly kind: 'new' }
  | { readonly kind: 'locked' }
  | { readonly kind: 'open'; readonly me: Me; readonly passcode: boolean; readonly lockAfterMinutes: number };

/** A file to send. `blob` may be taken from a picker, a drop, a paste or a camera; the engine reads it once. */
export interface FileToSend {
  readonly blob: Blob;
  readonly name: string;
  /** media type */
  readonly type: string;
  readonly caption?: string;
  readonly replyTo?: MessageId;
  /** of a picture: shown until the file itself is here; `bytes` at most 6 kB, JPEG or WebP */
  readonly picture?: {
    readonly width: number;
    readonly height: number;
    readonly thumbhash: Uint8Array;
    readonly preview?: { readonly type: string; readonly bytes: Uint8Array };
  };
}

/** The relay link or the invitation that a page was opened with, or that somebody pasted or scanned. */
export type LinkView =
  | { readonly kind: 'relay'; readonly origin: string; readonly known: boolean }
  | {
      readonly kind: 'invitation';
      readonly name: string;
      /** of the relay that whoever accepts will ask, chosen by who wrote the invitation */
      readonly origin: string;
      readonly safetyNumber?: string;
    }
  | { readonly kind: 'none'; readonly because: 'malformed' | 'too-long' };

export interface StorageView {
  /** bytes that the browser says are used here, and may be */
  readonly usedBytes: number;
  readonly quotaBytes: number;
  /** of files kept for reading offline, all or those that were asked about */
  readonly fileBytes: number;
  /** the browser promised not to clear this by itself */
  readonly persistent: boolean;
}

/** What a window of a conversation became since it was last told: enough to bring the page's copy up to date. */
export type WindowUpdate =
  | { readonly kind: 'whole'; readonly window: ConversationWindow }
  /** `lines` replace or join by `key`; `order` is every key in order where it is not the old order with new ones at the end */
  | {
      readonly kind: 'changed';
      readonly lines: readonly WindowLine[];
      readonly gone: readonly string[];
      readonly order?: readonly string[];
      readonly window: Omit<ConversationWindow, 'lines'>;
    };

export interface Waiting {
  readonly signal: AbortSignal;
}

/** Each method is one call over the bridge; those that return an AsyncIterable are streams that end when their signal aborts. */
export interface AppApi {
  homes(options: Waiting): AsyncIterable<HomeState>;
  /** @throws {TernError} `usage` where somebody lives here already, `malformed` for a name that is none */
  begin(name: string): Promise<Me>;
  unlock(passcode: string): Promise<boolean>;
  lock(): Promise<void>;
  /** undefined takes the passcode away. @returns false for a wrong old one */
  setPasscode(change: { readonly old?: string; readonly fresh?: string }): Promise<boolean>;
  setLockAfter(minutes: number): Promise<void>;
  /** tells the engine that somebody is here, so that it does not lock */
  touched(): Promise<void>;
  wipe(): Promise<void>;

  linkIn(text: string): Promise<LinkView>;
  addRelay(link: string, options: Waiting): Promise<RelayView>;
  relays(): Promise<readonly RelayView[]>;
  removeRelay(id: string): Promise<boolean>;
  invite(options: { readonly uses?: number; readonly lifetimeMs?: number }): Promise<InvitationView>;
  invitations(): Promise<readonly InvitationView[]>;
  revokeInvitation(id: InvitationId): Promise<boolean>;
  /** @param introduction what the invitation's relay answered an empty request, where the page has asked it already */
  accept(link: string, introduction?: Uint8Array): Promise<Accepted>;

  contacts(): Promise<readonly ContactView[]>;
  verify(person: PersonId, verified: boolean): Promise<void>;
  rename(person: PersonId, name: string): Promise<void>;
  block(person: PersonId, blocked: boolean): Promise<void>;
  removeContact(person: PersonId): Promise<void>;
  /** says yes to somebody who used an invitation */
  acceptRequest(conversation: ConversationId): Promise<void>;

  overview(options: Waiting): AsyncIterable<readonly ConversationSummary[]>;
  /** @param options `from`: the oldest position wanted; the latest 100 messages where it is absent */
  window(
    conversation: ConversationId,
    options: Waiting & { readonly from?: number },
  ): AsyncIterable<WindowUpdate>;
  message(id: MessageId): Promise<MessageView | undefined>;
  search(
    query: string,
    options: Waiting & { readonly conversation?: ConversationId },
  ): AsyncIterable<SearchHit>;
  setDraft(conversation: ConversationId, text: string): Promise<void>;
  setFlags(conversation: ConversationId, flags: Partial<ConversationFlags>): Promise<void>;

  /** @param options `id`: of the message to be, 16 random bytes; asked for again with the same one, nothing is sent again. Made where absent. */
  sendText(
    conversation: ConversationId,
    text: string,
    options: { readonly replyTo?: MessageId; readonly id?: MessageId },
  ): Promise<MessageId>;
  /** @param options the signal gives up staging; what was staged is deleted again. `id` as in {@link AppApi.sendText} */
  sendFile(
    conversation: ConversationId,
    file: FileToSend,
    options: Waiting & { readonly id?: MessageId },
  ): Promise<MessageId>;
  edit(id: MessageId, text: string): Promise<void>;
  remove(id: MessageId, options: { readonly forAll: boolean }): Promise<void>;
  /** undefined takes one's own back */
  react(id: MessageId, text: string | undefined): Promise<void>;
  forward(id: MessageId, to: readonly ConversationId[]): Promise<void>;
  retry(id: MessageId): Promise<void>;
  /** what has not left is deleted here. @returns false when it had left */
  cancel(id: MessageId): Promise<boolean>;
  markRead(conversation: ConversationId, ids: readonly MessageId[]): Promise<void>;

  /** The verified bytes in order; what came before a cut is not fetched again. */
  fileContent(id: MessageId, options: Waiting): AsyncIterable<Uint8Array>;
  /** files on their way, both ways */
  transfers(options: Waiting): AsyncIterable<readonly TransferView[]>;
  /** @param of a conversation: `fileBytes` are those of its files */
  storage(of?: { readonly conversation?: ConversationId }): Promise<StorageView>;
  /** Frees what files kept here take; they can be loaded again while a relay has them. */
  clearFiles(options: { readonly conversation?: ConversationId }): Promise<void>;

  connections(options: Waiting): AsyncIterable<ConnectionsView>;
  /** what each attempt to reach a relay showed, for a diagnosis; no secret path is in it */
  observations(): Promise<ObservationsSeen>;
  /** Tries the relays anew, each by every name and port of it, until it is clearer what hinders: for 30 s and 64 KiB at most. */
  lookCloser(options: Waiting): Promise<void>;
  /** tries every path now, without waiting out a pause */
  retryNow(): Promise<void>;
  /** @param online as the browser says; false stops dialling */
  setOnline(online: boolean): Promise<void>;

  exportHome(passphrase: string): Promise<Blob>;
  /** into a new home only */
  importHome(file: Blob, passphrase: string): Promise<'imported' | 'wrong-passphrase' | 'newer'>;
}

export interface ConnectionsView {
  readonly paths: readonly ConnectionView[];
  /** messages and other things that wait to leave */
  readonly queued: number;
  readonly online: boolean;
  /** something went wrong or slowly lately: the observations are worth a diagnosis */
  readonly hindered?: boolean;
  /** code of what keeps this home from going online at all, such as `storage-full`; it is tried again by itself */
  readonly fault?: string;
}
