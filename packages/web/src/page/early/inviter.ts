import { addressForm, base32, pathForm, readItem, type Item } from '@tern/protocol';

/** Who wrote an invitation, as the invitation says. Nothing of it is checked: that is the engine's to do before anything is sealed. */
export interface Inviter {
  readonly name: string;
  /** person id: decides the colour of what stands for them */
  readonly person: string;
  /** URL at which the relay of their inbox takes requests */
  readonly relay: string;
}

/**
 * Reads what the first screen needs of an invitation (rule 3), without the codecs of the wire that it has no room for.
 * @param link whole. @returns undefined for anything but an invitation
 */
export async function inviterOf(link: string): Promise<Inviter | undefined> {
  const [, fragment] = /#i([\w-]+)$/u.exec(link) ?? [];
  if (fragment === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(fragment.replaceAll('-', '+').replaceAll('_', '/')), (one) =>
      one.charCodeAt(0),
    );
    const invitation = readItem(bytes);
    const [rootKey, name, hosts] = [1, 2, 6].map((key) => at(invitation, key));
    const [address, port, tls, path] = [2, 3, 4, 5].map((key) => at(at(hosts, 0), key));
    if (!(rootKey instanceof Uint8Array) || rootKey.length !== 32 || typeof name !== 'string')
      return undefined;
    if (typeof address !== 'string' || typeof port !== 'number' || typeof path !== 'string') return undefined;
    // nothing else is asked than what the engine would ask
    if (!addressForm.test(address) || !pathForm.test(path)) return undefined;
    const relay = `http${tls === true ? 's' : ''}://${address}:${port}/${path}`;
    return { name, person: await personOf(rootKey), relay };
  } catch {
    return undefined;
  }
}

/** Of a map or a list. */
function at(item: Item | undefined, key: number): Item | undefined {
  if (item instanceof Map) return (item as ReadonlyMap<number, Item>).get(key);
  return Array.isArray(item) ? (item as readonly Item[])[key] : undefined;
}

/** As the protocol makes it (rule 34). */
async function personOf(rootKey: Uint8Array): Promise<string> {
  const named = new Blob([
    'tern/1 person\0',
    Uint8Array.of(0, 0, 0, rootKey.length),
    new Uint8Array(rootKey),
  ]);
  return base32(new Uint8Array(await crypto.subtle.digest('SHA-256', await named.arrayBuffer())));
}

/**
 * Asks a relay for its card as the engine would (rule 1), while the engine is still on its way.
 * @returns the answer as it came, for the engine to look at; undefined where there was none of a card's size
 */
export async function introductionOf(relay: string): Promise<Uint8Array | undefined> {
  try {
    const response = await fetch(relay, {
      method: 'POST',
      body: new Uint8Array(),
      cache: 'no-store',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      redirect: 'manual',
      signal: AbortSignal.timeout(longestWaitMs),
    });
    // a relay says how long its card is
    const length = Number(response.headers.get('content-length') ?? Infinity);
    if (response.status !== 200 || length > longestCard) return undefined;
    return new Uint8Array(await response.arrayBuffer());
  } catch {
    return undefined;
  }
}

/** bytes, with what an answer has around it */
const longestCard = 4096;
const longestWaitMs = 20_000;
