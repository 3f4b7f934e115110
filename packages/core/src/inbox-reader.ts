import { equalBytes } from '@tern/protocol';
import { acceptanceName, openAcceptanceEntry, type OpenedAcceptance } from './acceptance-opening.ts';
import type { StoreChange } from './client-store.ts';
import { contactTable, hasDevice, withDevices, type Contact } from './contact.ts';
import { conversationTable, pairConversationId } from './conversation.ts';
import type { Engine } from './engine.ts';
import type { FollowedLog } from './followed-log.ts';
import { hasMember, openSession, saveSession } from './group-session.ts';
import { foreignName, type Credentials, type Identity } from './identity.ts';
import { invitationTable } from './invitation.ts';
import { followMeeting } from './meeting-log.ts';
import { beginPairGroup } from './pair-group.ts';
import type { ArrivedEntry } from './sealed-entry.ts';

/** Reads what strangers left in an inbox. Nothing but a whole acceptance of an open invitation has any effect (rule 22). */
export async function readInboxEntries(
  engine: Engine,
  change: StoreChange,
  inbox: FollowedLog,
  arrived: { readonly entries: readonly ArrivedEntry[]; readonly self: Identity & Credentials },
): Promise<FollowedLog> {
  let { cursor } = inbox;
  for (const entry of arrived.entries) {
    if (entry.seq <= cursor) continue;
    cursor = entry.seq;
    const opened = await openAcceptanceEntry(engine, change, entry.body);
    if (opened !== undefined)
      await receiveAcceptance(engine, change, { opened, inbox, self: arrived.self, at: entry.at });
  }
  return { ...inbox, cursor };
}

async function receiveAcceptance(
  engine: Engine,
  change: StoreChange,
  arrival: {
    readonly opened: OpenedAcceptance;
    readonly inbox: FollowedLog;
    readonly self: Identity & Credentials;
    readonly at: number;
  },
): Promise<void> {
  const { opened, inbox, self } = arrival;
  const { record, acceptance, sender, person } = opened;
  const name = acceptanceName(engine, opened);
  const again = record.acceptedBy.some((one) => equalBytes(one, name));
  if (again || record.revoked || record.acceptedBy.length >= record.uses || arrival.at > record.notAfter)
    return;
  if (person === self.person || inbox.host.relay === undefined) return;
  const known = await contactTable.get(change, '', person);
  if (known?.blocked === true) return;
  const checked = await engine.groups.checkKeyPackage(acceptance.keyPackage, { now: engine.now() });
  if (checked.kind !== 'usable' || !equalBytes(checked.signatureKey, sender.deviceKey)) return;
  const conversationId = pairConversationId(engine.primitives, self.rootKey, sender.rootKey);
  const fresh: Contact = {
    rootKey: sender.rootKey,
    name: foreignName(acceptance.name, person),
    verified: false,
    blocked: false,
    devices: new Uint8Array(),
    meetings: [],
    conversation: conversationId,
    addedAt: engine.now(),
    removed: false,
  };
  const met = withDevices(engine.primitives, known ?? fresh, acceptance.devices);
  if (!hasDevice(engine.primitives, met, sender.deviceKey)) return; // a device that its person has ended (rule 26)
  invitationTable.put(change, '', opened.id, { ...record, acceptedBy: [...record.acceptedBy, name] });
  const host = inbox.host;
  const meeting = await followMeeting(
    engine,
    change,
    { secret: acceptance.meeting, host, relay: inbox.host.relay, person },
    { create: true },
  );
  // who is new here, or was taken out of the list, is a request first
  const stranger = engine.asksFirst === true && (known === undefined || known.removed);
  const contact: Contact = {
    ...met,
    meetings: [...met.meetings, meeting].slice(-16),
    removed: false,
    ...(stranger ? { request: true } : {}),
  };
  contactTable.put(change, '', person, contact);
  const add = { keyPackage: acceptance.keyPackage, person, meeting: meeting.log, replaces: [] };
  const conversation = await conversationTable.get(change, '', conversationId);
  for (const { log, state } of conversation?.groups ?? []) {
    const session = state === 'joined' ? await openSession(engine, change, log) : undefined;
    if (session === undefined) continue;
    if (hasMember(session, sender.deviceKey)) return; // we met by an invitation of theirs in the same moment (rule 21)
    session.record = { ...session.record, adds: [...session.record.adds, add].slice(-64) };
    await saveSession(engine, change, session);
    return;
  }
  await beginPairGroup(engine, change, { contact, host, add, self });
}
