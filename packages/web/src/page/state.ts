import { signal, type ReadonlySignal } from '@preact/signals';
import type { ContactView, ConversationSummary, TransferView } from '@tern/core';
import type { MessageId, PersonId } from '@tern/protocol';
import type { AppApi, ConnectionsView, HomeState } from '../engine/app-api.ts';

/** What every screen may look at, kept up to date by the engine's streams. Undefined until the engine has spoken. */
export interface PageState {
  readonly home: ReadonlySignal<HomeState | undefined>;
  readonly overview: ReadonlySignal<readonly ConversationSummary[] | undefined>;
  readonly contacts: ReadonlySignal<ReadonlyMap<PersonId, ContactView>>;
  readonly connections: ReadonlySignal<ConnectionsView | undefined>;
  /** files on their way, by their message */
  readonly transfers: ReadonlySignal<ReadonlyMap<MessageId, TransferView>>;
  /** the code of what broke the engine in a way that only a reload mends */
  readonly broken: ReadonlySignal<string | undefined>;
}

/** Follows the engine until the signal ends it. */
export function watchState(api: AppApi, ending: AbortSignal): PageState {
  const home = signal<HomeState | undefined>(undefined);
  const overview = signal<readonly ConversationSummary[] | undefined>(undefined);
  const contacts = signal<ReadonlyMap<PersonId, ContactView>>(new Map());
  const connections = signal<ConnectionsView | undefined>(undefined);
  const transfers = signal<ReadonlyMap<MessageId, TransferView>>(new Map());
  const broken = signal<string | undefined>(undefined);
  let opened: AbortController | undefined;
  const refreshContacts = latestOnly(async () => {
    const during = opened;
    const all = await api.contacts();
    // an answer that a lock has overtaken is forgotten like everything
    if (during !== undefined && during === opened)
      contacts.value = new Map(all.map((contact) => [contact.person, contact]));
  });

  async function follow<T>(
    stream: AsyncIterable<T>,
    signal: AbortSignal,
    take: (value: T) => void,
  ): Promise<void> {
    try {
      for await (const value of stream) take(value);
    } catch (error) {
      if (!signal.aborted) broken.value = codeOf(error);
    }
  }

  /** What only an open home has; ends when it is locked. */
  function followHome(signal: AbortSignal): void {
    void follow(api.overview({ signal }), signal, (list) => {
      overview.value = keepingSame(overview.peek() ?? [], list);
      void refreshContacts();
    });
    void follow(api.transfers({ signal }), signal, (list) => {
      transfers.value = new Map(list.map((transfer) => [transfer.message, transfer]));
    });
    void follow(api.connections({ signal }), signal, (view) => {
      connections.value = view;
    });
  }

  ending.addEventListener('abort', () => opened?.abort(ending.reason));
  void follow(api.homes({ signal: ending }), ending, (state) => {
    home.value = state;
    if (state.kind === 'open' && opened === undefined) {
      opened = new AbortController();
      followHome(opened.signal);
    }
    if (state.kind !== 'open' && opened !== undefined) {
      opened.abort(new DOMException('the home was locked', 'AbortError'));
      opened = undefined;
      overview.value = undefined;
      contacts.value = new Map();
      transfers.value = new Map();
      connections.value = undefined;
    }
  });
  return { home, overview, contacts, connections, transfers, broken };
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'engine';
}

/** Runs one at a time; whatever is asked for meanwhile is one more run afterwards. */
function latestOnly(run: () => Promise<void>): () => Promise<void> {
  let running = false;
  let again = false;
  return async () => {
    again = true;
    if (running) return;
    running = true;
    try {
      while (again) {
        again = false;
        await run();
      }
    } catch {
      // the home was locked or closed meanwhile; the next overview asks again
    } finally {
      running = false;
    }
  };
}

/** What did not change stays the same object, so that only the rows that changed are drawn again. */
function keepingSame(
  before: readonly ConversationSummary[],
  after: readonly ConversationSummary[],
): readonly ConversationSummary[] {
  const known = new Map(before.map((one) => [one.id, one]));
  return after.map((one) => {
    const old = known.get(one.id);
    return old !== undefined && JSON.stringify(old) === JSON.stringify(one) ? old : one;
  });
}
