import { openDB } from 'idb';

type Bytes = Uint8Array<ArrayBuffer>;

/** Every key and row of a store's database, as a stock tool sees them. Only while the store is closed. */
export async function rawRows(name: string): Promise<readonly (readonly [key: Bytes, row: Bytes])[]> {
  const database = await openDB(name);
  try {
    const [keys, rows] = await Promise.all([
      database.getAllKeys('records'),
      database.getAll('records') as Promise<Bytes[]>,
    ]);
    return rows.map((row, at) => [new Uint8Array(keys[at] as ArrayBuffer), row] as const);
  } finally {
    database.close();
  }
}

/** Writes past the store. */
export async function putRow(name: string, key: Bytes, row: unknown): Promise<void> {
  const database = await openDB(name);
  try {
    await database.put('records', row, key);
  } finally {
    database.close();
  }
}

export function same(found: unknown, wanted: unknown): void {
  if (!Object.is(found, wanted)) throw new Error(`found ${String(found)}, wanted ${String(wanted)}`);
}

export async function thrownBy(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
}
