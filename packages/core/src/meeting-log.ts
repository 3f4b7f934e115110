import { encodeParcel, type Hint, type Parcel, type PersonId, type RelayId } from '@tern/protocol';
import type { StoreChange } from './client-store.ts';
import type { Meeting } from './contact.ts';
import { selfOf, type Engine } from './engine.ts';
import { followedLogTable, keepLogKeys, logKeysAt, type FollowedLog } from './followed-log.ts';
import { meetingLog } from './log-keys.ts';
import { rememberOwnEntry, type SealedEntry } from './outbox.ts';
import { makeEntry } from './sealed-entry.ts';

/** Follows the meeting log of a secret, from either side. @param options.create whether this side begins it on the relay */
export async function followMeeting(
  engine: Engine,
  change: StoreChange,
  meeting: {
    readonly secret: Uint8Array;
    readonly host: Hint;
    readonly relay: RelayId;
    readonly person: PersonId;
  },
  options: { readonly create: boolean },
): Promise<Meeting> {
  const own = meetingLog(engine.primitives, meeting.relay, meeting.secret);
  const known = await followedLogTable.get(change, '', own.log);
  if (known === undefined) {
    followedLogTable.put(change, '', own.log, {
      log: own.log,
      kind: 'meeting',
      host: meeting.host,
      firstPolicy: own.firstPolicy,
      policy: own.firstPolicy.payload,
      number: 0,
      cursor: 0,
      toCreate: options.create,
      person: meeting.person,
      ended: false,
      revoked: [],
    });
    keepLogKeys(change, own.log, { number: 0, keys: own.keys });
  }
  return { secret: meeting.secret, host: meeting.host, log: own.log };
}

/** A parcel of ours for a meeting log, signed by this device. */
export async function parcelEntry(
  engine: Engine,
  change: StoreChange,
  meeting: FollowedLog,
  content: Pick<Parcel, 'conversation' | 'welcome' | 'rejoin'>,
): Promise<SealedEntry> {
  const self = await selfOf(engine, change);
  const keys = await logKeysAt(change, meeting.log, 0);
  if (keys === undefined) throw new TypeError('a meeting without its keys');
  const parcel: Parcel = {
    certificate: self.certificate,
    devices: self.devices,
    name: self.name,
    ...content,
  };
  const plaintext = encodeParcel(engine.primitives, parcel, self.deviceSeed);
  const made = makeEntry(engine, meeting.log, { wrap: keys.wrap, plaintext });
  rememberOwnEntry(change, meeting.log, made.id);
  return { ...made, log: meeting.log, host: meeting.host, number: 0, seed: keys.append };
}
