import type { ConversationId, MessageId } from '@tern/protocol';
import type { ConversationFlags, ConversationSummary, ConversationWindow, SearchHit } from './views.ts';

/** What an app with a screen shows and changes of conversations. All of it works offline, and is durable when it resolves. */
export interface Conversing {
  /** Every contact and every group, pinned ones first, then by what happened last. Reads no conversation. */
  overview(): Promise<readonly ConversationSummary[]>;
  /**
   * The end of a conversation. Reads only the pages from `from` on; the beginning is that of a page, so it may hold more than was asked for.
   * @param options `from`: the oldest position wanted; the latest 100 messages or a little more where it is absent
   * @throws {RefusedError} where there is no such conversation
   */
  window(conversation: ConversationId, options?: { readonly from?: number }): Promise<ConversationWindow>;
  /**
   * Newest first, whatever the case and the accents; every word of the query occurs. Nothing for a query without words.
   * @param options `conversation`: only there
   */
  search(
    query: string,
    options: { readonly signal: AbortSignal; readonly conversation?: ConversationId },
  ): AsyncIterable<SearchHit>;

  /** The own message says something else from now on, a file has another caption. One that has not left is changed where it lies. */
  edit(id: MessageId, text: string): Promise<void>;
  /** @param options `forAll`: takes an own message back everywhere; otherwise it is only here that it is not shown any more */
  remove(id: MessageId, options: { readonly forAll: boolean }): Promise<void>;
  /** One reaction a person; undefined takes it back. */
  react(id: MessageId, text: string | undefined): Promise<void>;
  /**
   * Says a text or sends a file again elsewhere. A file is sealed anew, so that no relay learns that two conversations share it;
   * what of it is not here is fetched first. @throws {UnreachableError}
   */
  forward(
    id: MessageId,
    to: readonly ConversationId[],
    options: { readonly signal: AbortSignal },
  ): Promise<void>;
  /** What failed waits to leave again. @throws {RefusedError} where it did not fail, or its file is not here any more */
  retry(id: MessageId): Promise<void>;
  /** Deletes an own message that has not left. @returns false when it has its number: then it may have left */
  cancel(id: MessageId): Promise<boolean>;

  /** What is written and not sent yet; empty for nothing. @throws {MalformedError} for more than 128 KiB */
  setDraft(conversation: ConversationId, text: string): Promise<void>;
  setFlags(conversation: ConversationId, flags: Partial<ConversationFlags>): Promise<void>;
  /** Says yes to somebody who used an invitation of ours; so does writing to them. */
  acceptRequest(conversation: ConversationId): Promise<void>;

  /** Forgets files that are kept here; those that wait to leave stay. @param options `conversation`: only those of one */
  clearFiles(options?: { readonly conversation?: ConversationId }): Promise<void>;
  /** bytes of files that are kept here, those that wait to leave included. @param options `conversation`: only those of one */
  fileBytes(options?: { readonly conversation?: ConversationId }): Promise<number>;
}
