import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

import { encodeQuery, Names, parseAddress } from '@tern/lab';

import { answerDnsOverHttps, isDnsOverHttps } from '../src/programs/dns-over-https.ts';
import { openStage, type Stage } from '../src/run/stage.ts';
import { hostOfResolvers, resolvers } from '../src/run/world-plan.ts';
import { loadScenario } from '../src/scenario/catalogue.ts';
import { drawPolicies } from '../src/scenario/scenario.ts';
import { relayOne } from '../src/subjects/places.ts';
import { invite, startPerson, startRelay } from '../src/subjects/tern.ts';

const mediaType = 'application/dns-message';

async function openResolver(): Promise<AsyncDisposable & { readonly url: string }> {
  const names = new Names({ 'www.example.com': ['192.0.2.7'] });
  const server = createServer((request, response) => {
    if (isDnsOverHttps(request)) void answerDnsOverHttps(names, request, response);
    else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/dns-query`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

test('a question over HTTPS is answered from the true zone, by POST and by GET as in RFC 8484 section 4.1.1', async () => {
  await using resolver = await openResolver();
  const posted = await fetch(resolver.url, {
    method: 'POST',
    headers: { 'content-type': mediaType },
    body: Buffer.from(encodeQuery(0, 'www.example.com')),
  });
  const got = await fetch(`${resolver.url}?dns=AAABAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB`);
  for (const answer of [posted, got]) {
    expect(answer.headers.get('content-type')).toBe(mediaType);
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(bytes.readUInt16BE(6)).toBe(1);
    expect(bytes.readUInt32BE(bytes.length - 4)).toBe(parseAddress('192.0.2.7'));
  }
});

test('what is no question is refused by the status for it, and other places are none of the resolver', async () => {
  await using resolver = await openResolver();
  const status = async (path: string, options: RequestInit = {}): Promise<number> =>
    (await fetch(`${resolver.url}${path}`, options)).status;
  const headers = { 'content-type': mediaType };
  expect(await status('?dns=AAAA')).toBe(400);
  expect(await status('', { method: 'POST', headers, body: 'what?' })).toBe(400);
  expect(await status('', { method: 'POST', body: 'what?' })).toBe(415);
  expect(await status('', { method: 'PUT', headers, body: '' })).toBe(405);
  expect(await status('-not')).toBe(404);
});

const longestMs = 300_000;

/** What the system's resolver says in that host. */
async function lookedUp({ ground }: Stage, host: string, name: string): Promise<string> {
  const program = `require('node:dns').lookup('${name}', (error, address) => console.log(error?.code ?? address))`;
  const { stdout } = ground.spawn(host, process.execPath, ['-e', program]);
  return stdout === null ? '' : (await text(stdout)).trim();
}

/** Answers over TLS that came to the host from there. */
function heardFrom({ internet }: Stage, host: string, addresses: readonly string[]): readonly string[] {
  return internet
    .traffic(host)
    .flows.filter(({ remote, remotePort, received }) => {
      return addresses.includes(remote) && remotePort === 443 && received.bytes > 1000;
    })
    .map(({ remote }) => remote);
}

/** Like the engine's own tests this one needs a Linux that lets us make namespaces. */
test(
  'somebody new finds a relay that has nothing but names where every answer of the DNS is forged and most resolvers over HTTPS are cut off',
  async () => {
    await using ends = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'tern-doh-'));
    ends.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
    const policies = drawPolicies(await loadScenario('S02'), { seed: 1 });
    const stage = ends.use(await openStage({ seed: 1, policies, folder }));
    const [name = ''] = relayOne.names;
    const link = await startRelay(stage.ground, relayOne, { called: [name] });
    expect(await lookedUp(stage, 'a', name)).toBe(relayOne.addresses[0]);
    stage.block();
    expect(await lookedUp(stage, 'a', name)).toBe('10.10.34.34');
    const person = await startPerson(stage.ground, 'a').ready();
    await person.carriedOut({ do: 'relay', link }, longestMs);
    await invite(person, new Set());
    const famous = resolvers.slice(0, 2).flatMap(({ addresses }) => addresses);
    expect(heardFrom(stage, 'a', famous)).toEqual([]);
    expect(heardFrom(stage, 'a', hostOfResolvers.addresses)).not.toEqual([]);
    expect(heardFrom(stage, 'a', relayOne.addresses)).not.toEqual([]);
  },
  longestMs,
);
