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
  /** not from now on */
  remove(hint: Hint): void;
}

/**
 * Lets the dialer go by way of every other relay that this person has a link of. Relays that others chose are not asked: they would learn
 * which relays are used here.
 */
export async function openNearRelays(parts: NearRelaysParts): Promise<NearRelays> {
  const { store, world, primitives, dialer, forward } = parts;
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
    remove(hint) {
      if (hint.relay !== undefined) own.delete(hint.relay);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...opened].map((path) => path[Symbol.asyncDispose]()));
    },
  };
}
