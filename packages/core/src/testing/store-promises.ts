import { utf8 } from '@tern/protocol';
import type { ClientStore, Place, StoreChange, StoreRecord } from '../client-store.ts';

/** A suite's tests by name; each gets an empty store. */
export type Promises = Readonly<Record<string, (store: ClientStore) => Promise<void>>>;

export const here: Place = { table: 'messages', partition: 'birds/1' };
export const elsewhere: Place = { table: 'messages', partition: 'birds/2' };

export async function addOne(change: StoreChange): Promise<void> {
  const count = Number(text(await change.get(here, 'count')) ?? '0');
  change.put(here, 'count', utf8(`${count + 1}`));
}

export async function textAt(store: ClientStore, place: Place, key: string): Promise<string | undefined> {
  return store.read(async (view) => text(await view.get(place, key)));
}

export function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

export function keys(records: readonly StoreRecord[]): string {
  return records.map(({ key }) => key).join(' ');
}

export async function thrownBy(work: PromiseLike<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
}

export function same(found: unknown, wanted: unknown): void {
  if (!Object.is(found, wanted)) throw new Error(`found ${String(found)}, wanted ${String(wanted)}`);
}
