import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryStore, type Client } from '@tern/core';
import { parseRelayLink, type ConversationId, type PersonId } from '@tern/protocol';
import { nodePrimitives, nodeWorld } from '@tern/reach/node';
import { runRelay } from '@tern/relay';
import { quietPort } from '@tern/relay/testing';
import { openOrdinaryClient, ordinaryTransport } from '../../src/ordinary-client.ts';
import { seeded } from '../support/seeded.ts';
import { openCuttingProxy, type ConnectionCut } from './cutting-proxy.ts';
import { here } from './prepared.ts';
import type { PersonName } from './schedule.ts';
import { Records, type Somebody } from './schedule-check.ts';

/** Real sockets, a real relay with its folder, this machine's time: what is cut comes from the seed, what meets it from the machine. */
export interface SocketSchedule {
  readonly seed: number;
  readonly cuts: readonly ConnectionCut[];
  /** ms after the one before */
  readonly texts: readonly { readonly by: 'anna' | 'boris'; readonly afterMs: number }[];
  /** after the last text, ms: so long connections are cut */
  readonly stormMs: number;
  /** the relay ends and begins again before that text */
  readonly restartBefore: number | undefined;
}

export interface SocketOutcome {
  readonly faults: readonly string[];
  readonly texts: number;
  readonly stopped: number;
}

/** no exchange of a text is larger, with what HTTP says around it */
const mostBytes = 6000;
const settledWithinMs = 120_000;
const { signal: forever } = new AbortController();

export function drawSocketSchedule(seed: number): SocketSchedule {
  const chance = seeded(seed);
  const texts = Array.from({ length: chance.between(2, 5) }, () => ({
    by: chance.oneOf(['anna', 'boris'] as const),
    afterMs: chance.happens(0.5) ? 0 : chance.below(300),
  }));
  return {
    seed,
    texts,
    stormMs: chance.below(2000),
    cuts: Array.from({ length: 16 }, (_, connection) => connection)
      .filter(() => chance.happens(0.75))
      .map((connection) => ({
        connection,
        direction: chance.oneOf(['up', 'down'] as const),
        bytes: chance.below(chance.oneOf([600, mostBytes])),
        how: chance.happens(0.85) ? 'cut' : 'silence',
      })),
    restartBefore: chance.happens(0.3) ? chance.below(texts.length) : undefined,
  };
}

export async function runSocketSchedule(schedule: SocketSchedule): Promise<SocketOutcome> {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tern-schedule-'));
  const port = await quietPort();
  let relay = await beginRelay(folder.path, port);
  const end = new AbortController();
  await using open = new AsyncDisposableStack();
  open.defer(() => relay.end());
  const proxy = open.use(await openCuttingProxy(port));
  const anna = open.use(await openResident());
  const boris = open.use(await openResident());
  const { people, conversation } = await meet(anna.client, boris.client, {
    link: relay.link,
    port: proxy.port,
  });
  const records = new Records(
    { people, talks: new Map([['anna-boris', conversation]]) },
    new Map([
      ['anna', anna],
      ['boris', boris],
    ]),
  );
  const faults: string[] = [];
  const online = [anna, boris].map(({ client }) =>
    client
      .run({ signal: end.signal })
      .catch((error: unknown) => void faults.push(`a client failed: ${String(error)}`)),
  );
  proxy.storm(schedule.cuts);
  for (const [at, { by, afterMs }] of schedule.texts.entries()) {
    await nodeWorld.wait(afterMs, { signal: forever });
    if (at === schedule.restartBefore) {
      await relay.end();
      relay = await beginRelay(folder.path, port);
    }
    const { client } = by === 'anna' ? anna : boris;
    const id = await client.sendText(conversation, `${at + 1} from ${by}`);
    records.said({ id, by, in: 'anna-boris' });
  }
  // what is to be cut is, before all is well again
  await nodeWorld.wait(schedule.stormMs, { signal: forever });
  proxy.calm();
  for (const { client } of [anna, boris]) client.retryNow();
  const left = await settled(records, [anna.client, boris.client]);
  end.abort();
  await Promise.all(online);
  return { faults: [...faults, ...left], texts: schedule.texts.length, stopped: proxy.stopped };
}

/** Looks again whenever anything has changed at anybody's. @returns what is not as it should be when nothing more comes */
async function settled(records: Records, clients: readonly Client[]): Promise<readonly string[]> {
  const over = new AbortController();
  let change = Promise.withResolvers<void>();
  const changed = (): void => {
    change.resolve();
    change = Promise.withResolvers();
  };
  let isLate = false;
  const late = nodeWorld.wait(settledWithinMs, { signal: over.signal }).then(
    () => {
      isLate = true;
      changed();
    },
    () => undefined,
  );
  const looking = clients.map(async (client) => {
    for await (const _ of client.changes(over.signal)) changed();
  });
  try {
    for (;;) {
      const next = change.promise;
      const faults = await records.faults();
      if (faults.length === 0 || isLate) return faults;
      await next;
    }
  } finally {
    over.abort();
    await Promise.all([late, ...looking]);
  }
}

interface RunningRelay {
  readonly link: string;
  end(): Promise<void>;
}

async function beginRelay(data: string, port: number): Promise<RunningRelay> {
  const stop = new AbortController();
  const link = Promise.withResolvers<string>();
  const running = runRelay({
    data,
    ports: [port],
    signal: stop.signal,
    world: nodeWorld,
    primitives: nodePrimitives,
    print(line) {
      const [name, value] = line.split(': ');
      if (name === 'relay link' && value !== undefined) link.resolve(value);
    },
  });
  running.catch((error: unknown) => link.reject(error as Error));
  return {
    link: await link.promise,
    async end() {
      stop.abort();
      await running;
    },
  };
}

interface Resident extends Somebody, AsyncDisposable {
  readonly client: Client;
}

/** A client as the command has it, over a store in memory. */
async function openResident(): Promise<Resident> {
  const store = memoryStore({ world: nodeWorld });
  const transport = ordinaryTransport();
  const client = await openOrdinaryClient(store, transport);
  return {
    store,
    client,
    ask: (work) => work(client),
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      transport[Symbol.dispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

/** Anna invites Boris, over the proxy's port as everything after. */
async function meet(
  anna: Client,
  boris: Client,
  at: { readonly link: string; readonly port: number },
): Promise<{
  readonly people: ReadonlyMap<PersonName, { readonly id: PersonId }>;
  readonly conversation: ConversationId;
}> {
  const link = parseRelayLink(at.link);
  const names = [
    ['anna', anna],
    ['boris', boris],
  ] as const;
  const ids = new Map<PersonName, { readonly id: PersonId }>();
  for (const [name, client] of names) ids.set(name, { id: (await client.init(name)).person });
  await anna.addRelay({ ...link, hint: { ...link.hint, port: at.port } }, { signal: forever });
  await boris.accept((await anna.invite()).link);
  for (let round = 0; round < 4; round += 1)
    for (const [, client] of names) await client.sync({ signal: forever });
  return { people: ids, conversation: here((await anna.contacts())[0]).conversation };
}
