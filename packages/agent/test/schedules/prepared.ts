import { memoryStore, type ClientStore } from '@tern/core';
import type { ConversationId, Hint, PersonId, World } from '@tern/protocol';
import { openMemoryStore, type RelayStore } from '@tern/relay';
import { firstPolicy, TestClient, type MadePolicy } from '@tern/relay/testing';
import { seeded } from '../support/seeded.ts';
import { conversationWith, meet, settle, town, type Resident } from '../support/town.ts';
import { peopleOf, relaysOf, type PersonName, type RelayName, type Scene, type Talk } from './schedule.ts';
import { playGroupPrimitives, playPrimitives } from './play-curves.ts';

type Records = readonly { readonly key: string; readonly value: Uint8Array }[];
type ClientDump = readonly {
  readonly place: { readonly table: string; readonly partition: string };
  readonly records: Records;
}[];
interface RelayDump {
  readonly values: readonly (readonly [Uint8Array, Uint8Array])[];
  readonly secrets: readonly (readonly [string, Uint8Array])[];
  readonly usedBytes: number;
}

/** People who have met, with everything in their stores: made once for each scene, and where every schedule begins. */
export interface Prepared {
  /** ms since 1970 */
  readonly at: number;
  readonly people: ReadonlyMap<PersonName, { readonly id: PersonId; readonly store: ClientDump }>;
  readonly relays: ReadonlyMap<RelayName, { readonly hint: Hint; readonly store: RelayDump }>;
  readonly talks: ReadonlyMap<Talk, ConversationId>;
  /** a log of nobody's, on the first relay, for what is delivered by way of the second */
  readonly letters: MadePolicy;
  readonly card: Uint8Array;
}

/** Of every scene the same one, in every process: all chance comes from one seed. */
export async function prepare(scene: Scene): Promise<Prepared> {
  const chance = seeded(20_261_123);
  const relayNames = relaysOf(scene);
  await using place = await town({
    relays: relayNames.length,
    chance: chance.bytes,
    primitives: playPrimitives,
    groupPrimitives: playGroupPrimitives,
  });
  const homes = new Map<PersonName, { readonly resident: Resident; readonly store: RecordingStore }>();
  for (const name of peopleOf[scene]) {
    const store = recordingStore(memoryStore({ world: place.world }));
    const resident = await place.person(name, { relays: relayNames.map((_, at) => at), store });
    homes.set(name, { resident, store });
  }
  const resident = (name: PersonName): Resident => here(homes.get(name)).resident;
  const everybody = [...homes.values()].map((home) => home.resident);
  const anna = resident('anna');
  const talks = new Map<Talk, ConversationId>();
  for (const name of peopleOf[scene]) {
    if (name === 'anna') continue;
    await meet(anna, resident(name));
    talks.set(`anna-${name}`, await conversationWith(anna, resident(name)));
  }
  if (scene === 'trio') {
    const people = (await anna.client.contacts()).map(({ person }) => person);
    talks.set('group', await anna.client.beginGroup(people));
  }
  await settle(...everybody);
  const [first] = place.relays;
  const letters = firstPolicy({ primitives: playPrimitives, world: place.world, relay: here(first).relay });
  const right = await here(first).relay.newRight();
  await new TestClient(here(first).relay, playPrimitives, place.world).one({
    kind: 'create',
    policy: letters.signed,
    right,
  });
  const people = new Map<PersonName, { readonly id: PersonId; readonly store: ClientDump }>();
  for (const [name, home] of homes)
    people.set(name, {
      id: here(await home.resident.client.me()).person,
      store: await home.store.dump(),
    });
  const relays = new Map<RelayName, { readonly hint: Hint; readonly store: RelayDump }>();
  for (const [at, name] of relayNames.entries()) {
    const { hint, store } = here(place.relays[at]);
    relays.set(name, { hint, store: await dumpRelay(store) });
  }
  return { at: place.world.now(), people, relays, talks, letters, card: here(first).relay.card() };
}

export function here<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('something is not there that must be');
  return value;
}

interface RecordingStore extends ClientStore {
  dump(): Promise<ClientDump>;
}

/** Remembers where something was put, which no view of a store tells. */
function recordingStore(store: ClientStore): RecordingStore {
  const places = new Map<string, ClientDump[number]['place']>();
  return {
    read: (work) => store.read(work),
    change: (work, options) =>
      store.change(
        (change) =>
          work({
            get: (place, key) => change.get(place, key),
            list: (place) => change.list(place),
            delete: (place, key) => change.delete(place, key),
            clear: (place) => change.clear(place),
            put(place, key, value, day) {
              places.set(`${place.table} ${place.partition}`, place);
              change.put(place, key, value, day);
            },
          }),
        options,
      ),
    changes: (signal) => store.changes(signal),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    dump: () =>
      store.read(async (view) => {
        const dump = [];
        for (const place of places.values()) dump.push({ place, records: await view.list(place) });
        return dump;
      }),
  };
}

export async function storeOf(dump: ClientDump, world: Pick<World, 'now'>): Promise<ClientStore> {
  const store = memoryStore({ world });
  await store.change(async (change) => {
    for (const { place, records } of dump)
      for (const { key, value } of records) change.put(place, key, value);
  });
  return store;
}

const lowestKey = new Uint8Array();
const highestKey = new Uint8Array(64).fill(255);

async function dumpRelay(store: RelayStore): Promise<RelayDump> {
  return {
    values: await store.read((view) =>
      view
        .keys(lowestKey, highestKey, Infinity)
        .map((key) => [key.slice(), here(view.get(key)).slice()] as const),
    ),
    secrets: store.secrets.names().map((name) => [name, here(store.secrets.read(name))] as const),
    usedBytes: store.room().usedBytes,
  };
}

export async function relayStoreOf(dump: RelayDump): Promise<RelayStore> {
  const store = openMemoryStore();
  await store.write((transaction) => {
    for (const [key, value] of dump.values) transaction.put(key, value);
    transaction.charge(dump.usedBytes);
  });
  for (const [name, value] of dump.secrets) store.secrets.write(name, value);
  return store;
}
