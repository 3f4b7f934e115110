/** A home that answers from memory, for the screens beside the conversations. It keeps a note of what it was asked to do. */
import type { Accepted, ContactView, InvitationView, Me, RelayView } from '@tern/core';
import type { ConversationId, DeviceId, InvitationId, PersonId, RelayId } from '@tern/protocol';
import type { ObservationsSeen } from '@tern/reach';
import type { AppApi, ConnectionsView, HomeState, LinkView, StorageView } from '../../src/engine/app-api.ts';
import { Latest } from '../../src/engine/latest.ts';

/** How things stand when a test opens the page, and what goes wrong. Crosses into the page as JSON. */
export interface Scene {
  readonly home: 'new' | 'locked' | 'open';
  readonly passcode?: string;
  readonly myName?: string;
  readonly relays?: readonly string[];
  readonly contacts?: readonly Partial<ContactView>[];
  readonly invitations?: readonly Partial<InvitationView>[];
  readonly connections?: ConnectionsView;
  /** what each attempt to reach a relay showed */
  readonly observations?: ObservationsSeen;
  readonly storage?: Partial<StorageView>;
  /** name of who invites by any link that holds `#i` */
  readonly inviter?: string;
  readonly accepted?: Accepted['kind'];
  /** a method, and the code that it fails with */
  readonly failing?: Readonly<Record<string, string>>;
  /** what the first page hands over */
  readonly link?: string;
  readonly typed?: string;
  readonly submitted?: boolean;
  readonly renewal?: boolean;
}

export interface FakeHome {
  readonly api: AppApi;
  /** `method(first argument)`, in the order of asking; questions that change nothing are left out */
  readonly calls: readonly string[];
}

/** Digits that look like chance, the same for the same seed. */
function digits(seed: number, length: number): string {
  let state = seed;
  return Array.from({ length }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return String(Math.floor(state / 65_536) % 10);
  }).join('');
}

export function fakeHome(scene: Scene): FakeHome {
  const calls: string[] = [];
  const me: Me = {
    name: scene.myName ?? 'Anna',
    person: 'person-me' as PersonId,
    device: 'a1b2c3d4e5f6' as DeviceId,
    safetyNumber: digits(3, 30),
  };
  let passcode = scene.passcode;
  let lockAfterMinutes = 5;
  let relays: readonly RelayView[] = (scene.relays ?? ['https://relay-7.example:8443']).map((origin, at) => ({
    id: `relay-${at}` as RelayId,
    origin,
    canStore: at === 0,
    addedAt: 1_790_000_000_000,
  }));
  let contacts = (scene.contacts ?? []).map((given, at) => contactOf(given, at));
  let invitations = (scene.invitations ?? []).map((given, at) => invitationOf(given, at));
  let fileBytes = scene.storage?.fileBytes ?? 41_300_000;
  const opened = (): HomeState => ({ kind: 'open', me, passcode: passcode !== undefined, lockAfterMinutes });
  const homes = new Latest<HomeState>(scene.home === 'open' ? opened() : { kind: scene.home });
  const changes = new Latest<readonly never[]>([]);
  const connections = new Latest<ConnectionsView>(
    scene.connections ?? { paths: [], queued: 0, online: true },
  );

  /** Notes the call, and fails it where the scene says so. */
  async function asked(method: string, about: unknown = ''): Promise<void> {
    calls.push(`${method}(${typeof about === 'string' ? about : JSON.stringify(about)})`);
    const code = scene.failing?.[method];
    if (code !== undefined) throw Object.assign(new Error(`${method} failed`), { code });
  }

  function editContact(person: PersonId, edit: Partial<ContactView>): void {
    contacts = contacts.map((one) => (one.person === person ? { ...one, ...edit } : one));
    changes.set([...changes.value]);
  }

  const api: Partial<AppApi> = {
    homes: ({ signal }) => homes.values(signal),
    async begin(name) {
      await asked('begin', name);
      homes.set({ ...opened(), me: { ...me, name } } as HomeState);
      return { ...me, name };
    },
    async unlock(given) {
      await asked('unlock', given);
      if (given !== passcode) return false;
      homes.set(opened());
      return true;
    },
    async lock() {
      await asked('lock');
      homes.set({ kind: 'locked' });
    },
    async setPasscode({ old, fresh }) {
      await asked('setPasscode', fresh ?? 'none');
      if (passcode !== undefined && old !== passcode) return false;
      passcode = fresh;
      homes.set(opened());
      return true;
    },
    async setLockAfter(minutes) {
      await asked('setLockAfter', minutes);
      lockAfterMinutes = minutes;
      homes.set(opened());
    },
    touched: () => Promise.resolve(),
    async wipe() {
      await asked('wipe');
      homes.set({ kind: 'new' });
    },
    linkIn: (text) => Promise.resolve(linkOf(text, scene)),
    async addRelay(link) {
      await asked('addRelay', link);
      const relay: RelayView = {
        id: 'relay-new' as RelayId,
        origin: 'https://harbour.example',
        canStore: true,
        addedAt: 1,
      };
      relays = [...relays, relay];
      return relay;
    },
    relays: () => Promise.resolve(relays),
    async removeRelay(id) {
      await asked('removeRelay', id);
      relays = relays.filter((relay) => relay.id !== id);
      return true;
    },
    async invite(options) {
      await asked('invite', options);
      const made = invitationOf({ notAfter: Date.now() + (options.lifetimeMs ?? 0) }, invitations.length);
      invitations = [...invitations, made];
      return made;
    },
    invitations: () => Promise.resolve(invitations),
    async revokeInvitation(id) {
      await asked('revokeInvitation', id);
      invitations = invitations.map((one) => (one.id === id ? { ...one, state: 'revoked' } : one));
      return true;
    },
    async accept(link) {
      await asked('accept', link);
      const kind = scene.accepted ?? 'accepted';
      if (kind === 'own' || kind === 'expired') return { kind };
      const met = contactOf({ name: scene.inviter ?? 'Ben', state: 'waiting' }, contacts.length);
      contacts = [...contacts, met];
      changes.set([...changes.value]);
      return { kind, person: met.person, name: met.name };
    },
    contacts: () => Promise.resolve(contacts),
    async verify(person, verified) {
      await asked('verify', verified);
      editContact(person, { verified });
    },
    async rename(person, name) {
      await asked('rename', name);
      editContact(person, { name: name === '' ? 'Benjamin' : name });
    },
    async block(person, blocked) {
      await asked('block', blocked);
      editContact(person, { blocked });
    },
    async removeContact(person) {
      await asked('removeContact');
      contacts = contacts.filter((one) => one.person !== person);
      changes.set([...changes.value]);
    },
    overview: ({ signal }) => changes.values(signal),
    transfers: ({ signal }) => new Latest<readonly never[]>([]).values(signal),
    connections: ({ signal }) => connections.values(signal),
    observations: () => Promise.resolve(scene.observations ?? { now: 0, observations: [] }),
    async lookCloser() {
      await asked('lookCloser');
    },
    async retryNow() {
      await asked('retryNow');
    },
    setOnline: () => Promise.resolve(),
    storage: () =>
      Promise.resolve({
        usedBytes: 83_200_000,
        quotaBytes: 4_100_000_000,
        persistent: false,
        ...scene.storage,
        fileBytes,
      }),
    async clearFiles(options) {
      await asked('clearFiles', options);
      fileBytes = 0;
    },
    async exportHome(passphrase) {
      await asked('exportHome', passphrase);
      return new Blob(['tern export']);
    },
    async importHome(file, passphrase) {
      await asked('importHome', passphrase);
      if ((await file.text()) === 'newer') return 'newer';
      if (passphrase !== 'correct horse battery') return 'wrong-passphrase';
      homes.set(opened());
      return 'imported';
    },
  };
  return { api: api as AppApi, calls };
}

function contactOf(given: Partial<ContactView>, at: number): ContactView {
  return {
    person: `person-${at}` as PersonId,
    name: 'Ben',
    ownName: 'Benjamin',
    verified: false,
    blocked: false,
    safetyNumber: digits(at + 5, 60),
    state: 'connected',
    conversation: `conversation-${at}` as ConversationId,
    ...given,
  };
}

function invitationOf(given: Partial<InvitationView>, at: number): InvitationView {
  return {
    id: `invitation-${at}` as InvitationId,
    // as long as real ones are
    link: `https://relay-7.example:8443/x8Kq2mBf/#i${'Qm9hdHNBcmVOb3RMb3N0'.repeat(22)}${at}`,
    uses: 1,
    used: 0,
    notAfter: Date.now() + 3 * 86_400_000,
    state: 'open',
    ...given,
  };
}

function linkOf(text: string, scene: Scene): LinkView {
  if (text.length > 800) return { kind: 'none', because: 'too-long' };
  if (text.includes('#r'))
    return { kind: 'relay', origin: 'https://harbour.example', known: text.includes('known') };
  if (!text.includes('#i')) return { kind: 'none', because: 'malformed' };
  return {
    kind: 'invitation',
    name: scene.inviter ?? 'Ben',
    origin: 'https://harbour.example:443',
    safetyNumber: digits(7, 30),
  };
}
