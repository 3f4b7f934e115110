import { readFileSync } from 'node:fs';
import {
  base64url,
  formatRelayLink,
  UsageError,
  type Hint,
  type Primitives,
  type World,
} from '@tern/protocol';
import { lockFolder } from './folder-lock.ts';
import { serve } from './http-server.ts';
import { openLmdbStore } from './lmdb-store.ts';
import { readPageFiles } from './page-files.ts';
import type { LogSink } from './relay-log.ts';
import { openRelay, type Relay } from './relay.ts';
import { limitsWith, type RelayLimits } from './limits-table.ts';
import type { SecretBox } from './store.ts';

export interface RunOptions {
  /** folder of everything this relay is and holds; made when it is missing */
  readonly data: string;
  /** 7700 unless told */
  readonly port?: number;
  /** address to listen on, 127.0.0.1 unless told */
  readonly listen?: string;
  /** how others reach it, as `https://name:port`; without it the link names where it listens */
  readonly publicUrl?: string;
  /** files in PEM; both or none */
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  /** folder of the built app; without it the relay serves none */
  readonly web?: string;
  readonly limits?: Partial<RelayLimits>;
  readonly log?: LogSink;
  /** ends it */
  readonly signal: AbortSignal;
  readonly world: World;
  readonly primitives: Primitives;
  /** takes the lines for the operator */
  readonly print: (line: string) => void;
}

const defaultPort = 7700;
const defaultListen = '127.0.0.1';
const pathName = 'path';
const rightName = 'right';
const appName = 'app-path';
const pathBytes = 16;
const sweepEveryMs = 600_000;

/**
 * A relay as an operator runs it: identity, secret path and admission right stay in the data folder, so the second start prints the
 * same link. Returns after the signal, when everything waiting was answered and everything is on disk.
 * @throws {UsageError} for a folder, port, certificate or address that cannot be used
 */
export async function runRelay(options: RunOptions): Promise<void> {
  const { data, signal, world, primitives, print } = options;
  const limits = limitsWith(options.limits);
  const tls = readCertificate(options);
  const file = options.web === undefined ? undefined : readPageFiles(options.web);
  using _lock = lockFolder(data);
  await using store = await openLmdbStore({ dir: data, roomBytes: limits.diskBytes });
  const origin = options.publicUrl === undefined ? undefined : publicOrigin(options.publicUrl);
  await using relay = await openRelay({
    store,
    world,
    primitives,
    limits,
    card: { endpoints: origin === undefined ? [] : [origin.text] },
    ...(options.log === undefined ? {} : { log: options.log }),
  });
  const path = keptSecret(store.secrets, pathName, () => world.randomBytes(pathBytes));
  const app =
    file === undefined
      ? undefined
      : base64url(keptSecret(store.secrets, appName, () => world.randomBytes(pathBytes)));
  const right = store.secrets.read(rightName) ?? (await keepRight(store.secrets, relay));
  const host = options.listen ?? defaultListen;
  await using server = await serve(relay, {
    host,
    port: options.port ?? defaultPort,
    path: base64url(path),
    signal,
    ...(tls === undefined ? {} : { tls }),
    ...(app === undefined || file === undefined ? {} : { page: { path: app, file } }),
    ...(options.log === undefined ? {} : { log: options.log }),
  });
  const hint: Hint = {
    relay: relay.id,
    address: origin?.address ?? (host.includes(':') ? `[${host}]` : host),
    port: origin?.port ?? server.port,
    tls: origin?.tls ?? tls !== undefined,
    path: base64url(path),
  };
  print(`address: ${server.origin}`);
  print(`relay link: ${formatRelayLink({ hint, right, ...(app === undefined ? {} : { app }) })}`);
  if (app !== undefined) print('open that link in a browser to use Tern there');
  await sweepUntil(relay, options);
  await server.ended;
}

function readCertificate({ tlsCert, tlsKey }: RunOptions): { cert: Uint8Array; key: Uint8Array } | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined)
    throw new UsageError('a certificate and its key are needed together');
  try {
    return { cert: readFileSync(tlsCert), key: readFileSync(tlsKey) };
  } catch (cause) {
    throw new UsageError('the certificate or its key cannot be read', { cause });
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

function publicOrigin(text: string): {
  readonly text: string;
  readonly address: string;
  readonly port: number;
  readonly tls: boolean;
} {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.pathname !== '/')
    throw new UsageError('the public address must look like https://name:port');
  const tls = url.protocol === 'https:';
  const port = url.port === '' ? (tls ? 443 : 80) : Number(url.port);
  return { text: `${url.protocol}//${url.hostname}:${port}`, address: url.hostname, port, tls };
}
