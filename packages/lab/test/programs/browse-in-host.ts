/**
 * `browse-in-host.ts HOST`: for each line on standard input asks the web server again, on the connection that it has where that still stands,
 * and prints from which port it was answered. What breaks is asked again.
 */
import { once } from 'node:events';
import { Agent, request } from 'node:https';
import { createInterface } from 'node:readline';

const [host = ''] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

async function ask(): Promise<number | undefined> {
  const asked = request({ host, path: '/100', agent });
  asked.end();
  try {
    const [answer] = (await once(asked, 'response')) as [NodeJS.ReadableStream];
    const port = asked.socket?.localPort;
    for await (const _ of answer);
    return port;
  } catch {
    return undefined;
  }
}

for await (const _ of createInterface({ input: process.stdin })) {
  let port = await ask();
  while (port === undefined) port = await ask();
  process.stdout.write(`${port}\n`);
}
