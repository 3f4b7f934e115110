import { memoryStore, type ClientStore, type MessageStatus } from '@tern/core';
import { deferredTable } from '@tern/core/testing';
import type { MessageId } from '@tern/protocol';
import { openPath } from '@tern/reach';
import { nodePrimitives } from '@tern/reach/node';
import { expect } from 'vitest';
import { meet, say, settle, soon, town, type Resident, type Town, type TownRelay } from './town.ts';

/** Their conversation lies on the first relay; Anna's own are the others. */
export interface Border extends AsyncDisposable {
  readonly place: Town;
  readonly anna: Resident;
  readonly boris: Resident;
  readonly far: TownRelay;
  readonly near: TownRelay;
  readonly store: ClientStore;
}

export async function border(options: Parameters<typeof town>[0] = {}): Promise<Border> {
  const place = await town({ relays: 2, handOn: true, ...options });
  const [far, near] = place.relays;
  if (far === undefined || near === undefined) throw new Error('no relays');
  const store = memoryStore({ world: place.world });
  const own = place.relays.flatMap((_, at) => (at === 0 ? [] : [at]));
  const anna = await place.person('Anna', { relays: own, store });
  const boris = await place.person('Boris', { relays: [0] });
  await meet(boris, anna);
  await say(anna, boris, 'before');
  await settle(anna, boris);
  return {
    place,
    anna,
    boris,
    far,
    near,
    store,
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  };
}

/** Nobody inside reaches the first relay, and no relay inside does. */
export function cut({ far }: Border, options: { readonly relaysToo?: boolean } = {}): void {
  far.up = false;
  far.upForRelays = options.relaysToo === false;
}

/** What a command does that does not stay online. */
export async function once({ client }: Resident): Promise<void> {
  await client.sync({ signal: soon });
  await client.handOver({ signal: soon });
}

export async function status({ client }: Resident, id: string): Promise<MessageStatus | undefined> {
  return (await client.message(id as MessageId))?.status;
}

/** of the first message that is kept */
export async function ticketOf({ store }: Resident): Promise<Uint8Array> {
  const [kept] = await store.read((view) => deferredTable.list(view, ''));
  if (kept === undefined) throw new Error('nothing is kept');
  return kept[1].ticket;
}

/** @returns what the near relay says to somebody with a ticket */
export async function atNear(
  { place, near }: Border,
  kind: 'collect' | 'forget',
  ticket: Uint8Array,
): Promise<unknown> {
  const { transport, world } = place;
  await using path = openPath({ hint: near.hint, transport, primitives: nodePrimitives, world });
  const { results } = await path.exchange([{ operation: { kind, ticket } }], { signal: soon });
  return results[0]?.at(-1)?.kind;
}

/** Lets relays hand on what is due by then. */
export async function later({ place, far }: Border, ms: number): Promise<void> {
  const before = far.exchanges;
  place.world.move(ms);
  if (far.upForRelays) await expect.poll(() => far.exchanges).toBeGreaterThan(before);
}
