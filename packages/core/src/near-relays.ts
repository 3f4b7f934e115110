import { originOf, type Hint, type Primitives, type World } from '@tern/protocol';
import { openPath, type Dialer, type Path, type Transport } from '@tern/reach';
import type { ClientStore } from './client-store.ts';
import { knownRelayTable } from './followed-log.ts';

export interface NearRelaysParts {
  readonly store: ClientStore;
  readonly world: World;
  readonly primitives: Primitives;
  readonly transport: Transport;
  readonly dialer?: Dialer;
  readonly forward?: (near: Path) => Transport;
}

/** Relays by way of which others can be reached, and the paths to them. */
export interface NearRelays extends AsyncDisposable {
  /** one that this person may use from now on */
  add(hint: Hint): void;
  /** not from now on */
  remove(hint: Hint): void;
  /** those that may be asked to hand on to this relay, or to keep something for it */
  to(far: Hint): readonly Hint[];
  /** leads straight to one of them: what comes by way of another is neither handed on nor kept (rules 29 and 30) */
  path(near: Hint): Path;
}

/**
 * Lets the dialer go by way of every other relay that this person has a link of. Relays that others chose are not asked: they would learn
 * which relays are used here.
 */
export async function openNearRelays(parts: NearRelaysParts): Promise<NearRelays> {
  const { store, world, primitives, dialer, forward } = parts;
  const opened = new Map<string, Path>();
  const kept = await store.read((view) => knownRelayTable.list(view, ''));
  const own = new Map(kept.flatMap(([, { hint }]) => (hint.relay === undefined ? [] : [[hint.relay, hint]])));
  const to = (far: Hint): readonly Hint[] => [...own.values()].filter(({ relay }) => relay !== far.relay);
  const pathOver = (near: Hint, transport: Transport): Path => {
    const known = opened.get(originOf(near) + near.path);
    if (known !== undefined) return known;
    const path = openPath({ hint: near, transport, primitives, world });
    opened.set(originOf(near) + near.path, path);
    return path;
  };
  if (forward !== undefined)
    dialer?.forwardThrough({ nears: to, through: (near, direct) => forward(pathOver(near, direct)) });
  return {
    add(hint) {
      if (hint.relay !== undefined) own.set(hint.relay, hint);
    },
    remove(hint) {
      if (hint.relay !== undefined) own.delete(hint.relay);
    },
    to,
    path: (near) => pathOver(near, dialer?.direct ?? parts.transport),
    async [Symbol.asyncDispose]() {
      await Promise.all([...opened.values()].map((path) => path[Symbol.asyncDispose]()));
    },
  };
}
