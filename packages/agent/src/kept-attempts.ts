import { StorageError, type Client, type ClientStore } from '@tern/core';
import { decode, encode, MalformedError, type Hint, type World } from '@tern/protocol';
import type { Transport } from '@tern/reach';
import type { Observation } from '@tern/reach/diagnosis';
import { keptAttemptsCodec, keptAttemptsMs, stillTelling, type KeptAttempts } from '@tern/reach/node';

const place = { table: 'attempts', partition: '' } as const;
const key = 'last';
/** `tern run` may go on for days, and whoever asks meanwhile asks from another process. */
const betweenSavesMs = 60_000;

/** What tells the network this device is in, as its way book does. */
type Places = Pick<Transport, 'vantage'>;

/** By the clock of `now`; nothing where they are too old, of another network, or of a clock that was set back. */
export async function keptAttempts(
  store: ClientStore,
  at: { readonly network: string; readonly now: number },
): Promise<readonly Observation[]> {
  const kept = await readKept(store);
  return kept === undefined ? [] : stillTelling(kept, at);
}

export function networkOf(transport: Places, hosts: readonly Hint[]): string {
  const [first] = hosts;
  return (first === undefined ? undefined : transport.vantage?.(first)?.network) ?? '';
}

/**
 * Keeps a client's attempts of the last ten minutes for whoever diagnoses in another process, where something hindered them: every minute, and
 * when this is disposed of, which must be before the client is. Where all is well nothing is kept, and what is too old is deleted.
 */
export function keepAttempts(parts: {
  readonly store: ClientStore;
  readonly world: World;
  readonly transport: Places;
  readonly client: Pick<Client, 'observations' | 'hindered' | 'hosts'>;
}): AsyncDisposable {
  const { store, world, client, transport } = parts;
  const closing = new AbortController();
  let network: string | undefined;
  /** by the clock of the observations: what was seen before it was saved already, or in another network */
  let doneAt = -Infinity;
  let forgetAt = world.now() + keptAttemptsMs;

  /** What is too old is of no use to anybody who would find it. */
  const forget = async (): Promise<void> => {
    if (world.now() < forgetAt) return;
    forgetAt = Infinity;
    if ((await readKept(store)) !== undefined)
      await store.change(async (change) => change.delete(place, key));
  };
  const save = async (): Promise<void> => {
    const { now: seenAt, observations } = client.observations();
    const fresh = observations.filter(({ endedAt }) => endedAt > doneAt);
    if (fresh.length === 0) {
      await forget();
      return;
    }
    const here = networkOf(transport, await client.hosts());
    const moved = network !== undefined && network !== here;
    network = here;
    doneAt = seenAt;
    if (moved || here === '') return;
    const now = world.now();
    const kept = await readKept(store);
    const telling = kept === undefined ? [] : stillTelling(kept, { network: here, now });
    if (!client.hindered() && telling.length === 0) {
      if (kept !== undefined) await store.change(async (change) => change.delete(place, key));
      return;
    }
    const shifted = fresh.map((one) => ({
      ...one,
      beganAt: one.beganAt + now - seenAt,
      endedAt: one.endedAt + now - seenAt,
    }));
    const both = [...telling, ...shifted].toSorted((a, b) => a.endedAt - b.endedAt);
    const record = { network: here, savedAt: now, observations: both };
    await store.change(async (change) => change.put(place, key, encode(keptAttemptsCodec, record)));
    forgetAt = now + keptAttemptsMs;
  };
  const saveCalmly = async (): Promise<void> => {
    try {
      await save();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error; // it is seen anew
    }
  };
  const saving = (async (): Promise<void> => {
    for (;;) {
      try {
        await world.wait(betweenSavesMs, { signal: closing.signal });
      } catch {
        return;
      }
      await saveCalmly();
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      closing.abort();
      await saving;
      await saveCalmly();
    },
  };
}

async function readKept(store: ClientStore): Promise<KeptAttempts | undefined> {
  const value = await store.read((view) => view.get(place, key));
  try {
    return value === undefined ? undefined : decode(keptAttemptsCodec, value);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return undefined;
  }
}
