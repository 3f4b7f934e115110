import { originOf, type Hint } from '@tern/protocol';
import type { Dialer } from '@tern/reach';
import {
  asProbed,
  countedHellos,
  diagnoseAgain,
  probe,
  settledBy,
  unseenStarts,
  type Diagnosis,
  type Earlier,
  type Observation,
  type Way,
} from '@tern/reach/diagnosis';
import { bansInBook, piecesInBook, startsInBook } from '@tern/reach/node';
import { openClientHome, type ClientHome } from '../client-home.ts';
import type { Command, Context } from '../context.ts';
import { keptAttempts, networkOf } from '../kept-attempts.ts';
import { causeLines, diagnosisObject, earlierLines, wayTable } from '../diagnosis-words.ts';
import { line } from '../terminal-text.ts';

export const diagnoseCommand: Command = {
  words: ['diagnose'],
  operands: [],
  about: 'what hinders the ways to your relays, if anything does, and by what it is known',
  options: {},
  notes: [
    'Tries each relay a few times, for 30 s and 64 KiB at most, and compares what it sees;',
    'what shows only after more than that is told by what the app saw in the last ten minutes.',
    'Nothing is told to anybody; the relays see connections like any others.',
  ],
  async run(_call, context) {
    await using opened = await openClientHome(context);
    const hosts = await opened.client.hosts();
    if (hosts.length === 0) {
      if (!context.output.json) context.output.say('no relay yet: tern relay add LINK');
      return;
    }
    const { world, signal } = context;
    const port = context.probes(hosts, { greets: (host) => countStart(context.transport, host) });
    const { ways: asked } = port;
    const earlier = await leftBehind(opened, context, { hosts, port });
    const settled = settledBy(asked, earlier, { now: port.now() });
    const hellos = countedHellos(earlier.observations);
    const before = metBefore(context, { hosts, port });
    const starts = unseenStarts(before.starts, earlier.observations);
    const made: Observation[] = [];
    const parts = {
      port,
      world,
      ways: asked,
      known: [],
      earlier: { hellos, starts, bans: before.bans, settled },
    };
    for await (const one of probe(parts, { signal })) made.push(one);
    signal.throwIfAborted();
    const [whole, ...ways] = diagnoseAgain({ ways: asked, earlier, made }, { now: port.now() });
    context.output.result(
      diagnosisObject(whole),
      [line`this network: ${whole.cause.kind}`, ...causeLines(whole).map(indented)].join('\n'),
    );
    for (const host of hosts) {
      const those = ways.filter(({ way }) => way !== undefined && leadsTo(way, host));
      const origin = originOf(host);
      if (context.output.json)
        for (const one of those) context.output.result({ origin, ...diagnosisObject(one) }, '');
      else context.output.result({}, relayWords(origin, those, whole));
    }
  },
};

/** What this home's app saw in this network in the last ten minutes, whichever process it was. */
async function leftBehind(
  { home }: ClientHome,
  { world, transport }: Context,
  { hosts, port }: { readonly hosts: readonly Hint[]; readonly port: ReturnType<Context['probes']> },
): Promise<Earlier> {
  const at = { network: networkOf(transport, hosts), now: world.now() };
  const kept = await keptAttempts(home.store, at);
  const inPieces = piecesInBook(transport.record(), hosts, at);
  const pieces = port.ways.filter((way) =>
    hosts.some((host) => inPieces.has(originOf(host)) && leadsTo(way, host)),
  );
  return {
    observations: asProbed(port.ways, kept, port.now() - at.now),
    pieces: new Set(pieces.map(({ key }) => key)),
  };
}

/**
 * When this home's processes said these names within the last minute, and until when they leave alone those that met a ban, as far as their
 * way book tells, by the clock of the probes.
 */
function metBefore(
  { world, transport }: Context,
  { hosts, port }: { readonly hosts: readonly Hint[]; readonly port: ReturnType<Context['probes']> },
): {
  readonly starts: ReadonlyMap<string, readonly number[]>;
  readonly bans: ReadonlyMap<string, number>;
} {
  const at = { network: networkOf(transport, hosts), now: world.now() };
  const addMs = port.now() - at.now;
  const record = transport.record();
  const [starts, bans] = [startsInBook(record, hosts, at), bansInBook(record, hosts, at)];
  return {
    starts: new Map([...starts].map(([name, times]) => [name, times.map((time) => time + addMs)])),
    bans: new Map([...bans].map(([name, until]) => [name, until + addMs])),
  };
}

/** A probe's hello is this home's like any other: the way book is kept with it, for whoever comes next. */
function countStart(transport: Dialer, host: Hint): void {
  for (const opening of transport.openings(host)) if (leadsTo(opening.way, host)) opening.started();
}

function leadsTo(way: Way, host: Hint): boolean {
  const address = host.address.replace(/^\[|\]$/gu, '');
  return (way.name ?? way.address) === address && way.port === host.port;
}

/** What was said of the network already is not said again. */
function relayWords(origin: string, ways: readonly Diagnosis[], network: Diagnosis): string {
  if (ways.length === 0) return ['', line`relay ${origin}`, indented(untried)].join('\n');
  const said = causeLines(network).join('\n');
  const sentences = ways.map((one) => {
    const lines = causeLines(one);
    return [...(lines.join('\n') === said ? [] : lines), ...earlierLines(one)];
  });
  return ['', line`relay ${origin}`, ...[...wayTable(ways), ...sentences.flat()].map(indented)].join('\n');
}

/** As many hellos as may leave for its name within a minute have left, from whichever process, or one of them met a ban, or others took all the time. */
const untried = 'Not tried this time: ask again in a minute.';

function indented(text: string): string {
  return `  ${text}`;
}
