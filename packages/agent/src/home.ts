import type { Stats } from 'node:fs';
import { chmod, mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { ClientStore } from '@tern/core';
import { MalformedError, RefusedError, UsageError } from '@tern/protocol';
import type { World } from '@tern/protocol';
import {
  decodeHomeKey,
  encodeHomeKey,
  largestHomeKeyFileBytes,
  lockHomeKey,
  masterKeyBytes,
  unlockHomeKey,
} from './home-key.ts';
import type { HomeKey, PassphraseCost } from './home-key.ts';
import type { AskPassphrase } from './passphrase.ts';
import { ownFile, patiently, storageError } from './sqlite-connection.ts';
import { openSqliteStore } from './sqlite-store.ts';

/** A directory with everything one device of a person knows, opened. */
export interface Home extends AsyncDisposable {
  readonly dir: string;
  readonly store: ClientStore;
  /** `file`: whoever can read the directory can read everything in it */
  readonly protection: HomeKey['kind'];
  readonly created: boolean;
  /** what others could read until now, and cannot any more: worth telling the person */
  readonly tightened: readonly string[];
}

export interface HomeOptions {
  readonly dir: string;
  readonly world: World;
  /** asked once where a passphrase is needed; to `create`, undefined means a home without one */
  readonly passphrase: AskPassphrase;
  /** whether a missing home is made; default true */
  readonly create?: boolean;
  /** for a new home */
  readonly cost?: PassphraseCost;
}

export function defaultHomeDir(): string {
  return join(homedir(), '.tern');
}

/**
 * @throws {RefusedError} `no-home`, `home-not-private`, `passphrase-needed`, `passphrase-empty`, `passphrase-wrong`, `key-missing`
 * @throws {MalformedError} when the key file is not one
 * @throws {StorageError}
 */
export async function openHome(options: HomeOptions): Promise<Home> {
  const dir = resolve(options.dir);
  const tightened = await privateDirectory(dir, options.create ?? true);
  for (const name of [keyFile, storeFile, `${storeFile}-wal`, `${storeFile}-shm`]) {
    tightened.push(...(await tighten(join(dir, name), 0o600)));
  }
  const existing = await readHomeKey(dir);
  const { homeKey, masterKey, created } =
    existing === undefined
      ? await createHomeKey(dir, options)
      : { ...(await unlocked(existing, options)), created: false };
  try {
    const store = await openSqliteStore({ path: join(dir, storeFile), masterKey, world: options.world });
    return {
      dir,
      store,
      protection: homeKey.kind,
      created,
      tightened,
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  } finally {
    masterKey.fill(0);
  }
}

const keyFile = 'key';
const storeFile = 'store.db';
const lockFile = 'create.lock';

interface Unlocked {
  readonly homeKey: HomeKey;
  readonly masterKey: Uint8Array;
}

async function unlocked(homeKey: HomeKey, options: HomeOptions): Promise<Unlocked> {
  if (homeKey.kind === 'file') return { homeKey, masterKey: homeKey.key };
  const passphrase = checked(await options.passphrase('open'));
  if (passphrase === undefined) {
    throw new RefusedError(
      'passphrase-needed',
      'this home is locked with a passphrase: set TERN_PASSPHRASE or run in a terminal',
    );
  }
  return { homeKey, masterKey: await opened(homeKey, passphrase) };
}

async function opened(
  homeKey: Extract<HomeKey, { readonly kind: 'passphrase' }>,
  passphrase: string,
): Promise<Uint8Array> {
  const masterKey = await unlockHomeKey(homeKey, passphrase);
  if (masterKey === undefined) {
    throw new RefusedError('passphrase-wrong', 'this is not the passphrase of this home');
  }
  return masterKey;
}

/** Two processes that make one home at once end up with one key: the second finds the first one's and opens that. */
async function createHomeKey(
  dir: string,
  options: HomeOptions,
): Promise<Unlocked & { readonly created: boolean }> {
  if (!(options.create ?? true)) throw noHome(dir);
  if (((await statIfThere(join(dir, storeFile)))?.size ?? 0) > 0) {
    throw new RefusedError(
      'key-missing',
      `${dir} has a store and no key file: put the file "key" back, nothing else opens it`,
    );
  }
  const passphrase = checked(await options.passphrase('create'));
  const masterKey = options.world.randomBytes(masterKeyBytes);
  const homeKey: HomeKey =
    passphrase === undefined
      ? { kind: 'file', key: masterKey }
      : await lockHomeKey(masterKey, passphrase, options);
  using _lock = await createLock(dir, options.world);
  const winner = await readHomeKey(dir);
  if (winner === undefined) {
    await writeHomeKey(dir, homeKey);
    return { homeKey, masterKey, created: true };
  }
  if (winner.kind === 'file') return { homeKey: winner, masterKey: winner.key, created: false };
  if (passphrase === undefined) {
    throw new RefusedError(
      'passphrase-needed',
      'another process has just locked this home with a passphrase',
    );
  }
  return { homeKey: winner, masterKey: await opened(winner, passphrase), created: false };
}

function checked(passphrase: string | undefined): string | undefined {
  if (passphrase === '') throw new RefusedError('passphrase-empty', 'an empty passphrase protects nothing');
  return passphrase;
}

async function readHomeKey(dir: string): Promise<HomeKey | undefined> {
  const path = join(dir, keyFile);
  const found = await statIfThere(path);
  if (found === undefined) return undefined;
  if (!found.isFile() || found.size > largestHomeKeyFileBytes) {
    throw new MalformedError(`${path} is not a key file`);
  }
  return decodeHomeKey(await readFile(path));
}

/** Whole or not at all, and on the disk before anything is sealed with it. */
async function writeHomeKey(dir: string, homeKey: HomeKey): Promise<void> {
  const fresh = join(dir, `${keyFile}.new`);
  try {
    await using file = await open(fresh, 'w', 0o600);
    await file.chmod(0o600);
    await file.writeFile(encodeHomeKey(homeKey));
    await file.sync();
  } catch (cause) {
    throw storageError(cause);
  }
  await rename(fresh, join(dir, keyFile));
  if (process.platform === 'win32') return; // a directory cannot be synchronised there
  await using directory = await open(dir, 'r');
  await directory.sync();
}

/** SQLite's file lock, because it goes with a process that dies and works wherever the store itself does. */
async function createLock(dir: string, world: World): Promise<Disposable> {
  const path = join(dir, lockFile);
  ownFile(path);
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    await patiently(() => lock.exec('BEGIN EXCLUSIVE'), { world, longestWaitMs: 30_000 });
  } catch (cause) {
    lock.close();
    throw cause;
  }
  return { [Symbol.dispose]: () => lock.close() };
}

async function privateDirectory(dir: string, create: boolean): Promise<string[]> {
  const found = await statIfThere(dir);
  if (found === undefined) {
    if (!create) throw noHome(dir);
    await mkdir(dir, { recursive: true, mode: 0o700 });
    return [];
  }
  if (!found.isDirectory()) throw new UsageError(`${dir} is not a directory`);
  return tighten(dir, 0o700);
}

/** @returns the path when others could read it until now */
async function tighten(path: string, mode: number): Promise<string[]> {
  const found = await statIfThere(path);
  const uid = process.getuid?.();
  if (found === undefined || uid === undefined || (found.uid === uid && (found.mode & 0o077) === 0)) {
    return [];
  }
  if (found.uid !== uid) {
    throw new RefusedError('home-not-private', `${path} belongs to another user of this machine`);
  }
  await chmod(path, mode);
  return [path];
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (cause) {
    if (cause instanceof Error && Reflect.get(cause, 'code') === 'ENOENT') return undefined;
    throw cause;
  }
}

function noHome(dir: string): RefusedError {
  return new RefusedError('no-home', `there is no Tern home in ${dir}`);
}
