import {
  base32Bytes,
  bool,
  bytes,
  capabilityCodec,
  concat,
  decode,
  encode,
  encodeAcceptance,
  encodeEntry,
  entryIdOf,
  equalBytes,
  field,
  formatInvitationLink,
  hpkeKeyPair,
  hpkeSeal,
  invitationIdOf,
  limits,
  list,
  MalformedError,
  optional,
  parseInvitationLink,
  parseRelayLink,
  personIdOf,
  RefusedError,
  sign,
  struct,
  text,
  uint,
  uintBytes,
  UsageError,
  utf8,
  type Acceptance,
  type Hint,
  type InvitationId,
  type InvitationLink,
  type RelayId,
} from '@tern/protocol';
import type { Accepted, InvitationView } from './client.ts';
import type { StoreChange, StoreView } from './client-store.ts';
import { contactName, contactTable, type Contact } from './contact.ts';
import { acceptRequest } from './conversation-choices.ts';
import { conversationTable, pairConversationId } from './conversation.ts';
import { selfOf, type Engine } from './engine.ts';
import {
  followedLogTable,
  keepLogKeys,
  storingRelay,
  type FollowedLog,
  type KnownRelay,
} from './followed-log.ts';
import { foreignName, type Identity } from './identity.ts';
import { inboxLog } from './log-keys.ts';
import { newKeyPackage } from './key-packages.ts';
import { followMeeting } from './meeting-log.ts';
import { putOutgoing } from './outbox.ts';
import { recordTable, type RecordTable } from './record-table.ts';

/** An invitation this person made. */
export interface InvitationRecord {
  readonly link: string;
  /** X25519; opens what is sealed to the invitation */
  readonly sealingSeed: Uint8Array;
  readonly serial: Uint8Array;
  readonly uses: number;
  /** devices that accepted, by the hash of their acceptance */
  readonly acceptedBy: readonly Uint8Array[];
  /** seconds since 1970 */
  readonly notAfter: number;
  readonly revoked: boolean;
  readonly relay?: Uint8Array;
}

export const invitationTable: RecordTable<InvitationRecord> = recordTable(
  'invitations',
  struct<InvitationRecord>({
    link: field(1, text(limits.linkCharacters)),
    sealingSeed: field(2, bytes(32)),
    serial: field(3, bytes(8)),
    uses: field(4, uint(1000)),
    acceptedBy: field(5, list(bytes(32), 1000)),
    notAfter: field(6, uint(limits.second)),
    revoked: field(7, bool()),
    relay: optional(8, bytes(32)),
  }),
);

/** Rule 3: an invitation is good for one person and seven days unless its maker says otherwise. */
const invitationLifetimeMs = 7 * 86_400_000;
const mostUses = 1000;

/** What an acceptance is sealed for. */
export function acceptanceInfo(invitation: InvitationId): Uint8Array {
  return concat(utf8('tern/1 acceptance\0'), base32Bytes(invitation));
}

/** The inbox of this person on a relay, followed from now on and begun there at the next chance. */
export async function followInbox(
  engine: Engine,
  change: StoreChange,
  at: { readonly host: Hint; readonly relay: RelayId; readonly self: Identity },
): Promise<FollowedLog> {
  const own = inboxLog(engine.primitives, at.relay, at.self.inboxSecret);
  const known = await followedLogTable.get(change, '', own.log);
  if (known !== undefined) return known;
  const followed: FollowedLog = {
    log: own.log,
    kind: 'inbox',
    host: at.host,
    firstPolicy: own.firstPolicy,
    policy: own.firstPolicy.payload,
    number: 0,
    cursor: 0,
    toCreate: true,
    ended: false,
    revoked: [],
  };
  followedLogTable.put(change, '', own.log, followed);
  keepLogKeys(change, own.log, { number: 0, keys: own.keys });
  return followed;
}

/** Makes an invitation; needs no network. @throws {UsageError} without a relay to store at, or for a number of uses that is none */
export async function makeInvitation(
  engine: Engine,
  change: StoreChange,
  options: { readonly uses?: number; readonly lifetimeMs?: number },
): Promise<InvitationView> {
  const uses = options.uses ?? 1;
  if (!Number.isSafeInteger(uses) || uses < 1 || uses > mostUses)
    throw new UsageError(`an invitation has 1 to ${mostUses} uses`);
  const self = await selfOf(engine, change);
  const relay = await storingRelay(change);
  const host = relay?.hint;
  if (relay === undefined || host?.relay === undefined)
    throw new RefusedError('no-relay', 'an invitation needs a relay to receive the answer: add one first');
  const { primitives, world } = engine;
  await followInbox(engine, change, { host, relay: host.relay, self });
  const inbox = inboxLog(primitives, host.relay, self.inboxSecret);
  const seed = world.randomBytes(32);
  const sealingSeed = world.randomBytes(32);
  const serial = world.randomBytes(8);
  const notAfter = Math.floor((engine.now() + (options.lifetimeMs ?? invitationLifetimeMs)) / 1000);
  const key = primitives.ed25519PublicKey(seed);
  const payload = encode(capabilityCodec, {
    log: inbox.log,
    key,
    notAfter,
    entries: uses,
    bytes: uses * 3072,
    serial,
  });
  const link = formatInvitationLink({
    rootKey: self.rootKey,
    name: self.name,
    capability: sign(primitives, inbox.keys.change, { label: 'capability', payload }),
    seed,
    sealingKey: hpkeKeyPair(primitives, sealingSeed).publicKey,
    hosts: [host],
    doors: [],
    ...appAt(relay),
  });
  const id = invitationIdOf(primitives, key);
  const record: InvitationRecord = {
    link,
    sealingSeed,
    serial,
    uses,
    acceptedBy: [],
    notAfter,
    revoked: false,
    relay: base32Bytes(host.relay),
  };
  invitationTable.put(change, '', id, record);
  return invitationView(id, record, engine.now());
}

/** Where that relay serves the app too, an invitation opens it. */
function appAt(relay: KnownRelay): Pick<InvitationLink, 'app'> {
  const { app } = parseRelayLink(relay.link);
  return app === undefined ? {} : { app };
}

function invitationView(id: InvitationId, record: InvitationRecord, now: number): InvitationView {
  const used = record.acceptedBy.length;
  const state = record.revoked
    ? 'revoked'
    : used >= record.uses
      ? 'used'
      : record.notAfter * 1000 < now
        ? 'expired'
        : 'open';
  return { id, link: record.link, uses: record.uses, used, notAfter: record.notAfter * 1000, state };
}

export async function invitationViews(engine: Engine, view: StoreView): Promise<readonly InvitationView[]> {
  const records = await invitationTable.list(view, '');
  return records.map(([id, record]) => invitationView(id as InvitationId, record, engine.now()));
}

/** The inboxes in which an acceptance would still have an effect (rule 22). */
export async function openInboxes(engine: Engine, view: StoreView): Promise<ReadonlySet<FollowedLog['log']>> {
  const records = await invitationTable.list(view, '');
  const now = engine.now();
  const open = records.filter(
    ([id, record]) => invitationView(id as InvitationId, record, now).state === 'open',
  );
  return new Set(open.map(([, record]) => capabilityLog(record)));
}

/** Nobody can use it from now on; the relay is told at the next chance. @returns false where there is none with such an id */
export async function revokeInvitation(change: StoreChange, idStart: string): Promise<boolean> {
  const wanted = idStart.trim().toLowerCase();
  const matches = (await invitationTable.list(change, '')).filter(
    ([id]) => wanted.length >= 8 && id.startsWith(wanted),
  );
  const [match] = matches;
  if (match === undefined || matches.length > 1) return false;
  const [id, record] = match;
  invitationTable.put(change, '', id, { ...record, revoked: true });
  const inbox = capabilityLog(record);
  const followed = await followedLogTable.get(change, '', inbox);
  if (followed !== undefined && !followed.revoked.some((serial) => equalBytes(serial, record.serial))) {
    followedLogTable.put(change, '', inbox, {
      ...followed,
      revoked: [...followed.revoked, record.serial].slice(-limits.revokedSerials),
    });
  }
  return true;
}

function capabilityLog(record: InvitationRecord): FollowedLog['log'] {
  return decode(capabilityCodec, parseInvitationLink(record.link).capability.payload).log;
}

/** Accepts an invitation: the answer is in the outbox when this resolves. @throws {MalformedError} for what is no whole invitation */
export async function acceptInvitation(
  engine: Engine,
  change: StoreChange,
  linkText: string,
  { introduction }: { readonly introduction?: Uint8Array | undefined } = {},
): Promise<Accepted> {
  const link = parseInvitationLink(linkText);
  const [host] = link.hosts;
  if (host?.relay === undefined) throw new MalformedError('an invitation names its relay');
  if (introduction !== undefined) await engine.path(host).introduce(introduction);
  const self = await selfOf(engine, change);
  if (equalBytes(link.rootKey, self.rootKey)) return { kind: 'own' };
  const { primitives, world } = engine;
  const capability = decode(capabilityCodec, link.capability.payload);
  if (!equalBytes(capability.key, primitives.ed25519PublicKey(link.seed)))
    throw new MalformedError('the invitation does not fit together');
  if (capability.notAfter * 1000 < engine.now()) return { kind: 'expired' };
  const person = personIdOf(primitives, link.rootKey);
  const known = await contactTable.get(change, '', person);
  const conversationId = pairConversationId(primitives, self.rootKey, link.rootKey);
  const conversation = await conversationTable.get(change, '', conversationId);
  if (known !== undefined && conversation?.groups.some((group) => group.state === 'joined') === true) {
    if (known.removed) contactTable.put(change, '', person, { ...known, removed: false });
    await acceptRequest(change, conversationId);
    return { kind: 'known', person, name: contactName(known) };
  }
  const secret = world.randomBytes(32);
  const meeting = await followMeeting(
    engine,
    change,
    { secret, host, relay: host.relay, person },
    { create: false },
  );
  const contact: Contact = {
    rootKey: link.rootKey,
    name: foreignName(link.name, person),
    ...(known?.petname === undefined ? {} : { petname: known.petname }),
    verified: known?.verified ?? false,
    blocked: false,
    devices: known?.devices ?? new Uint8Array(),
    meetings: [...(known?.meetings ?? []), meeting].slice(-16),
    conversation: conversationId,
    addedAt: known?.addedAt ?? engine.now(),
    removed: false,
  };
  contactTable.put(change, '', person, contact);
  const acceptance: Acceptance = {
    invitation: invitationIdOf(primitives, capability.key),
    name: self.name,
    certificate: self.certificate,
    devices: self.devices,
    keyPackage: await newKeyPackage(engine, change, { self, person, conversation: conversationId }),
    meeting: secret,
    hosts: [],
  };
  const body = sealAcceptance(engine, link, { acceptance, deviceSeed: self.deviceSeed });
  const entry = encodeEntry({ kind: 'inline', body });
  const id = entryIdOf(primitives, capability.log, entry);
  await putOutgoing(change, {
    kind: 'entry',
    sealed: { log: capability.log, host, number: 0, entry, id, seed: link.seed, capability: link.capability },
  });
  return { kind: 'accepted', person, name: contactName(contact) };
}

const tagAndKeyBytes = 48;

/** Sealed to the invitation's key and padded to one size, so that a relay learns nothing of who answers. */
function sealAcceptance(
  engine: Engine,
  link: InvitationLink,
  content: { readonly acceptance: Acceptance; readonly deviceSeed: Uint8Array },
): Uint8Array {
  const encoded = encodeAcceptance(engine.primitives, content.acceptance, content.deviceSeed);
  const [, largest] = limits.inlineEntryBytes;
  const padded = new Uint8Array(largest - 1 - tagAndKeyBytes);
  if (encoded.length + 4 > padded.length) throw new MalformedError('an acceptance does not fit an entry');
  padded.set(uintBytes(encoded.length, 4));
  padded.set(encoded, 4);
  const info = acceptanceInfo(content.acceptance.invitation);
  const sealed = hpkeSeal(engine.primitives, link.sealingKey, padded, {
    info,
    seed: engine.world.randomBytes(32),
  });
  if (sealed === undefined) throw new MalformedError('the invitation has a key of low order');
  return sealed;
}
