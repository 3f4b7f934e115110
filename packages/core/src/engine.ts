import {
  equalBytes,
  limits,
  originOf,
  UsageError,
  type Hint,
  type LogId,
  type Primitives,
  type World,
} from '@tern/protocol';
import { ObservationLog, openPath, type Dialer, type Path, type Transport } from '@tern/reach';
import type { ClientStore, StoreView } from './client-store.ts';
import { ConnectionBoard } from './connection-board.ts';
import { openGroupCrypto, type GroupCrypto } from './group-crypto.ts';
import type { GroupPrimitives } from './group-primitives.ts';
import { credentialsOf, holderOf, identityTable, type Credentials, type Identity } from './identity.ts';
import { keepWays } from './kept-ways.ts';
import { openNearRelays, type NearRelays } from './near-relays.ts';
import { TransferBoard } from './transfer-board.ts';

/** What the client is made of; each piece comes in from outside. */
export interface EngineParts {
  readonly store: ClientStore;
  readonly world: World;
  readonly primitives: Primitives;
  readonly transport: Transport;
  /** the part of the transport that chooses ways, where it has one: what it learns is kept in the store */
  readonly dialer?: Dialer;
  /** carries by way of another relay, to which this path leads; without it no relay is asked to hand anything on */
  readonly forward?: (near: Path) => Transport;
  /** for group encryption; WebCrypto where not given */
  readonly groupPrimitives?: GroupPrimitives;
  /** how many bytes of files are kept for reading offline; 256 MiB where not given */
  readonly keptFileBytes?: number;
  /** whoever uses an invitation is a request until the person here says yes; otherwise the invitation is that yes */
  readonly asksFirst?: boolean;
}

/** Everything one process shares while it works on a home. What must outlive it is in the store. */
export interface Engine extends EngineParts, AsyncDisposable {
  readonly groups: GroupCrypto;
  /** logs that this process has read to their end at least once: only there may it write (rule 27) */
  readonly caughtUp: Set<LogId>;
  /** Chunks that lie whole beside a log, `log chunk`, while the entry that names them has not left: where few connections may be opened none is spent on them again. */
  readonly beside: Set<string>;
  readonly transfers: TransferBoard;
  readonly connections: ConnectionBoard;
  /** what each attempt to reach a relay showed */
  readonly observations: ObservationLog;
  /** relays that were not reached just now, by the names of hosts; times by this device's clock */
  readonly cutOff: {
    /** nothing came from them since */
    readonly since: Map<string, number>;
    /** nothing is left at them, or for them, before; of two names, at the first for the second */
    readonly notBefore: Map<string, number>;
  };
  /** those that can hand on to others */
  readonly nearRelays: NearRelays;
  /** the same object for the same relay as long as the engine lives */
  path(hint: Hint): Path;
  /** milliseconds since 1970, corrected by what relays say (rule 32) */
  now(): number;
}

/** @throws {UsageError} where the MLS library runs uncorrected */
export async function openEngine(parts: EngineParts): Promise<Engine> {
  const { primitives, world } = parts;
  const groups = await openGroupCrypto({
    verifyCredential(credential, signatureKey) {
      const holder = holderOf(primitives, credential);
      return holder !== undefined && equalBytes(holder.deviceKey, signatureKey);
    },
    randomBytes: (length) => world.randomBytes(length),
    ...(parts.groupPrimitives === undefined ? {} : { primitives: parts.groupPrimitives }),
  });
  const paths = new Map<string, Path>();
  const ways = parts.dialer === undefined ? undefined : await keepWays({ ...parts, dialer: parts.dialer });
  const nearRelays = await openNearRelays(parts);
  const connections = new ConnectionBoard();
  const observations = new ObservationLog(() => world.now());
  return {
    ...parts,
    groups,
    caughtUp: new Set(),
    beside: new Set(),
    transfers: new TransferBoard(),
    connections,
    observations,
    cutOff: { since: new Map(), notBefore: new Map() },
    nearRelays,
    path(hint) {
      const name = hostName(hint);
      const known = paths.get(name);
      if (known !== undefined) return known;
      const path = openPath({
        hint,
        transport: parts.transport,
        primitives,
        world,
        trustOnFirstUse: hint.relay === undefined,
        observe: (one) => {
          if (observations.add(one)) connections.nudge();
        },
      });
      paths.set(name, path);
      return path;
    },
    now() {
      const offsets = [...paths.values()]
        .flatMap((path) => (path.clockOffset === undefined ? [] : [path.clockOffset]))
        .toSorted((a, b) => a - b);
      const offset = offsets[Math.floor(offsets.length / 2)] ?? 0;
      return world.now() + Math.max(-mostOffsetMs, Math.min(mostOffsetMs, offset));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([nearRelays, ...paths.values()].map((one) => one[Symbol.asyncDispose]()));
      await ways?.[Symbol.asyncDispose]();
    },
  };
}

/** Relays may correct a clock by so much and no further (rule 32): beyond it, one that lies is likelier than a clock that is off. */
const mostOffsetMs: number = limits.clockToleranceSeconds * 1000;

/** What tells one relay's way in from another: hints that differ in nothing else than a name have the same. */
export function hostName(hint: Hint): string {
  return `${originOf(hint)}/${hint.path}#${hint.relay ?? ''}`;
}

/** @throws {UsageError} where no identity was made yet */
async function identityOf(view: StoreView): Promise<Identity> {
  const identity = await identityTable.get(view, '', 'self');
  if (identity === undefined) throw new UsageError('no identity has been made here');
  return identity;
}

/** What was signed last for an engine, and of what: no longer than it lives. */
const credentials = new WeakMap<object, { readonly of: string; readonly made: Credentials }>();

export async function selfOf(
  engine: Pick<Engine, 'primitives'>,
  view: StoreView,
): Promise<Identity & Credentials> {
  const identity = await identityOf(view);
  const { rootSeed, deviceSeed, serial, listNumber, deviceKeys } = identity;
  const of = [serial, listNumber, rootSeed, deviceSeed, ...deviceKeys].join();
  let last = credentials.get(engine);
  if (last?.of !== of) {
    last = { of, made: credentialsOf(engine.primitives, identity) };
    credentials.set(engine, last);
  }
  return { ...identity, ...last.made };
}
