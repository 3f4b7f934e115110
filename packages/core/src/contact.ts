import {
  bool,
  bytes,
  conversationIdCodec,
  field,
  hintCodec,
  list,
  logIdCodec,
  openDeviceList,
  optional,
  struct,
  text,
  uint,
  limits,
  equalBytes,
  MalformedError,
  type ConversationId,
  type Hint,
  type LogId,
  type Primitives,
} from '@tern/protocol';
import { recordTable, type RecordTable } from './record-table.ts';

/** Where two people can leave each other word outside any group. */
export interface Meeting {
  readonly secret: Uint8Array;
  readonly host: Hint;
  readonly log: LogId;
}

/** Somebody this person has met, or has accepted an invitation of. */
export interface Contact {
  readonly rootKey: Uint8Array;
  /** as they call themselves */
  readonly name: string;
  /** as this person calls them */
  readonly petname?: string;
  /** the safety numbers were compared */
  readonly verified: boolean;
  readonly blocked: boolean;
  /** an encoded DeviceList, the one with the highest number seen */
  readonly devices: Uint8Array;
  readonly meetings: readonly Meeting[];
  /** of the two of us */
  readonly conversation: ConversationId;
  /** milliseconds since 1970 */
  readonly addedAt: number;
  /** taken out of the list; kept so that the same stranger is not new again */
  readonly removed: boolean;
  /** they used an invitation of ours, and the person here has not said yes yet */
  readonly request?: boolean;
}

export const contactTable: RecordTable<Contact> = recordTable(
  'contacts',
  struct<Contact>({
    rootKey: field(1, bytes(32)),
    name: field(2, text(limits.nameBytes)),
    petname: optional(3, text(limits.nameBytes)),
    verified: field(4, bool()),
    blocked: field(5, bool()),
    devices: field(6, bytes(0, 2048)),
    meetings: field(
      7,
      list(
        struct<Meeting>({
          secret: field(1, bytes(32)),
          host: field(2, hintCodec),
          log: field(3, logIdCodec),
        }),
        16,
      ),
    ),
    conversation: field(8, conversationIdCodec),
    addedAt: field(9, uint(limits.millisecond)),
    removed: field(10, bool()),
    request: optional(11, bool()),
  }),
);

export function contactName(contact: Contact): string {
  return contact.petname ?? contact.name;
}

/** The contact with a newer device list, if this one is newer and its person signed it (rule 26). */
export function withDevices(primitives: Primitives, contact: Contact, devices: Uint8Array): Contact {
  const offered = listIn(primitives, devices);
  if (offered === undefined || !equalBytes(offered.rootKey, contact.rootKey)) return contact;
  const known = contact.devices.length === 0 ? undefined : openDeviceList(primitives, contact.devices);
  return known === undefined || offered.number > known.number ? { ...contact, devices } : contact;
}

/** What somebody offers as their list of devices may be anything. */
function listIn(primitives: Primitives, devices: Uint8Array): ReturnType<typeof openDeviceList> {
  try {
    return openDeviceList(primitives, devices);
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}

/** Does this person's newest list name that device? A list never seen names nobody. */
export function hasDevice(primitives: Primitives, contact: Contact, deviceKey: Uint8Array): boolean {
  if (contact.devices.length === 0) return false;
  return (
    openDeviceList(primitives, contact.devices)?.deviceKeys.some((key) => equalBytes(key, deviceKey)) ?? false
  );
}
