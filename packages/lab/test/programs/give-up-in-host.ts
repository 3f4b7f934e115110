/**
 * `give-up-in-host.ts ADDRESS PORT`: asks a relay there, whose hello nobody answers, as the product does, then as its diagnosis does, and prints how
 * each ended and in what states the kernel still has connections to that port, as /proc/net/tcp numbers them.
 */
import { readFileSync } from 'node:fs';
import { nodeDialer, nodeProbes } from '@tern/reach/node';

const [address = '', port = ''] = process.argv.slice(2);
const hint = { address, port: Number(port), tls: true, path: 'path' } as const;
const { signal } = new AbortController();

async function byDialer(): Promise<string> {
  using dialer = nodeDialer({ longestSilenceMs: 2000 });
  try {
    for await (const _ of dialer.carry(hint, new Uint8Array(500), { signal }));
  } catch {
    // what it was like is in its reports
  }
  return dialer
    .reports()
    .map(({ stage, ended }) => `${stage} ${ended}`)
    .join();
}

async function byProbes(): Promise<string> {
  const probes = nodeProbes([hint]);
  const [way] = probes.ways;
  if (way === undefined) return 'no way';
  const { connectedAfterMs, end } = await probes.hello(way, { patienceMs: 2000, signal });
  return `${connectedAfterMs === undefined ? 'connect' : 'hello'} ${end}`;
}

function states(): readonly string[] {
  const remote = `:${Number(port).toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = readFileSync('/proc/self/net/tcp', 'utf8').trim().split('\n').slice(1);
  return lines.flatMap((line) => {
    const [, , to = '', state = ''] = line.trim().split(/\s+/u);
    return to.endsWith(remote) ? [state] : [];
  });
}

const ends = [await byDialer(), await byProbes()];
console.log(JSON.stringify({ ends, left: states() }));
