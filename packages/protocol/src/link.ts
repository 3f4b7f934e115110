import { base64url, base64urlBytes } from './bytes.ts';
import {
  bool,
  bytes,
  decode,
  encode,
  field,
  list,
  optional,
  struct,
  text,
  uint,
  type Codec,
} from './codec.ts';
import { MalformedError } from './errors.ts';
import { relayIdCodec, type RelayId } from './ids.ts';
import { addressForm, pathForm } from './hint-form.ts';
import { limits } from './limits.ts';
import { signedCodec, type Signed } from './signed.ts';

/** Enough to reach a relay for the first time (rule 3): at most 100 B encoded. */
export interface Hint {
  /** absent only where a person chose to trust what answers */
  readonly relay?: RelayId;
  /** a name or an address, as in a URL's host: an IPv6 address in brackets */
  readonly address: string;
  readonly port: number;
  readonly tls: boolean;
  /** the secret path, one segment */
  readonly path: string;
}

const hintFields: Codec<Hint> = struct<Hint>({
  relay: optional(1, relayIdCodec),
  address: field(2, text(64, addressForm)),
  port: field(3, uint(65_535)),
  tls: field(4, bool()),
  path: field(5, text(32, pathForm)),
});

/** @throws {MalformedError} for a hint that is no address of a relay or longer than 100 B */
export function checkHint(hint: Hint): Hint {
  if (hint.port < 1) throw new MalformedError('not a port');
  if (encode(hintFields, hint).length > limits.hintBytes) throw new MalformedError('hint is too long');
  return hint;
}

/** Checked wherever one is read, because a device will dial what it says. */
export const hintCodec: Codec<Hint> = {
  toItem: (hint) => hintFields.toItem(checkHint(hint)),
  fromItem: (item) => checkHint(hintFields.fromItem(item)),
  shape: hintFields.shape,
};

/** `http(s)://address:port`, without the secret path. */
export function originOf(hint: Hint): string {
  return `${hint.tls ? 'https' : 'http'}://${hint.address}:${hint.port}`;
}

/**
 * Behind the secret path of a POST: the relay closes the connection with its answer. A browser cannot ask for that in a header without
 * asking for leave first.
 */
export const lastOfConnection = '?last';

/** Lets a device use a relay: how to reach it, and a right to store there. `npm start` prints it. */
export interface RelayLink {
  readonly hint: Hint;
  /** 16 bytes; absent where the relay is only read and written, not stored at */
  readonly right?: Uint8Array;
  /** the secret path under which that relay serves the app, one segment; stands in the link's URL and not in what is encoded */
  readonly app?: string;
}

export const relayLinkCodec: Codec<RelayLink> = struct<Omit<RelayLink, 'app'>>({
  hint: field(1, hintCodec),
  right: optional(2, bytes(16)),
});

/**
 * What one person hands another (rule 3): who they are, where their inbox is, and a right to write to it once.
 * The holder of the link can use it up, and can read nothing with it.
 */
export interface InvitationLink {
  /** the inviter's root key, Ed25519 */
  readonly rootKey: Uint8Array;
  readonly name: string;
  /** the right to append to the inviter's inbox, naming that log */
  readonly capability: Signed;
  /** seed of the capability's key */
  readonly seed: Uint8Array;
  /** X25519, to which the acceptance is sealed; its private half never leaves the inviter */
  readonly sealingKey: Uint8Array;
  /** relays that hold the inbox; the pair's log will live on the first */
  readonly hosts: readonly Hint[];
  /** ways in for this invitee only */
  readonly doors: readonly Hint[];
  /** as in a relay link: with it the first host shows the app to whoever opens the invitation in a browser */
  readonly app?: string;
}

export const invitationLinkCodec: Codec<InvitationLink> = struct<Omit<InvitationLink, 'app'>>({
  rootKey: field(1, bytes(32)),
  name: field(2, text(limits.nameBytes)),
  capability: field(3, signedCodec),
  seed: field(4, bytes(32)),
  sealingKey: field(5, bytes(32)),
  hosts: field(6, list(hintCodec, 2)),
  doors: field(7, list(hintCodec, 2)),
});

function formatLink<T extends { readonly app?: string }>(
  codec: Codec<T>,
  value: T,
  place: { readonly origin: string; readonly mark: string },
): string {
  const { app } = value;
  if (app !== undefined && !pathForm.test(app)) throw new MalformedError('not a path of an app');
  const secret = `#${place.mark}${base64url(encode(codec, value))}`;
  const bare = `${place.origin}/${secret}`;
  if (bare.length > limits.linkCharacters) throw new MalformedError('link is too long');
  // whoever pastes it needs no app path, and an invitation that opens nothing by a click is better than none
  const fits = app !== undefined && bare.length + app.length + 1 <= limits.linkCharacters;
  return fits ? `${place.origin}/${app}/${secret}` : bare;
}

const appForm = /^https?:\/\/[^/?#\s]+\/([a-zA-Z0-9_-]{1,32})\/$/u;

function parseLink<T extends { readonly app?: string }>(codec: Codec<T>, link: string, mark: string): T {
  const trimmed = link.trim();
  if (trimmed.length > limits.linkCharacters) throw new MalformedError('link is too long');
  const start = trimmed.indexOf('#');
  const fragment = start < 0 ? trimmed : trimmed.slice(start + 1);
  if (!fragment.startsWith(mark)) throw new MalformedError('not such a link');
  const value = decode(codec, base64urlBytes(fragment.slice(1)));
  const app = appForm.exec(trimmed.slice(0, Math.max(0, start)))?.[1];
  return app === undefined ? value : { ...value, app };
}

/** Whether a text is a relay link, an invitation, or neither; says nothing of whether it is whole. */
export function linkKind(link: string): 'relay' | 'invitation' | undefined {
  const fragment = link.trim().slice(link.trim().indexOf('#') + 1);
  if (fragment.startsWith('r')) return 'relay';
  return fragment.startsWith('i') ? 'invitation' : undefined;
}

/** @throws {MalformedError} */
export function formatRelayLink(link: RelayLink): string {
  return formatLink(relayLinkCodec, link, { origin: originOf(link.hint), mark: 'r' });
}

/** @throws {MalformedError} for anything but a whole relay link */
export function parseRelayLink(text: string): RelayLink {
  return parseLink(relayLinkCodec, text, 'r');
}

/** At most 800 characters, so that it fits a QR code; where the app's path would not fit, it is left out. @throws {MalformedError} */
export function formatInvitationLink(link: InvitationLink): string {
  const [host] = link.hosts;
  if (host === undefined) throw new MalformedError('an invitation names at least one host');
  return formatLink(invitationLinkCodec, link, { origin: originOf(host), mark: 'i' });
}

/** @throws {MalformedError} for anything but a whole invitation */
export function parseInvitationLink(text: string): InvitationLink {
  const link = parseLink(invitationLinkCodec, text, 'i');
  if (link.hosts.length === 0) throw new MalformedError('an invitation names at least one host');
  return link;
}
