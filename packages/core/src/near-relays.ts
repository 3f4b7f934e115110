import type { Hint, Primitives, World } from '@tern/protocol';
import { openPath, type Dialer, type Path, type Transport } from '@tern/reach';
import type { ClientStore } from './client-store.ts';
import { knownRelayTable } from './followed-log.ts';

export interface NearRelaysParts {
  readonly store: ClientStore;
  readonly world: World;
  readonly primitives: Primitives;
  readonly dialer?: Dialer;
  readonly forward?: (near: Path) => Transport;
}

/** Relays by way of which others can be reached, and the paths to them. */
export interface NearRelays extends AsyncDisposable {
  /** one that this person may use from now on */
  add(hint: Hint): void;
}

/**
 * Lets the dialer go by way of every other relay that this person has a link of, or that this process works with.
 * @param working relays that this process works with now
 */
export async function openNearRelays(
  { store, world, primitives, dialer, forward }: NearRelaysParts,
  working: () => readonly Hint[],
): Promise<NearRelays> {
  const opened = new Set<Path>();
  const kept =
    dialer === undefined || forward === undefined
      ? []
      : await store.read((view) => knownRelayTable.list(view, ''));
  const own = new Map(kept.flatMap(([, { hint }]) => (hint.relay === undefined ? [] : [[hint.relay, hint]])));
  if (forward !== undefined)
    dialer?.forwardThrough({
      nears(to) {
        const hints = new Map(own);
        for (const hint of working()) if (hint.relay !== undefined) hints.set(hint.relay, hint);
        if (to.relay !== undefined) hints.delete(to.relay);
        return [...hints.values()];
      },
      through(near, direct) {
        const path = openPath({ hint: near, transport: direct, primitives, world });
        opened.add(path);
        return forward(path);
      },
    });
  return {
    add(hint) {
      if (hint.relay !== undefined) own.set(hint.relay, hint);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...opened].map((path) => path[Symbol.asyncDispose]()));
    },
  };
}
