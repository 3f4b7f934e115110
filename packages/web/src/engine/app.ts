import { safetyNumberWith, type ConversationWindow } from '@tern/core';
import {
  limits,
  linkKind,
  MalformedError,
  originOf,
  parseInvitationLink,
  parseRelayLink,
} from '@tern/protocol';
import type { AppApi, ConnectionsView, LinkView, Waiting } from './app-api.ts';
import { fileSource } from './file-source.ts';
import type { Home, OpenHome } from './home.ts';
import type { Room } from './housing.ts';
import { sameView } from './same-view.ts';
import { anyNudge, standings } from './standings.ts';
import { windowUpdate } from './window-update.ts';

/** What a page may ask, answered by the home of this browser. */
export function appOver(home: Home, room: Room): AppApi {
  const { world } = home.parts;

  /** One call of the client, when the home is open. */
  async function inHome<T>(work: (open: OpenHome) => Promise<T>): Promise<T> {
    return work(await home.open());
  }

  /** A stream that lives as long as the home is open, and is empty where nobody lives. */
  async function* whileOpen<T>(
    { signal }: Waiting,
    stream: (open: OpenHome, signal: AbortSignal) => AsyncIterable<T>,
  ): AsyncIterable<T> {
    if (signal.aborted) return;
    const open = await home.inhabited(signal);
    if (open !== undefined) yield* stream(open, AbortSignal.any([signal, open.closing]));
  }

  return {
    homes: ({ signal }) => home.states(signal),
    begin: (name) => home.begin(name),
    unlock: (passcode) => home.unlock(passcode),
    lock: () => home.lock(),
    setPasscode: (change) => home.setPasscode(change),
    setLockAfter: (minutes) => home.setLockAfter(minutes),
    touched: async () => home.touched(),
    wipe: () => home.wipe(),

    linkIn: (text) => linkView(home, text),
    addRelay: (link, { signal }) =>
      inHome(({ client, closing }) =>
        client.addRelay(parseRelayLink(link), { signal: AbortSignal.any([signal, closing]) }),
      ),
    relays: () => inHome(({ client }) => client.relays()),
    removeRelay: (id) => inHome(({ client }) => client.removeRelay(id)),
    invite: (options) => inHome(({ client }) => client.invite(options)),
    invitations: () => inHome(({ client }) => client.invitations()),
    revokeInvitation: (id) => inHome(({ client }) => client.revokeInvitation(id)),
    accept: (link, introduction) => inHome(({ client }) => client.accept(link, { introduction })),

    contacts: () => inHome(({ client }) => client.contacts()),
    verify: (person, verified) => inHome(({ client }) => client.verify(person, verified)),
    rename: (person, name) => inHome(({ client }) => client.rename(person, name)),
    block: (person, blocked) => inHome(({ client }) => client.block(person, blocked)),
    removeContact: (person) => inHome(({ client }) => client.removeContact(person)),
    acceptRequest: (conversation) => inHome(({ client }) => client.acceptRequest(conversation)),

    overview: (options) =>
      whileOpen(options, ({ client }, signal) =>
        standings({
          nudges: (ending) => client.changes(ending),
          read: () => client.overview(),
          told: (before, after) => (sameView(before, after) ? undefined : after),
          world,
          signal,
        }),
      ),
    window: (conversation, options) =>
      whileOpen(options, ({ client }, signal) =>
        standings({
          nudges: (ending) => client.changes(ending),
          read: (): Promise<ConversationWindow> =>
            client.window(conversation, options.from === undefined ? {} : { from: options.from }),
          told: windowUpdate,
          world,
          signal,
        }),
      ),
    message: (id) => inHome(({ client }) => client.message(id)),
    async *search(query, { signal, ...options }) {
      const { client, closing } = await home.open(signal);
      yield* client.search(query, { ...options, signal: AbortSignal.any([signal, closing]) });
    },
    setDraft: (conversation, text) => inHome(({ client }) => client.setDraft(conversation, text)),
    setFlags: (conversation, flags) => inHome(({ client }) => client.setFlags(conversation, flags)),

    sendText: (conversation, text, options) =>
      inHome(({ client }) => client.sendText(conversation, text, options)),
    sendFile: (conversation, { blob, name, type, ...about }, { signal, ...options }) =>
      inHome(({ client, closing }) => {
        const ending = AbortSignal.any([signal, closing]);
        const source = fileSource({ blob, name, type }, ending);
        return client.sendFile(conversation, source, { ...about, ...options, signal: ending });
      }),
    edit: (id, text) => inHome(({ client }) => client.edit(id, text)),
    remove: (id, options) => inHome(({ client }) => client.remove(id, options)),
    react: (id, text) => inHome(({ client }) => client.react(id, text)),
    forward: (id, to) => inHome(({ client, closing }) => client.forward(id, to, { signal: closing })),
    retry: (id) => inHome(({ client }) => client.retry(id)),
    cancel: (id) => inHome(({ client }) => client.cancel(id)),
    markRead: (conversation, ids) => inHome(({ client }) => client.markRead(conversation, ids)),

    async *fileContent(id, { signal }) {
      const { client, closing } = await home.open(signal);
      yield* client.fileContent(id, { signal: AbortSignal.any([signal, closing]) });
    },
    transfers: (options) => whileOpen(options, ({ client }, signal) => client.transfers(signal)),
    storage: (of = {}) =>
      inHome(async ({ client }) => {
        const { usage = 0, quota = 0 } = await room.estimate();
        return {
          usedBytes: usage,
          quotaBytes: quota,
          fileBytes: await client.fileBytes(of),
          persistent: await room.persisted(),
        };
      }),
    clearFiles: (options) => inHome(({ client }) => client.clearFiles(options)),

    connections: (options) =>
      whileOpen(options, ({ client }, signal) =>
        standings({
          nudges: (ending) =>
            anyNudge(
              client.changes(ending),
              client.connectionChanges(ending),
              home.online.values(ending),
              home.fault.values(ending),
            ),
          read: async (): Promise<ConnectionsView> => {
            const fault = home.fault.value;
            return {
              paths: client.connections(),
              queued: await client.queued(),
              online: home.online.value,
              ...(client.hindered() && { hindered: true }),
              ...(fault === undefined ? {} : { fault }),
            };
          },
          told: (before, after) => (sameView(before, after) ? undefined : after),
          world,
          signal,
        }),
      ),
    observations: () => inHome(async ({ client }) => client.observations()),
    lookCloser: ({ signal }) =>
      inHome(async ({ client, closing }) => {
        const { lookCloser } = await import('./look-closer.ts');
        await lookCloser({ ...home.parts, client }, AbortSignal.any([signal, closing]));
      }),
    retryNow: () => inHome(async ({ client }) => client.retryNow()),
    async setOnline(online) {
      home.online.set(online);
      (await home.inhabited(never))?.client.setOnline(online);
    },

    exportHome: (passphrase) =>
      inHome(async ({ store }) => {
        const { exportFile } = await import('./portability.ts');
        return exportFile({ ...home.parts, store }, passphrase);
      }),
    importHome: (file, passphrase) => home.import(file, passphrase),
  };
}

const never: AbortSignal = new AbortController().signal;

async function linkView(home: Home, text: string): Promise<LinkView> {
  if (text.trim().length > limits.linkCharacters) return { kind: 'none', because: 'too-long' };
  try {
    if (linkKind(text) === 'invitation') {
      const { name, rootKey, hosts } = parseInvitationLink(text);
      const [host] = hosts;
      if (host === undefined) return { kind: 'none', because: 'malformed' };
      const about = { kind: 'invitation', name, origin: originOf(host) } as const;
      const open = await home.inhabited(never);
      if (open === undefined) return about;
      const safetyNumber = await safetyNumberWith({ ...home.parts, store: open.store }, rootKey);
      return { ...about, safetyNumber };
    }
    const { hint } = parseRelayLink(text);
    const relays = await (await home.inhabited(never))?.client.relays();
    const known = relays?.some(({ id, origin }) =>
      hint.relay === undefined ? origin === originOf(hint) : id === hint.relay,
    );
    return { kind: 'relay', origin: originOf(hint), known: known === true };
  } catch (error) {
    if (error instanceof MalformedError) return { kind: 'none', because: 'malformed' };
    throw error;
  }
}
