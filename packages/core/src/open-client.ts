import {
  originOf,
  parseRelayLink,
  RefusedError,
  UsageError,
  formatRelayLink,
  type Hint,
  type PersonId,
} from '@tern/protocol';
import { openPath } from '@tern/reach';
import { beginCircle, removePerson } from './circle.ts';
import type { Client, ContactView, Me, RelayView } from './client.ts';
import type { StoreView } from './client-store.ts';
import { conversationTable } from './conversation.ts';
import { acceptRequest, setDraft, setFlags } from './conversation-choices.ts';
import { conversationWindow } from './conversation-window.ts';
import { hostName, openEngine, selfOf, type Engine, type EngineParts } from './engine.ts';
import { readFile } from './file-download.ts';
import { forwardMessage } from './forwarding.ts';
import { knownRelayTable, type KnownRelay } from './followed-log.ts';
import { identityTable, newIdentity } from './identity.ts';
import {
  acceptInvitation,
  followInbox,
  invitationViews,
  makeInvitation,
  revokeInvitation,
} from './invitation.ts';
import { clearFiles, fileBytes } from './kept-files.ts';
import { deleteForAll, deleteForMe, editMessage, reactTo } from './message-changes.ts';
import { searchMessages } from './message-search.ts';
import { cancelMessage, queued, retryMessage } from './outgoing-messages.ts';
import { overview } from './overview.ts';
import { changeContact, contactViews, renamed } from './people.ts';
import { markRead, messageList, messageView } from './reading.ts';
import { ownSafetyNumber } from './safety-number.ts';
import { stayOnline } from './staying-online.ts';
import { hostsOf, synchronise, Watches } from './synchronisation.ts';
import { sendFile, sendText } from './talk.ts';

/** Opens a home's client over its store; the store stays its owner's to close. */
export async function openClient(parts: EngineParts): Promise<Client> {
  return clientOver(await openEngine(parts));
}

/** The client over an engine, for whoever also needs the engine (tests, and what repairs a home). */
function clientOver(engine: Engine): Client {
  const { store, primitives, world } = engine;
  const watches = new Watches();
  return {
    init: (name) =>
      store.change(async (change) => {
        if ((await identityTable.get(change, '', 'self')) !== undefined)
          throw new UsageError('an identity exists here already');
        identityTable.put(change, '', 'self', newIdentity(primitives, world, name));
        return meFrom(engine, change);
      }),
    me: () =>
      store.read(async (view) =>
        (await identityTable.get(view, '', 'self')) === undefined ? undefined : meFrom(engine, view),
      ),

    addRelay: (link, options) => addRelay(engine, link, options),
    relays: () =>
      store.read(async (view) => (await knownRelayTable.list(view, '')).map(([, relay]) => relayView(relay))),
    removeRelay: (id) =>
      store.change(async (change) => {
        const wanted = id.trim().toLowerCase();
        const matches = (await knownRelayTable.list(change, '')).filter(
          ([, relay]) =>
            (wanted.length >= 8 && relay.hint.relay?.startsWith(wanted) === true) ||
            originOf(relay.hint) === wanted,
        );
        for (const [key, { hint }] of matches) {
          knownRelayTable.delete(change, '', key);
          engine.nearRelays.remove(hint);
        }
        return matches.length > 0;
      }),

    invite: (options = {}) => store.change((change) => makeInvitation(engine, change, options)),
    invitations: () => store.read((view) => invitationViews(engine, view)),
    revokeInvitation: (id) => store.change((change) => revokeInvitation(change, id)),
    accept: (link, options) => store.change((change) => acceptInvitation(engine, change, link, options)),

    contacts: () => store.read((view): Promise<readonly ContactView[]> => contactViews(engine, view)),
    verify: (person, verified) => editContact(engine, person, (contact) => ({ ...contact, verified })),
    rename: (person, name) => editContact(engine, person, (contact) => renamed(contact, name)),
    block: (person, blocked) => editContact(engine, person, (contact) => ({ ...contact, blocked })),
    removeContact: (person) => editContact(engine, person, (contact) => ({ ...contact, removed: true })),

    beginGroup: (people) => store.change((change) => beginCircle(engine, change, people)),
    removeFromGroup: (id, person) => store.change((change) => removePerson(engine, change, { id, person })),
    conversations: () =>
      store.read(async (view) =>
        (await conversationTable.list(view, '')).map(([, { id, people, rule }]) => ({
          id,
          people,
          kind: rule.kind,
        })),
      ),

    sendText: (conversation, text, options = {}) => sendText(engine, { conversation, text, ...options }),
    sendFile: (conversation, file, options = {}) => sendFile(engine, { conversation, file, ...options }),
    messages: (conversation, options = {}) =>
      store.read((view) => messageList(engine, view, { conversation, ...options })),
    message: (id) => store.read((view) => messageView(engine, view, id)),
    markRead: (conversation, ids) => markRead(engine, { conversation, ids }),
    fileContent: (id, options) => readFile(engine, id, options),
    notices: (conversation) =>
      store.read(async (view) => (await conversationTable.get(view, '', conversation))?.notices ?? []),

    overview: () => store.read((view) => overview(engine, view)),
    window: (conversation, options = {}) =>
      store.read((view) => conversationWindow(engine, view, { conversation, ...options })),
    search: (query, options) => searchMessages(engine, query, options),
    edit: (id, text) => store.change((change) => editMessage(engine, change, { id, text })),
    remove: (id, { forAll }) =>
      store.change((change) => (forAll ? deleteForAll(engine, change, id) : deleteForMe(engine, change, id))),
    react: (id, text = '') => store.change((change) => reactTo(engine, change, { id, text })),
    forward: (id, conversations, { signal }) => forwardMessage(engine, id, { conversations, signal }),
    retry: (id) => store.change((change) => retryMessage(change, id)),
    cancel: (id) => store.change((change) => cancelMessage(engine, change, id)),
    setDraft: (conversation, text) => store.change((change) => setDraft(change, conversation, text)),
    setFlags: (conversation, flags) => store.change((change) => setFlags(change, conversation, flags)),
    acceptRequest: (conversation) => store.change((change) => acceptRequest(change, conversation)),
    clearFiles: (of = {}) => store.change((change) => clearFiles(change, of)),
    fileBytes: (of = {}) => store.read((view) => fileBytes(view, of)),

    transfers: (signal) => engine.transfers.views(signal),
    connections: () => engine.connections.views(),
    observations: () => engine.observations.read(),
    observed(one) {
      if (engine.observations.add(one)) engine.connections.nudge();
    },
    hosts: () => hostsOf(engine),
    hindered: () => engine.observations.hindered,
    connectionChanges: (signal) => engine.connections.changes(signal),
    queued: () => store.read(queued),
    handOver: ({ signal }) => handOverNow(engine, signal),
    retryNow: () => engine.connections.retryNow(),
    setOnline: (online) => engine.connections.setOnline(online),

    sync: ({ signal }) => synchronise(engine, { signal, watches }),
    run: (options) => stayOnline(engine, { ...options, watches }),
    changes: (signal) => store.changes(signal),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

async function handOverNow(engine: Engine, signal: AbortSignal): Promise<void> {
  try {
    const { tendDeferred } = await import('./deferred-answers.ts');
    await tendDeferred(engine, { signal, afterMs: 0, collect: true });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function meFrom(engine: Engine, view: StoreView): Promise<Me> {
  const self = await selfOf(engine, view);
  return {
    name: self.name,
    person: self.person,
    device: self.device,
    safetyNumber: ownSafetyNumber(engine.primitives, self.rootKey),
  };
}

async function editContact(
  engine: Engine,
  person: PersonId,
  change: Parameters<typeof changeContact>[2],
): Promise<void> {
  await engine.store.change((store) => changeContact(store, person, change));
}

function relayView(relay: Omit<KnownRelay, 'link'>): RelayView {
  return {
    ...(relay.hint.relay === undefined ? {} : { id: relay.hint.relay }),
    origin: originOf(relay.hint),
    canStore: relay.right !== undefined,
    addedAt: relay.addedAt,
  };
}

const loopback = /^(?:localhost|127\.[0-9.]+|\[::1\])$/u;

async function addRelay(
  engine: Engine,
  link: Parameters<Client['addRelay']>[0],
  options: Parameters<Client['addRelay']>[1],
): Promise<RelayView> {
  const trusting = options.trustOnFirstUse === true || loopback.test(link.hint.address);
  if (link.hint.relay === undefined && !trusting) {
    throw new RefusedError(
      'relay-without-id',
      'this link does not say which relay it means: ask for a whole one, or trust whoever answers',
    );
  }
  const hint = await confirmed(engine, link.hint, options.signal);
  const relay: Omit<KnownRelay, 'link'> = {
    hint,
    ...(link.right === undefined ? {} : { right: link.right }),
    addedAt: engine.now(),
  };
  await engine.store.change(async (change) => {
    const known = await knownRelayTable.get(change, '', hostName(hint));
    const right = relay.right ?? known?.right;
    // a link pasted without its beginning says nothing of the app: what was known of it stays
    const app = link.app ?? (known === undefined ? undefined : parseRelayLink(known.link).app);
    knownRelayTable.put(change, '', hostName(hint), {
      ...relay,
      ...(right === undefined ? {} : { right }),
      link: formatRelayLink({ ...link, hint, ...(app === undefined ? {} : { app }) }),
    });
    if (
      right === undefined ||
      hint.relay === undefined ||
      (await identityTable.get(change, '', 'self')) === undefined
    )
      return;
    await followInbox(engine, change, { host: hint, relay: hint.relay, self: await selfOf(engine, change) });
  });
  engine.nearRelays.add(hint);
  return relayView(relay);
}

/** The hint with the id of the relay that answers there. A relay that is away just now is believed by its id. */
async function confirmed(engine: Engine, hint: Hint, signal: AbortSignal): Promise<Hint> {
  await using path = openPath({
    hint,
    transport: engine.transport,
    primitives: engine.primitives,
    world: engine.world,
    trustOnFirstUse: hint.relay === undefined,
  });
  try {
    await path.card({ signal });
  } catch (error) {
    if (hint.relay === undefined || (error instanceof RefusedError && error.code === 'wrong-relay'))
      throw error;
  }
  return path.relay === undefined ? hint : { ...hint, relay: path.relay };
}
