import { memoryStore, openClient, type Client, type ClientStore, type StoreChange } from '@tern/core';
import {
  base32Bytes,
  parseInvitationLink,
  readItem,
  type Item,
  type LogId,
  type RelayId,
  type RelayLink,
} from '@tern/protocol';
import { httpsTransport, nodePrimitives, nodeWorld } from '@tern/reach/node';
import { pieces, plantedText, type Planted } from './planted.ts';

/** One thing a home wrote down. */
interface Written {
  readonly table: string;
  readonly partition: string;
  readonly key: string;
  readonly value: Uint8Array;
}

/** A person whose home is watched while it writes: so a test knows every secret there ever was, also those already forgotten. */
export interface WatchedHome extends AsyncDisposable {
  readonly name: string;
  readonly client: Client;
  readonly written: readonly Written[];
}

export async function watchedHome(name: string, relay?: RelayLink): Promise<WatchedHome> {
  const written: Written[] = [];
  const store = watched(memoryStore({ world: nodeWorld }), written);
  const transport = httpsTransport();
  const client = await openClient({ store, world: nodeWorld, primitives: nodePrimitives, transport });
  await client.init(name);
  if (relay !== undefined) await client.addRelay(relay, { signal: new AbortController().signal });
  return {
    name,
    client,
    written,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      transport[Symbol.dispose]();
    },
  };
}

function watched(store: ClientStore, written: Written[]): ClientStore {
  const noting = (change: StoreChange): StoreChange => ({
    get: (place, key) => change.get(place, key),
    list: (place) => change.list(place),
    delete: (place, key) => change.delete(place, key),
    clear: (place) => change.clear(place),
    put(place, key, value, options) {
      written.push({ ...place, key, value: value.slice() });
      change.put(place, key, value, options);
    },
  });
  return {
    read: (work) => store.read(work),
    change: (work, options) => store.change((change) => work(noting(change)), options),
    changes: (signal) => store.changes(signal),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

/** Tables whose values are nobody's business but the owner's; beside them lies what is on the relay anyway: logs, policies, entries. */
const secretTables: readonly string[] = ['self', 'key-packages', 'log-keys', 'invitations', 'contacts'];
/** Where ids of people, conversations and messages stand. */
const idTables: ReadonlyMap<string, 'key' | 'partition'> = new Map([
  ['contacts', 'key'],
  ['conversations', 'key'],
  ['message-places', 'key'],
  ['received', 'partition'],
] as const);

/**
 * Every secret that this home ever wrote: seeds and keys, private and public; group states; ids that only people of a conversation know.
 * @param relay which knows itself, and the logs it holds
 */
export function secretsOf(home: WatchedHome, relay: RelayId): readonly Planted[] {
  const planted = new Map<string, Planted>();
  const known = new Set([relay, ...logsOf(home)].map((id) => textOf(base32Bytes(id))));
  const plant = (one: Planted): void => {
    if (!known.has(textOf(one.bytes))) planted.set(textOf(one.bytes), one);
  };
  for (const one of home.written) for (const each of secretsIn(one, home.name)) plant(each);
  return [...planted.values(), plantedText('a name', home.name)];
}

function secretsIn({ table, partition, key, value }: Written, name: string): readonly Planted[] {
  const what = `${name}: ${table} ${key.slice(0, 20)}`;
  if (table.startsWith('mls')) return pieces(what, value);
  const planted: Planted[] = [];
  if (secretTables.includes(table)) {
    for (const bytes of byteStrings(readItem(value))) {
      if (bytes.length <= 32) planted.push({ what, bytes });
      else planted.push(...pieces(what, bytes, 32));
    }
  }
  const ids = idTables.get(table);
  if (ids !== undefined)
    planted.push({ what: `${what} (id)`, bytes: base32Bytes(ids === 'key' ? key : partition) });
  return planted;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

/** Byte strings long enough that chance does not write them. */
function byteStrings(item: Item): readonly Uint8Array[] {
  if (item instanceof Uint8Array) return item.length >= 16 ? [item] : [];
  if (item instanceof Map) return [...(item as ReadonlyMap<number, Item>).values()].flatMap(byteStrings);
  return Array.isArray(item) ? (item as readonly Item[]).flatMap(byteStrings) : [];
}

/** What an invitation gives to whoever holds it. */
export function secretsOfInvitation(link: string): readonly Planted[] {
  const { seed, sealingKey, rootKey } = parseInvitationLink(link);
  return [
    { what: "an invitation's seed", bytes: seed },
    { what: "an invitation's sealing key", bytes: sealingKey },
    { what: "the inviter's identity key", bytes: rootKey },
    plantedText('an invitation', link.slice(link.indexOf('#') + 1).slice(0, 60)),
  ];
}

/** The logs this home reads: no secret, and to be found. */
export function logsOf(home: WatchedHome): readonly LogId[] {
  return [...new Set(home.written.filter(({ table }) => table === 'logs').map(({ key }) => key as LogId))];
}

/** The keys around what a log holds, with the log: the last of four that each policy has. */
export function wrapKeysOf(home: WatchedHome): readonly { readonly log: LogId; readonly wrap: Uint8Array }[] {
  return home.written
    .filter(({ table }) => table === 'log-keys')
    .flatMap(({ partition, value }) =>
      byteStrings(readItem(value)).map((keys) => ({ log: partition as LogId, wrap: keys.slice(96, 128) })),
    );
}
