import { originOf, type Hint } from '@tern/protocol';
import { diagnose, probe, type Diagnosis, type Observation, type Way } from '@tern/reach/diagnosis';
import { openClientHome } from '../client-home.ts';
import type { Command } from '../context.ts';
import { causeLines, diagnosisObject, wayTable } from '../diagnosis-words.ts';
import { line } from '../terminal-text.ts';

export const diagnoseCommand: Command = {
  words: ['diagnose'],
  operands: [],
  about: 'what hinders the ways to your relays, if anything does, and by what it is known',
  options: {},
  notes: [
    'Tries each relay a few times, for 30 s and 64 KiB at most, and compares what it sees.',
    'Nothing is told to anybody; the relays see connections like any others.',
  ],
  async run(_call, context) {
    await using opened = await openClientHome(context);
    const hosts = await opened.client.hosts();
    if (hosts.length === 0) {
      if (!context.output.json) context.output.say('no relay yet: tern relay add LINK');
      return;
    }
    const port = context.probes(hosts);
    const seen = opened.client.observations();
    const known = seen.observations.map((one) => shifted(one, port.now() - seen.now));
    const made: Observation[] = [];
    const parts = { port, world: context.world, ways: port.ways, known };
    for await (const one of probe(parts, { signal: context.signal })) made.push(one);
    context.signal.throwIfAborted();
    const [network, ...ways] = diagnose([...known, ...made], { now: port.now() });
    context.output.result(
      diagnosisObject(network),
      [line`this network: ${network.cause.kind}`, ...causeLines(network).map(indented)].join('\n'),
    );
    for (const host of hosts) {
      const those = ways.filter(({ way }) => way !== undefined && leadsTo(way, host));
      const origin = originOf(host);
      if (context.output.json)
        for (const one of those) context.output.result({ origin, ...diagnosisObject(one) }, '');
      else context.output.result({}, relayWords(origin, those, network));
    }
  },
};

/** The same attempt by another clock. */
function shifted(one: Observation, ms: number): Observation {
  return { ...one, beganAt: one.beganAt + ms, endedAt: one.endedAt + ms };
}

function leadsTo(way: Way, host: Hint): boolean {
  const address = host.address.replace(/^\[|\]$/gu, '');
  return (way.name ?? way.address) === address && way.port === host.port;
}

/** What was said of the network already is not said again. */
function relayWords(origin: string, ways: readonly Diagnosis[], network: Diagnosis): string {
  const said = causeLines(network).join('\n');
  const sentences = ways.map((one) => causeLines(one)).filter((lines) => lines.join('\n') !== said);
  return ['', line`relay ${origin}`, ...[...wayTable(ways), ...sentences.flat()].map(indented)].join('\n');
}

function indented(text: string): string {
  return `  ${text}`;
}
