import type { EntryId } from '@tern/protocol';
import type { StoreChange } from './client-store.ts';
import { deleteOutgoing, outbox } from './outbox.ts';

/** An entry of ours is on the relay: what waited for that waits no longer. However often it is said, the result is the same. */
export async function settleOwn(change: StoreChange, id: EntryId): Promise<void> {
  for (const [key, outgoing] of await outbox(change)) {
    if (outgoing.sealed?.id === id) deleteOutgoing(change, key);
  }
}
