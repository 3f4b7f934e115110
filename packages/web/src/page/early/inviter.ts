import { base32 } from '@tern/protocol';

/** Who wrote an invitation, as the invitation says. Nothing of it is checked: that is the engine's to do before anything leaves. */
export interface Inviter {
  readonly name: string;
  /** person id: decides the colour of what stands for them */
  readonly person: string;
}

/** A map of seven whose key 1 is a root key of 32 bytes and whose key 2 is a text, as `link.ts` of the protocol lays it out (rule 3). */
const beforeKey = [0xa7, 0x01, 0x58, 0x20];
const keyBytes = 32;
const shortText = 0x60;
const countedText = 0x78;

/**
 * Reads the beginning of an invitation, without the codecs of the wire that the first screen has no room for.
 * @param link whole. @returns undefined for anything but an invitation that begins as they all do
 */
export async function inviterOf(link: string): Promise<Inviter | undefined> {
  const [, fragment] = /#i([\w-]+)$/u.exec(link) ?? [];
  if (fragment === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(fragment.replaceAll('-', '+').replaceAll('_', '/')), (one) =>
      one.charCodeAt(0),
    );
    const keyAt = beforeKey.length;
    const nameAt = keyAt + keyBytes;
    if (!beforeKey.every((byte, at) => bytes[at] === byte) || bytes[nameAt] !== 2) return undefined;
    const [head = 0, counted = 0] = bytes.subarray(nameAt + 1);
    const from = nameAt + (head === countedText ? 3 : 2);
    const length = head === countedText ? counted : head - shortText;
    if (length < 0 || (head !== countedText && length > 23) || from + length > bytes.length) return undefined;
    const name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      bytes.subarray(from, from + length),
    );
    return { name, person: await personOf(bytes.subarray(keyAt, nameAt)) };
  } catch {
    return undefined;
  }
}

/** As the protocol makes it (rule 34). */
async function personOf(rootKey: Uint8Array): Promise<string> {
  const named = new Blob(['tern/1 person\0', Uint8Array.of(0, 0, 0, keyBytes), new Uint8Array(rootKey)]);
  return base32(new Uint8Array(await crypto.subtle.digest('SHA-256', await named.arrayBuffer())));
}
