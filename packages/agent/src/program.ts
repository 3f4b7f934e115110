import { nodePrimitives, nodeProbes, nodeWorld } from '@tern/reach/node';
import { asksForJson } from './command-line.ts';
import { openOrdinaryClient, ordinaryTransport } from './ordinary-client.ts';
import { openOutput } from './output.ts';
import { runTern } from './tern-command.ts';

/** The program: assembles everything once, runs the command, and leaves its exit code. */
export async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const stop = new AbortController();
  // the first asks, and what is open is closed; the second does not ask
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stop.abort());
  // whoever read us has gone: there is nobody left to tell
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => stop.abort());

  using transport = ordinaryTransport();
  process.exitCode = await runTern(args, {
    output: openOutput({ out: process.stdout, errors: process.stderr, json: asksForJson(args) }),
    world: nodeWorld,
    primitives: nodePrimitives,
    transport,
    environment: process.env,
    terminal: { input: process.stdin, output: process.stderr },
    signal: stop.signal,
    probes: nodeProbes,
    openClient: (store) => openOrdinaryClient(store, transport),
  });
}
