import { readFileSync } from 'node:fs';
import {
  base64url,
  checkHint,
  formatRelayLink,
  limits as wireLimits,
  MalformedError,
  peerPathOf,
  UsageError,
  type Hint,
  type Primitives,
  type World,
} from '@tern/protocol';
import type { CertificatePair } from './certificates.ts';
import { nodeForwarder } from './forward/open-forwarder.ts';
import { lockFolder } from './folder-lock.ts';
import { serve } from './http-server.ts';
import { listenAddresses } from './listening.ts';
import { openLmdbStore } from './lmdb-store.ts';
import { readPageFiles } from './page-files.ts';
import type { LogSink } from './relay-log.ts';
import { openRelay, type Relay } from './relay.ts';
import { limitsWith, type RelayLimits } from './limits-table.ts';
import type { SecretBox } from './store.ts';

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

export interface RunOptions {
  /** folder of everything this relay is and holds; made when it is missing */
  readonly data: string;
  /** where it listens, as {@link listenAddresses} reads both; 127.0.0.1, port 7700 unless told */
  readonly listen?: readonly string[];
  readonly ports?: readonly number[];
  /**
   * how others reach it, each as `https://name:port`. The first stands in the link, all in the card; without any the link names where it
   * listens first
   */
  readonly publicUrls?: readonly string[];
  /** files in PEM, for TLS; the first pair is also for clients that name no server */
  readonly certificates?: readonly CertificateFiles[];
  /** folder of the built app; without it the relay serves none */
  readonly web?: string;
  readonly limits?: Partial<RelayLimits>;
  /** false: nothing is handed on to other relays, and other relays hand on nothing here */
  readonly forward?: boolean;
  /** hands on to private and loopback addresses too, and to this machine's own; for relays of one network */
  readonly forwardToPrivate?: boolean;
  readonly log?: LogSink;
  /** ends it */
  readonly signal: AbortSignal;
  readonly world: World;
  readonly primitives: Primitives;
  /** takes the lines for the operator */
  readonly print: (line: string) => void;
}

const pathName = 'path';
const rightName = 'right';
const appName = 'app-path';
const pathBytes = 16;
/** what a card of 2,048 B has left for its endpoints beside eight keys */
const publicCharacters = 1400;
const sweepEveryMs = 600_000;
const deliverAgainMs = 30_000;

/**
 * A relay as an operator runs it: identity, secret path and admission right stay in the data folder, so the second start prints the
 * same link. Returns after the signal, when everything waiting was answered and everything is on disk.
 * @throws {UsageError} for a folder, port, certificate or address that cannot be used
 */
export async function runRelay(options: RunOptions): Promise<void> {
  const { data, signal, world, primitives, print } = options;
  const limits = limitsWith(options.limits);
  const [address, ...also] = listenAddresses({ listen: options.listen ?? [], ports: options.ports ?? [] });
  const publicOrigins = publicOriginsOf(options.publicUrls ?? []);
  const [origin] = publicOrigins;
  const tls = (options.certificates ?? []).map(readPair);
  const file = options.web === undefined ? undefined : readPageFiles(options.web);
  const forwards = options.forward !== false;
  using _lock = lockFolder(data);
  await using store = await openLmdbStore({ dir: data, roomBytes: limits.diskBytes });
  await using relay = await openRelay({
    store,
    world,
    primitives,
    limits,
    card: { endpoints: publicOrigins.map(({ text }) => text) },
    ...(forwards && { forwarder: nodeForwarder({ alsoPrivate: options.forwardToPrivate === true }) }),
    ...(options.log === undefined ? {} : { log: options.log }),
  });
  const path = keptSecret(store.secrets, pathName, () => world.randomBytes(pathBytes));
  const app =
    file === undefined
      ? undefined
      : base64url(keptSecret(store.secrets, appName, () => world.randomBytes(pathBytes)));
  const linked = origin && hintOf(relay, origin, base64url(path));
  const right = store.secrets.read(rightName) ?? (await keepRight(store.secrets, relay));
  const [firstPair, ...otherPairs] = tls;
  await using server = await serve(relay, {
    ...address,
    also,
    path: base64url(path),
    ...(forwards && { peerPath: peerPathOf(primitives, base64url(path)) }),
    signal,
    ...(firstPair === undefined ? {} : { tls: [firstPair, ...otherPairs] }),
    ...(app === undefined || file === undefined ? {} : { page: { path: app, file } }),
    ...(options.log === undefined ? {} : { log: options.log }),
  });
  const hint = linked ?? hintOf(relay, publicOrigin(server.origin), base64url(path));
  for (const each of server.origins) print(`address: ${each}`);
  print(`relay link: ${formatRelayLink({ hint, right, ...(app === undefined ? {} : { app }) })}`);
  for (const { tls: secure, host, text } of publicOrigins) {
    if (secure && !server.certifies(host)) print(`note: no certificate given here is for ${text}`);
  }
  if (app !== undefined) print('open that link in a browser to use Tern there');
  await Promise.all([sweepUntil(relay, options), deliverUntil(relay, options)]);
  await server.ended;
}

function readPair({ cert, key }: CertificateFiles): CertificatePair {
  try {
    return { cert: readFileSync(cert), key: readFileSync(key) };
  } catch (cause) {
    throw new UsageError(`the certificate or its key cannot be read: ${cert}, ${key}`, { cause });
  }
}

function keptSecret(secrets: SecretBox, name: string, make: () => Uint8Array): Uint8Array {
  const kept = secrets.read(name);
  if (kept !== undefined) return kept;
  const made = make();
  secrets.write(name, made);
  return made;
}

async function keepRight(secrets: SecretBox, relay: Relay): Promise<Uint8Array> {
  const right = await relay.newRight();
  secrets.write(rightName, right);
  return right;
}

async function sweepUntil(relay: Relay, { signal, world, log }: RunOptions): Promise<void> {
  while (!signal.aborted) {
    try {
      await relay.sweep({ signal });
      await world.wait(sweepEveryMs, { signal });
    } catch (cause) {
      if (signal.aborted) return;
      log?.({ event: 'failed', doing: 'sweep', error: cause instanceof Error ? cause.name : 'unknown' });
      await world.wait(sweepEveryMs, { signal }).catch(() => {});
    }
  }
}

async function deliverUntil(relay: Relay, { signal, world, log }: RunOptions): Promise<void> {
  while (!signal.aborted) {
    try {
      await relay.deliver({ signal });
      return;
    } catch (cause) {
      if (signal.aborted) return;
      log?.({ event: 'failed', doing: 'deliver', error: cause instanceof Error ? cause.name : 'unknown' });
      await world.wait(deliverAgainMs, { signal }).catch(() => {});
    }
  }
}

interface PublicOrigin {
  /** with its port, also where that is the scheme's own */
  readonly text: string;
  /** as a hint has it: IPv6 in brackets */
  readonly address: string;
  /** as a certificate has it: IPv6 without */
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

function hintOf(relay: Relay, { address, port, tls, text }: PublicOrigin, path: string): Hint {
  try {
    return checkHint({ relay: relay.id, address, port, tls, path });
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause;
    throw new UsageError(`${text} is too long for a link; a shorter one must come first`, { cause });
  }
}

function publicOriginsOf(texts: readonly string[]): readonly PublicOrigin[] {
  if (texts.length > wireLimits.endpoints)
    throw new UsageError(`a relay has at most ${wireLimits.endpoints} public addresses`);
  const origins = texts.map(publicOrigin);
  const twice = origins.find(({ text }, at) => origins.findIndex((one) => one.text === text) < at);
  if (twice !== undefined) throw new UsageError(`the public address ${twice.text} is given twice`);
  if (origins.reduce((sum, { text }) => sum + text.length, 0) > publicCharacters)
    throw new UsageError(`all public addresses together have at most ${publicCharacters} characters`);
  return origins;
}

function publicOrigin(given: string): PublicOrigin {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (
    url === undefined ||
    (url.protocol !== 'https:' && url.protocol !== 'http:') ||
    url.pathname !== '/' ||
    `${url.username}${url.password}${url.search}${url.hash}` !== ''
  )
    throw new UsageError(`the public address must look like https://name:port, which "${given}" does not`);
  const tls = url.protocol === 'https:';
  const port = url.port === '' ? (tls ? 443 : 80) : Number(url.port);
  const address = url.hostname;
  if (port === 0) throw new UsageError('the port of a public address is a number from 1 to 65535');
  return {
    text: `${url.protocol}//${address}:${port}`,
    address,
    host: address.replaceAll(/[[\]]/g, ''),
    port,
    tls,
  };
}
