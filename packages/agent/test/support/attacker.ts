import {
  activeLog,
  contactTable,
  conversationTable,
  type Engine,
  followedLogTable,
  type GroupSession,
  logKeysAt,
  makeEntry,
  openEngine,
  openSession,
  putOutgoing,
  saveSession,
  selfOf,
  type StoreChange,
} from '@tern/core/testing';
import {
  base32Bytes,
  encode,
  encodeParcel,
  frameCodec,
  type ConversationId,
  type Frame,
  type Load,
  type Parcel,
  type PersonId,
} from '@tern/protocol';
import { nodePrimitives } from '@tern/reach/node';
import { nodeGroupPrimitives } from '../../src/group-primitives.ts';
import type { Resident, Town } from './town.ts';

/** A member or contact whose program obeys no rule: it holds what every member holds, and sends what it likes. */
export interface Attacker {
  readonly engine: Engine;
  /** a frame of any content in the group of a conversation; it leaves with the next sync of the resident */
  frame(conversation: ConversationId, load: Load, number: number): Promise<void>;
  /** bytes of any kind in place of a frame */
  raw(conversation: ConversationId, frame: Uint8Array): Promise<void>;
  /** a parcel of any content in the meeting log with a contact */
  parcel(person: PersonId, content: Partial<Parcel> & Pick<Parcel, 'conversation'>): Promise<void>;
}

export async function attacker(place: Town, resident: Resident): Promise<Attacker> {
  const engine = await openEngine({
    store: resident.store,
    world: place.world,
    primitives: nodePrimitives,
    transport: place.transport,
    groupPrimitives: nodeGroupPrimitives,
  });
  const raw = async (conversation: ConversationId, frame: Uint8Array): Promise<void> =>
    resident.store.change(async (change) => {
      const session = await sessionOf(engine, change, conversation);
      const { followed } = session;
      const keys = await logKeysAt(change, followed.log, followed.number);
      if (keys === undefined) throw new Error('no keys');
      const { message, next } = await engine.groups.sealMessage(
        session.group,
        frame,
        base32Bytes(followed.log),
      );
      session.group = next;
      const made = makeEntry(engine, followed.log, { wrap: keys.wrap, plaintext: message });
      await putOutgoing(change, {
        kind: 'entry',
        sealed: {
          ...made,
          log: followed.log,
          host: followed.host,
          number: followed.number,
          seed: keys.append,
        },
      });
      await saveSession(engine, change, session);
    });
  return {
    engine,
    raw,
    frame: async (conversation, load, number) => {
      const frame: Frame = {
        number,
        seen: [0, new Uint8Array(8)],
        policy: 0,
        authenticator: new Uint8Array(8),
        load,
      };
      await raw(conversation, encode(frameCodec, frame));
    },
    parcel: async (person, content) =>
      resident.store.change(async (change) => {
        const self = await selfOf(engine, change);
        const meeting = (await contactTable.get(change, '', person))?.meetings.at(-1);
        const followed =
          meeting === undefined ? undefined : await followedLogTable.get(change, '', meeting.log);
        if (followed === undefined) throw new Error('no meeting');
        const keys = await logKeysAt(change, followed.log, 0);
        if (keys === undefined) throw new Error('no keys');
        const parcel: Parcel = {
          certificate: self.certificate,
          devices: self.devices,
          name: self.name,
          ...content,
        };
        const plaintext = encodeParcel(engine.primitives, parcel, self.deviceSeed);
        const made = makeEntry(engine, followed.log, { wrap: keys.wrap, plaintext });
        await putOutgoing(change, {
          kind: 'entry',
          sealed: { ...made, log: followed.log, host: followed.host, number: 0, seed: keys.append },
        });
      }),
  };
}

export async function sessionOf(
  engine: Engine,
  change: StoreChange,
  id: ConversationId,
): Promise<GroupSession> {
  const conversation = await conversationTable.get(change, '', id);
  const log = conversation === undefined ? undefined : activeLog(conversation);
  const session = log === undefined ? undefined : await openSession(engine, change, log);
  if (session === undefined) throw new Error('no group');
  return session;
}
