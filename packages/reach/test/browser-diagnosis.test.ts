import { UnreachableError, type Hint, type RelayId } from '@tern/protocol';
import { diagnose, type Diagnosis, type Observation } from '@tern/reach/diagnosis';
import { expect, test } from 'vitest';
import { observationOf } from '../src/dialer/told-observation.ts';
import { requestFor, type NetworkRules } from '../src/testing/simulated-network.ts';
import { carry, chat, dialerScene, download, hint, type DialerScene } from './dialer-scene.ts';
import { attempt, harbour } from './synthetic/hand-made.ts';

const elsewhere: Hint = { ...hint, relay: 'elsewhere' as RelayId, address: 'elsewhere.example' };
const relays = [hint, elsewhere];

/** What an app in a browser says of a relay after this, from the attempts of its own dialer: the relay's way, and the network. */
async function toldAfter(
  rules: NetworkRules,
  story: (scene: DialerScene) => Promise<void>,
): Promise<{ readonly way: Diagnosis | undefined; readonly network: Diagnosis }> {
  const scene = dialerScene(rules, { plain: true });
  await scene.world.run(story(scene));
  const seen = scene.dialer
    .reports()
    .map((report) => observationOf(report, relays.find(({ address }) => address === report.way.host)?.relay));
  const [network, ...ways] = diagnose(seen, { now: scene.world.now() });
  return { way: ways.find(({ way }) => way?.name === hint.address), network };
}

/** Whatever comes of it. */
async function ask(scene: DialerScene, request: Uint8Array, to = hint): Promise<void> {
  const bulk = request.length > 4096;
  await carry(scene, request, { to, bulk }).catch((error: unknown) => {
    if (!(error instanceof UnreachableError)) throw error;
  });
}

/** Small and large things, to a relay that is hindered from the second minute on and to another. */
async function before(scene: DialerScene, hindered: NetworkRules): Promise<void> {
  const { world, network } = scene;
  for (const to of relays)
    for (const request of [requestFor(300), requestFor(300, 16_000)]) await ask(scene, request, to);
  await world.wait(120_000, { signal: new AbortController().signal }); // no connection is kept for so long
  network.rules = hindered;
}

/** As in a browser: no stage below the answer, and of a connection only that it stood. */
function unseen(one: Observation): Observation {
  const { connectedAfterMs: _tcp, helloAnsweredAfterMs: _hello, connection, ...rest } = one;
  if (one.end === 'answered')
    return { ...rest, connection: connection?.fresh === true ? undefined : connection };
  const { firstByteAfterMs: _first, lastByteAfterMs: _last, ...nothing } = rest;
  return { ...nothing, connection: connection?.fresh === true ? undefined : connection };
}

const own = ({ host }: { readonly host: string }): boolean => host === hint.address;
const hellos: readonly (readonly [string, NetworkRules])[] = [
  ['a hello that is swallowed', { onHello: (way) => (own(way) ? 'silence' : undefined) }],
  ['a hello that is reset', { onHello: (way) => (own(way) ? 'reset' : undefined) }],
  ['a name that is gone', { nameDead: (host) => own({ host }) }],
  ['an address that is silent', { onConnect: (way) => (own(way) ? 'silence' : undefined) }],
  ['an address that refuses', { onConnect: (way) => (own(way) ? 'refuse' : undefined) }],
];

test.each(hellos)(
  'in a browser %s looks like any other failure, and is not said to be one',
  async (_, rules) => {
    for (const [large, first] of [
      [false, {}],
      [true, {}],
      [false, rules],
    ] as const) {
      const { way, network } = await toldAfter(first, async (scene) => {
        await before(scene, rules);
        for (let time = 0; time < 3; time += 1) {
          await ask(scene, requestFor(300, large ? 16_000 : 700));
          await ask(scene, requestFor(300), elsewhere);
          await scene.world.wait(4000, { signal: new AbortController().signal });
        }
      });
      expect([way?.cause.kind, network.cause.kind]).toEqual(['unclear', 'works']);
    }
  },
);

test('in a browser what freezes connections is told by what its dialer meets, large things going down or up', async () => {
  const freezes = [{ packets: 25 }, { down: 16_000 }, { down: 19_000 }];
  for (const freeze of freezes)
    for (const direction of ['down', 'up'] as const) {
      if (direction === 'up' && freeze.packets === undefined) continue;
      const { way, network } = await toldAfter({ freeze: () => freeze }, async (scene) => {
        await chat(scene, { texts: 4, everyMs: 5000 });
        await download(scene, 60_000, direction);
        await chat(scene, { texts: 4, everyMs: 5000 });
      });
      expect([freeze, direction, way?.cause.kind, way?.passes, network.cause.kind]).toEqual([
        freeze,
        direction,
        'frozen',
        'text',
        'frozen',
      ]);
    }
});

test('in a browser a line on which nothing freezes is not said to, be it slow, or forgetful of what rests', async () => {
  const lines: readonly NetworkRules[] = [
    {},
    { bytesPerSecond: 12_000 },
    { forgetsMs: 20_000 },
    { throttled: () => 15_000 },
  ];
  for (const rules of lines) {
    const { way } = await toldAfter(rules, async (scene) => {
      await chat(scene, { texts: 4, everyMs: 5000 });
      await download(scene, 60_000);
      await chat(scene, { texts: 4, everyMs: 45_000 });
    });
    expect([rules, way?.cause.kind]).not.toEqual([rules, 'frozen']);
  }
});

test('where not even a small request passes any more, what stopped before tells of no size', () => {
  const stop = (seconds: number): Observation => ({
    ...attempt(harbour, seconds, { end: 'silent', downBytes: 0, endedAt: seconds * 1000 + 3000 }),
    connection: { fresh: false, exchangesBefore: 1, upBytes: 1000, downBytes: 8000, ageMs: 5000 },
  });
  const seen = [attempt(harbour, 1), stop(3), stop(8)].map(unseen);
  const shut = unseen(attempt(harbour, 12, { end: 'silent', downBytes: 0 }));
  const causeOf = (some: readonly Observation[]): string | undefined =>
    diagnose(some, { now: 20_000 })[1]?.cause.kind;
  expect([causeOf(seen), causeOf([...seen, shut])]).toEqual(['frozen', 'unclear']);
});

test('what nobody sees of a connection is not told as if it were seen', async () => {
  const scene = dialerScene({}, { plain: true });
  await scene.world.run(ask(scene, requestFor(300)).then(() => ask(scene, requestFor(300))));
  const [first, second] = scene.dialer.reports().map((report) => observationOf(report, hint.relay));
  expect(first?.connection).toBeUndefined();
  expect(second?.connection).toMatchObject({
    fresh: false,
    exchangesBefore: 1,
    upBytes: 1400,
    downBytes: 600,
  });
});

test('what still waited for a start when it was left says nothing, and what another relay carried nothing of a connection', async () => {
  const scene = dialerScene({});
  await scene.world.run(ask(scene, requestFor(300)));
  const [report] = scene.dialer.reports();
  if (report === undefined) throw new Error('nothing was reported');
  expect(observationOf({ ...report, ended: 'silent', stage: 'waiting' }, hint.relay).end).toBe('cancelled');
  const way = { ...report.way, carrier: 'forward', through: 'near' } as const;
  const handedOn = observationOf({ ...report, way }, hint.relay);
  expect([handedOn.connection, handedOn.helloAnsweredAfterMs]).toEqual([undefined, undefined]);
});
