import { expect, test } from 'vitest';
import type { LogId, Result, WatchSlice } from '@tern/protocol';
import { limitsWith } from '../src/limits-table.ts';
import {
  smallEntry,
  testWorld,
  type Answer,
  type MadePolicy,
  type TestClient,
} from '../src/testing/index.ts';
import { WatchSets } from '../src/watch-sets.ts';
import { only, openSetting, type Setting } from './setting.ts';

function watch(
  client: TestClient,
  asked: {
    readonly add?: readonly MadePolicy[];
    readonly drop?: readonly LogId[];
    readonly token?: Uint8Array | undefined;
    readonly waitSeconds?: number;
    readonly room?: number;
    readonly signal?: AbortSignal;
  },
): Promise<Answer> {
  const add = (asked.add ?? []).map(({ log }): WatchSlice => ({ log, after: 0, number: 0 }));
  return client.ask(
    [
      {
        operation: {
          kind: 'watch',
          ...(asked.token === undefined ? {} : { token: asked.token }),
          add,
          drop: asked.drop ?? [],
          waitSeconds: asked.waitSeconds ?? 0,
        },
        seeds: (asked.add ?? []).map(({ seeds }) => seeds.read),
      },
    ],
    {
      ...(asked.room === undefined ? {} : { room: asked.room }),
      ...(asked.signal === undefined ? {} : { signal: asked.signal }),
    },
  );
}

function tokenOf(answer: Answer): Uint8Array {
  const [watched] = only(answer.results, 'watched');
  if (watched === undefined) throw new Error('not watched');
  return watched.token;
}

const seqs = ({ results }: Answer): readonly number[] => only(results, 'entry').map(({ seq }) => seq);

async function say(setting: Setting, made: MadePolicy = setting.made): Promise<Result> {
  const { client, world } = setting;
  return client.one(
    { kind: 'append', log: made.log, number: 0, entry: smallEntry(world) },
    made.seeds.append,
  );
}

async function begin(setting: Setting): Promise<MadePolicy> {
  const made = setting.anotherPolicy();
  await setting.client.one({ kind: 'create', policy: made.signed, right: setting.right });
  return made;
}

test('rule 17: a set is filled once with proofs and then named by its token', async () => {
  await using setting = await openSetting();
  const reader = setting.another();
  const other = await begin(setting);
  await say(setting);
  const one = await watch(reader, { add: [setting.made, other] });
  expect(seqs(one)).toEqual([1]);
  await say(setting);
  await say(setting, other);
  const two = await watch(reader, { token: tokenOf(one) });
  expect(only(two.results, 'entry').map(({ log, seq }) => [log, seq])).toEqual([
    [other.log, 1],
    [setting.made.log, 2],
  ]);
  const three = await watch(reader, { token: tokenOf(two), drop: [other.log] });
  await say(setting, other);
  await say(setting);
  expect(seqs(await watch(reader, { token: tokenOf(three) }))).toEqual([3]);
});

test('rule 17: both tokens stay valid until the next is used, so a lost response changes nothing', async () => {
  await using setting = await openSetting();
  const reader = setting.another();
  const token = tokenOf(await watch(reader, { add: [setting.made] }));
  await say(setting);
  const lost = await watch(reader, { token });
  expect(seqs(lost)).toEqual([1]);
  const again = await watch(reader, { token });
  expect(seqs(again)).toEqual([1]);
  await say(setting);
  // the answer that seemed lost arrives after all, and its token counts as well
  const next = await watch(reader, { token: tokenOf(lost) });
  expect(seqs(next)).toEqual([2]);
  for (const old of [token, tokenOf(again)]) {
    expect((await watch(reader, { token: old })).results).toEqual([{ kind: 'watch-unknown' }]);
  }
  expect(seqs(await watch(reader, { token: tokenOf(lost) }))).toEqual([2]);
});

test('rule 17: a token is bound to its session', async () => {
  await using setting = await openSetting();
  const reader = setting.another();
  const token = tokenOf(await watch(reader, { add: [setting.made] }));
  expect((await watch(setting.another(), { token })).results).toEqual([{ kind: 'watch-unknown' }]);
  expect((await watch(reader, { token: new Uint8Array(16) })).results).toEqual([{ kind: 'watch-unknown' }]);
  expect(only((await watch(reader, { token })).results, 'watched').length).toBe(1);
});

test('rule 17: a log without a right proof is named unreadable, and the others are followed', async () => {
  await using setting = await openSetting();
  const reader = setting.another();
  await say(setting);
  const stranger = setting.anotherPolicy();
  const answer = await watch(reader, { add: [stranger, setting.made] });
  expect(answer.results).toMatchObject([
    { kind: 'unreadable', log: stranger.log },
    { kind: 'entry', log: setting.made.log },
    { kind: 'watched' },
  ]);
});

test('rule 17: a set holds 1,000 logs at most', async () => {
  await using setting = await openSetting({ limits: { watchedLogs: 2 } });
  const reader = setting.another();
  const [one, two] = [await begin(setting), await begin(setting)];
  const token = tokenOf(await watch(reader, { add: [setting.made, one] }));
  expect((await watch(reader, { token, add: [two] })).results).toEqual([{ kind: 'quota' }]);
  expect(only((await watch(reader, { token, add: [two], drop: [one.log] })).results, 'watched').length).toBe(
    1,
  );
});

test('a response is as long as its path allows, and says that there is more', async () => {
  await using setting = await openSetting();
  const reader = setting.another();
  for (let count = 0; count < 7; count += 1) await say(setting);
  const seen: number[] = [];
  let answer = await watch(reader, { add: [setting.made], room: 4096 });
  for (;;) {
    seen.push(...seqs(answer));
    expect(answer.bytes.length).toBeLessThan(4096 + 500);
    if (only(answer.results, 'watched')[0]?.more === false) break;
    answer = await watch(reader, { token: tokenOf(answer), room: 4096 });
  }
  expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test('a log with much to read keeps no other waiting behind it', async () => {
  await using setting = await openSetting();
  const reader = setting.another();
  const quiet = await begin(setting);
  for (let count = 0; count < 9; count += 1) await say(setting);
  await say(setting, quiet);
  const answer = await watch(reader, { add: [setting.made, quiet], room: 4096 });
  const logs = only(answer.results, 'entry').map(({ log }) => log);
  expect(logs.slice(0, 3)).toEqual([setting.made.log, quiet.log, setting.made.log]);
  expect(only(answer.results, 'watched')[0]?.more).toBe(true);
});

test('where a response has room for one entry, whoever was not read the longest comes first', async () => {
  await using setting = await openSetting();
  const reader = setting.another();
  const [one, two, three] = [setting.made, await begin(setting), await begin(setting)];
  const logs = [one, two, three].map(({ log }) => log);
  let token = tokenOf(await watch(reader, { add: [one, two, three] }));
  const read: number[] = [];
  for (let answers = 0; answers < 6; answers += 1) {
    // there is always more in the first one
    for (const made of answers === 0 ? [one, one, two, two, three] : [one]) await say(setting, made);
    const answer = await watch(reader, { token, room: 1500 });
    read.push(...only(answer.results, 'entry').map(({ log }) => logs.indexOf(log)));
    token = tokenOf(answer);
  }
  expect(read).toEqual([0, 1, 2, 0, 1, 0]);
});

test('of two logs with much to read none has more room than the other, and what is erased counts for nothing', async () => {
  await using setting = await openSetting();
  const reader = setting.another();
  const [one, other] = [setting.made, await begin(setting)];
  let token = tokenOf(await watch(reader, { add: [one, other] }));
  for (let count = 0; count < 5; count += 1) for (const made of [one, other]) await say(setting, made);
  await setting.client.one({ kind: 'erase', log: other.log, number: 0, seqs: [2] }, other.seeds.change);
  const read: unknown[] = [];
  for (let answers = 0; answers < 3; answers += 1) {
    const answer = await watch(reader, { token, room: 4096 });
    const entries = only(answer.results, 'entry');
    read.push(entries.map(({ log, seq }) => `${log === one.log ? 'one' : 'other'} ${seq}`));
    token = tokenOf(answer);
  }
  expect(read).toEqual([
    ['one 1', 'other 1', 'one 2'],
    ['other 3', 'one 3', 'other 4'],
    ['one 4', 'other 5', 'one 5'],
  ]);
});

test('what is cut is read on behind what was not read', async () => {
  await using setting = await openSetting();
  const reader = setting.another();
  const quiet = await begin(setting);
  const token = tokenOf(await watch(reader, { add: [setting.made, quiet] }));
  for (let count = 0; count < 3; count += 1) await say(setting);
  const first = await watch(reader, { token, room: 1500 });
  expect(seqs(first)).toEqual([1]);
  await say(setting, quiet);
  // its end with the next token did not come, so the reader says how far it was
  const next = await reader.ask(
    [
      {
        operation: {
          kind: 'watch',
          token,
          add: [{ log: setting.made.log, after: 1, number: 0 }],
          drop: [],
          waitSeconds: 0,
        },
        seeds: [setting.made.seeds.read],
      },
    ],
    { room: 1500 },
  );
  expect(only(next.results, 'entry').map(({ log, seq }) => [log, seq])).toEqual([[quiet.log, 1]]);
});

test('a waiting reader is woken by what is new, and answered with nothing when its time is up', async () => {
  await using setting = await openSetting();
  const { relay, world } = setting;
  const reader = setting.another();
  const token = tokenOf(await watch(reader, { add: [setting.made] }));
  const waiting = watch(reader, { token, waitSeconds: 30 });
  while (relay.held().waiting === 0) await Promise.resolve();
  await say(setting);
  const woken = await waiting;
  expect(seqs(woken)).toEqual([1]);
  const second = watch(reader, { token: tokenOf(woken), waitSeconds: 30 });
  while (relay.held().waiting === 0) await Promise.resolve();
  world.pass(29_999);
  await say(setting, await begin(setting));
  expect(relay.held().waiting).toBe(1);
  world.pass(1);
  expect((await second).results).toMatchObject([{ kind: 'watched', more: false }]);
  expect(relay.held().waiting).toBe(0);
});

test('a reader that goes away leaves nothing waiting', async () => {
  await using setting = await openSetting();
  const { relay } = setting;
  const gone = new AbortController();
  const waiting = watch(setting.another(), { add: [setting.made], waitSeconds: 30, signal: gone.signal });
  while (relay.held().waiting === 0) await Promise.resolve();
  gone.abort(new Error('the reader went away'));
  await expect(waiting).rejects.toThrow('the reader went away');
  expect(relay.held().waiting).toBe(0);
});

test('rule 17: a reader that asks for its set again waits there once', async () => {
  await using setting = await openSetting();
  const { relay } = setting;
  const reader = setting.another();
  const token = tokenOf(await watch(reader, { add: [setting.made] }));
  const first = watch(reader, { token, waitSeconds: 900 });
  while (relay.held().waiting === 0) await Promise.resolve();
  const second = watch(reader, { token, waitSeconds: 900 });
  expect((await first).results).toMatchObject([{ kind: 'watched', more: false }]);
  while (relay.held().waiting === 0) await Promise.resolve();
  await say(setting);
  const woken = await second;
  expect(seqs(woken)).toEqual([1]);
  const third = watch(reader, { token: tokenOf(woken), waitSeconds: 900 });
  while (relay.held().waiting === 0) await Promise.resolve();
  // a look without a wait ends it as well: nobody reads both
  expect((await watch(reader, { token: tokenOf(woken) })).results).toMatchObject([{ kind: 'watched' }]);
  expect((await third).results).toMatchObject([{ more: false }]);
  expect(relay.held().waiting).toBe(0);
});

test('rule 33: a session and a set that somebody waits for are not forgotten, however many others begin', async () => {
  const others = 300;
  await using setting = await openSetting({
    limits: { sessions: others, watchedTogether: 50, opensPerSecond: 10 * others },
  });
  const { relay, made } = setting;
  const reader = setting.another();
  const token = tokenOf(await watch(reader, { add: [made] }));
  const waiting = watch(reader, { token, waitSeconds: 640 });
  while (relay.held().waiting === 0) await Promise.resolve();
  const [unused] = reader.tickets;
  for (let count = 0; count < others; count += 1) await watch(setting.another(), { add: [made] });
  expect(relay.held()).toMatchObject({ sessions: others, waiting: 1 });
  expect(relay.held().watchSets).toBeLessThanOrEqual(50);
  await say({ ...setting, client: setting.another() });
  const woken = await waiting;
  expect(seqs(woken)).toEqual([1]);
  expect(reader.tickets.length).toBe(3);
  reader.tickets = reader.tickets.filter((ticket) => ticket === unused);
  expect((await watch(reader, { token: tokenOf(woken) })).results).toMatchObject([{ kind: 'watched' }]);
});

test('rule 33: a set that somebody waits for is forgotten only where no other is left, the largest first', () => {
  const sets = new WatchSets(testWorld(), limitsWith({ watchedTogether: 10 }));
  const follow = (session: string, logs: number) => {
    const token = sets.begin(session);
    const attended = sets.find(session, token);
    const places = Array.from(
      { length: logs },
      (_, at) => [`log ${at}` as LogId, { place: { after: 0, number: 0 }, last: true }] as const,
    );
    sets.next(session, token, new Map(places));
    return {
      stop: () => attended?.[Symbol.dispose](),
      isKnown: () => sets.find(session, token) !== undefined,
    };
  };
  const [small, large, unused] = [follow('small', 1), follow('large', 6), follow('unused', 3)];
  unused.stop();
  follow('third', 3);
  expect([unused, small, large].map((set) => set.isKnown())).toEqual([false, true, true]);
  const last = follow('last', 4);
  expect([small, large, last].map((set) => set.isKnown())).toEqual([true, false, true]);
  large.stop();
  expect(sets.size).toBe(3);
});

test('rule 33: logs that are dropped from a set without being in it are not counted', async () => {
  await using setting = await openSetting({ limits: { watchedTogether: 10 } });
  const reader = setting.another();
  const token = tokenOf(await watch(reader, { add: [setting.made] }));
  const drop = Array.from({ length: 20 }, () => setting.anotherPolicy().log);
  expect((await watch(setting.another(), { drop })).results).toMatchObject([{ kind: 'watched' }]);
  expect((await watch(reader, { token })).results).toMatchObject([{ kind: 'watched' }]);
});

test('two devices follow the same log without disturbing each other', async () => {
  await using setting = await openSetting();
  const [one, two] = [setting.another(), setting.another()];
  await say(setting);
  const first = await watch(one, { add: [setting.made] });
  await say(setting);
  expect(seqs(await watch(two, { add: [setting.made] }))).toEqual([1, 2]);
  expect(seqs(await watch(one, { token: tokenOf(first) }))).toEqual([2]);
});
